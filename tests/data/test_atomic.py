"""Files and folders are whole or not there."""

import errno
import pathlib
import threading

import pytest

from data import atomic
from data import program


def names(folder: pathlib.Path) -> list[str]:
  """What stands in a folder, hidden files too."""
  return sorted(path.name for path in folder.iterdir())


def test_a_folder_appears_when_it_is_full(tmp_path: pathlib.Path) -> None:
  final = tmp_path / "deep" / "set"
  with atomic.folder(final) as partial:
    (partial / "a").write_text("new")
    assert not final.exists()
  assert names(final) == ["a"]
  assert names(final.parent) == ["set"]


def test_what_a_kill_left_behind_goes(tmp_path: pathlib.Path) -> None:
  for name in ("set", ".set.former"):
    (tmp_path / name).mkdir()
  atomic.restore(tmp_path / "set")
  assert names(tmp_path) == ["set"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_folder_that_fails_leaves_the_former(
  tmp_path: pathlib.Path, error: type[BaseException]
) -> None:
  with atomic.folder(tmp_path / "set") as partial:
    (partial / "a").write_text("former")
  with pytest.raises(error), atomic.folder(tmp_path / "set") as partial:
    (partial / "b").write_text("half")
    raise error
  assert names(tmp_path) == ["set"]
  assert names(tmp_path / "set") == ["a"]


def test_a_folder_takes_the_place_of_the_former(tmp_path: pathlib.Path) -> None:
  for name in ("a", "b"):
    with atomic.folder(tmp_path / "set") as partial:
      (partial / name).write_text(name)
  assert names(tmp_path) == ["set"]
  assert names(tmp_path / "set") == ["b"]


def test_a_folder_is_never_missing_while_it_is_replaced(
  tmp_path: pathlib.Path,
) -> None:
  with atomic.folder(tmp_path / "set") as partial:
    (partial / "a").write_text("0")
  done, missing = threading.Event(), []

  def look() -> None:
    while not done.is_set():
      missing.extend([] if (tmp_path / "set").exists() else [1])

  looking = threading.Thread(target=look)
  looking.start()
  for number in range(200):
    with atomic.folder(tmp_path / "set") as partial:
      (partial / "a").write_text(str(number))
  done.set()
  looking.join()
  assert not missing
  assert (tmp_path / "set" / "a").read_text() == "199"


def test_where_folders_cannot_be_swapped_they_are_renamed(
  tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  monkeypatch.setattr(atomic, "_RENAME_EXCHANGE", 1 << 20)  # no such flag
  test_a_folder_takes_the_place_of_the_former(tmp_path)


def test_what_a_kill_left_is_mended(tmp_path: pathlib.Path) -> None:
  # It came between the two renames: the former one is under its other name.
  (tmp_path / ".set.former").mkdir()
  (tmp_path / ".set.former" / "a").write_text("former")
  (tmp_path / ".set.partial").mkdir()
  (tmp_path / ".set.partial" / "b").write_text("half")
  with pytest.raises(ValueError), atomic.folder(tmp_path / "set") as partial:
    assert names(partial) == []
    raise ValueError
  assert names(tmp_path) == ["set"]
  assert names(tmp_path / "set") == ["a"]


def test_a_file_is_replaced_at_once(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "deep" / "a.txt"
  for text in ("former", "neu: ä"):
    atomic.write_text(path, text)
  assert path.read_text(encoding="utf-8") == "neu: ä"
  assert names(path.parent) == ["a.txt"]


def test_a_full_disk_leaves_the_former_file(
  tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
  path = tmp_path / "a.txt"
  atomic.write_text(path, "former")
  write_text = pathlib.Path.write_text

  def write_half(self: pathlib.Path, text: str, **named: str) -> None:
    write_text(self, text[: len(text) // 2], **named)
    raise OSError(errno.ENOSPC, "no room")

  monkeypatch.setattr(pathlib.Path, "write_text", write_half)
  with pytest.raises(OSError, match="no room"):
    atomic.write_text(path, "longer than before")
  assert path.read_text() == "former"
  assert names(tmp_path) == ["a.txt"]


def test_a_wrong_place_is_bad_input(tmp_path: pathlib.Path) -> None:
  (tmp_path / "file").write_text("no folder")
  (tmp_path / "folder").mkdir()
  wrong = tmp_path / "file" / "a"
  with pytest.raises(program.BadInput, match="cannot write to .*/file/a "):
    atomic.write_text(wrong, "text")
  with (
    pytest.raises(program.BadInput, match="cannot write to .*/file/a "),
    atomic.folder(wrong),
  ):
    pass
  with pytest.raises(program.BadInput, match="cannot write to .*/folder "):
    atomic.write_text(tmp_path / "folder", "text")
  assert names(tmp_path) == ["file", "folder"]


@pytest.mark.parametrize("path", ["gs://bucket/a", "s3:/bucket/a"])
def test_a_bucket_does_not_become_a_folder_of_its_name(path):
  for write in (lambda: atomic.write_text(path, ""), lambda: fill(path)):
    with pytest.raises(program.BadInput, match="/bucket/a is in a bucket and"):
      write()


def fill(path):
  """Writes a folder."""
  with atomic.folder(path):
    pass
