"""What is named on a command line."""

from data.sources import patterns


def test_lists_and_names_with_commas(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "a,b.txt").touch()
  assert list(patterns.split(["a,b.txt", "c, d*,,e"])) == [
    "a,b.txt",
    "c",
    "d*",
    "e",
  ]
  monkeypatch.setenv("HOME", str(tmp_path))
  assert list(patterns.split(["~/x"])) == [str(tmp_path / "x")]


def test_matches(tmp_path):
  for name in ("b1", "a1", "x[1]", "x1"):
    (tmp_path / name).touch()
  (tmp_path / "c1").mkdir()

  def names(part):
    return [path.name for path in patterns.matches(str(tmp_path / part))]

  assert names("*1") == ["a1", "b1", "c1", "x1"]
  assert names("x[1]") == ["x[1]"]
  assert names("none") == names("none*") == []
