"""The program on our dump, whole and damaged."""

import bz2
import json
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from data import engine
from data import program
from data import records
from data.sources import mining
from data.sources import mining_flags
from data.sources import raw
from data.sources import wikipedia
from tests.data.sources import wikipedia_dump

SETTINGS = mining_flags.Settings(
  engine=engine.Settings(memory_bytes=2**28, processes=1), processes=1
)


def _mine(
  path: pathlib.Path, out: pathlib.Path, **given: Any
) -> dict[str, dict[str, tuple[str, ...]]]:
  """The records of each data set by their origins."""
  miner = wikipedia.miner(raw.find([str(path)], wikipedia.WANTED), **given)
  mining.mine(miner, out, SETTINGS)
  found = {}
  for name in miner.outputs:
    data_set = records.DataSet(out / name)
    every = range(len(data_set))
    texts = map(tuple, data_set.read(every))
    found[name] = dict(zip(data_set.origins(every), texts, strict=True))
  return found


@pytest.fixture(scope="module")
def ours(
  tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, dict[str, tuple[str, ...]]]:
  """The records of our dump."""
  out = tmp_path_factory.mktemp("wikipedia") / "out"
  return _mine(wikipedia_dump.FOLDER, out)


def test_titles_and_introductions(ours):
  found = ours["title_introduction"]
  assert len(found) == 16
  assert found["halmarkwiki/107"] == (
    "River Aldwen",
    "The River Aldwen is the longest river of Halmark. It rises in the Grey "
    "Fells, flows west for 212 km and reaches the sea at Ashquay.",
  )
  assert found["halmarkwiki/135"][1].startswith(
    "Ashquay (Askey) is the largest"
  )


def test_sections(ours):
  found = ours["sections"]
  assert len(found) == 31
  assert [found[f"halmarkwiki/107#{n}"][0] for n in (1, 2, 3)] == [
    "River Aldwen: Course",
    "River Aldwen: Floods",
    "River Aldwen: Floods: Measures",
  ]
  assert found["halmarkwiki/177#1"][1] == (
    "The dough is made of rye flour, sea water and a piece of the last dough."
    "\n\nThe dough is left to rise overnight.\nIt is shaped into flat loaves "
    "and pricked with a fork.\nThe loaves are baked for two hours in an oven "
    "that is slowly cooling."
  )


def test_articles_of_one_category(ours):
  introductions = {
    origin: texts[1] for origin, texts in ours["title_introduction"].items()
  }
  found = ours["same_category"]
  pages = [page for origin in found for page in origin.split("+")]
  assert len(found) == 13
  assert max(map(pages.count, pages)) == 2
  for origin, texts in found.items():
    assert texts == tuple(introductions[page] for page in origin.split("+"))


def test_order_of_pages_and_files_does_not_matter(ours, tmp_path: pathlib.Path):
  pages = wikipedia_dump.pages()
  dump = tmp_path / "dump"
  dump.mkdir()
  for part in (0, 1):
    name = f"halmarkwiki-pages-articles{part}.xml-p{part}"
    wikipedia_dump.write(dump / name, pages[::-1][part::2])
  assert _mine(dump, tmp_path / "out") == ours


def test_the_same_pages_twice_are_the_same_pairs(ours, tmp_path: pathlib.Path):
  data = wikipedia_dump.FILE.read_bytes()
  place = data.index(b"  <page>")
  streams = [data[:place], data[place:5000], data[5000:]]
  multistream = b"".join(map(bz2.compress, streams))
  dump = tmp_path / "dump"
  dump.mkdir()
  (dump / "a-pages-articles-multistream.xml.bz2").write_bytes(multistream)
  (dump / "a-pages-articles.xml").write_bytes(data.decode().encode("utf-16"))
  assert _mine(dump, tmp_path / "out") == ours


def test_a_dump_cut_short_gives_what_came_before(ours, tmp_path: pathlib.Path):
  pages = wikipedia_dump.pages()
  whole = wikipedia_dump.head() + "".join(pages[:15]) + pages[15][:400]
  path = tmp_path / "cut.xml"
  path.write_text(whole, encoding="utf-8")
  with pytest.raises(program.BadInput, match=r"cut\.xml.*middle of a row"):
    _mine(path, tmp_path / "out", pairs=["title_introduction"])
  padded = wikipedia_dump.page(9, "A", "{{stub}}") * 200
  path.write_text(whole.replace("  <page>", padded + "  <page>", 1))
  found = _mine(path, tmp_path / "out", pairs=["title_introduction"])
  wanted = dict(ours["title_introduction"])
  del wanted["halmarkwiki/212"]
  assert found == {"title_introduction": wanted}


def test_pairs_that_are_not_wanted_are_not_made(tmp_path: pathlib.Path):
  found = _mine(wikipedia_dump.FILE, tmp_path / "out", pairs=["sections"])
  assert list(found) == ["sections"]
  assert len(found["sections"]) == 31


def _run(*flags: str) -> subprocess.CompletedProcess[str]:
  """Runs the program."""
  command = [sys.executable, "-m", "data.sources.wikipedia", *flags]
  return subprocess.run(command, capture_output=True, text=True, check=False)


def test_flags_decide_what_is_left_out(tmp_path: pathlib.Path):
  ran = _run(
    f"--in={wikipedia_dump.FILE}",
    f"--out={tmp_path / 'out'}",
    "--pairs=sections",
    "--list_titles=River *,List of *",
    "--not_sections=course,FLOODS",
    "--processes=1",
  )
  assert ran.returncode == 0, ran.stderr
  result = json.loads(ran.stdout.splitlines()[-1])
  # Both rivers of that name are left out, with five sections.
  assert result["datasets"] == {"sections": 26}
  assert result["dropped"]["rows"]["list"] == 3
  assert result["read"] == 22


def test_pairs_that_are_none_are_refused(tmp_path: pathlib.Path):
  ran = _run("--pairs=title", "--in=x", f"--out={tmp_path / 'out'}")
  assert ran.returncode == 2
  assert "--pairs=title" in ran.stderr
  assert "same_category" in ran.stderr
