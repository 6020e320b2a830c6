"""Tests of data/sources/papers.py: whole runs over the project's own dumps."""

import json
import pathlib
import random
import subprocess
import sys
from typing import Any

import pytest

from data import program
from data.sources import papers
from data.sources import papers_arxiv
from data.sources import raw
from tests.data import spark_cluster
from tests.data.sources import mined

DUMPS = pathlib.Path(__file__).parent / "dumps"
COMMAND = [sys.executable, "-m", "data.sources.papers", "--processes=1"]


def arxiv(folder: pathlib.Path, out: pathlib.Path, **rules: Any) -> Any:
  """Mines a snapshot."""
  files = raw.find([str(folder)], papers.WANTED["arxiv"])
  settings = papers_arxiv.Settings(**rules)
  return mined.mine(papers.arxiv_miner(files, settings), out)


def s2orc(folder: pathlib.Path, out: pathlib.Path, most: int = 0) -> Any:
  """Mines papers and citations."""
  files = raw.find([str(folder)], papers.WANTED["s2orc"])
  return mined.mine(papers.s2orc_miner(files, most), out)


def shuffled(folder: pathlib.Path, to: pathlib.Path) -> pathlib.Path:
  """The lines of a folder's files in another order and in other files."""
  lines = [
    line
    for path in sorted(folder.iterdir())
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True)
  ]
  random.Random(5).shuffle(lines)
  to.mkdir()
  for number in range(3):
    text = "".join(lines[number::3])
    (to / f"{number}.jsonl").write_text(text, encoding="utf-8")
  return to


def test_arxiv_by_command(tmp_path: pathlib.Path):
  snapshot = DUMPS / "arxiv" / "arxiv-metadata-oai-snapshot.json"
  out = tmp_path / "out"
  ran = subprocess.run(
    [*COMMAND, f"--in={snapshot}", f"--out={out}"],
    capture_output=True,
    check=True,
  )
  result = json.loads(ran.stdout.splitlines()[-1])
  assert result["datasets"] == {"title_abstract": 12}
  assert result["dropped"]["rows"] == {"no_abstract": 1, "withdrawn": 1}
  found = dict(mined.pairs(out / "title_abstract"))
  title, abstract = found["arxiv-nonexclusive-1.0/1902.90005"]
  assert title == (
    "A Warm Neptune with an Eccentric Orbit around a Quiet K Dwarf"
  )
  assert abstract.startswith(
    "We report a planet of 19 Earth masses that orbits"
  )
  arxiv(shuffled(DUMPS / "arxiv", tmp_path / "in"), tmp_path / "other")
  assert mined.digests(tmp_path / "other") == mined.digests(out)


def test_categories_and_licences(tmp_path: pathlib.Path):
  result = arxiv(
    DUMPS / "arxiv", tmp_path / "out", categories=("cs",), licences=("cc*",)
  )
  found = mined.pairs(tmp_path / "out" / "title_abstract")
  papers_of = [origin.rpartition("/")[2] for origin, _ in found]
  assert sorted(papers_of) == [
    "1901.90001",
    "1902.90004",
    "1902.90006",
    "1903.90009",
    "1904.90012",
  ]
  # Of 14 five are these, and one of the others in `cs` has another licence.
  assert sum(result["dropped"]["rows"].values()) == 9


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
  """S2ORC's pairs, and their numbers checked."""
  out = tmp_path_factory.mktemp("s2orc") / "out"
  result = s2orc(DUMPS / "s2orc", out)
  assert result["datasets"] == {
    "title_abstract": 11,
    "citation_citation": 17,
    "citation_abstract": 14,
  }
  assert result["dropped"]["rows"] == {
    "no_abstract": 1,
    "no_title": 1,
    "self_citation": 1,
    "repeated_citation": 1,
    "absent_paper": 2,
    "over_max_citations": 0,
  }
  return out


def test_both_layouts_and_any_order_give_the_same(
  whole: pathlib.Path, tmp_path: pathlib.Path
):
  s2orc(shuffled(DUMPS / "s2ag", tmp_path / "in"), tmp_path / "out")
  assert mined.digests(tmp_path / "out") == mined.digests(whole)


@pytest.mark.long
@pytest.mark.skipif(
  bool(spark_cluster.missing()), reason=spark_cluster.missing()
)
def test_spark_gives_the_same(tmp_path: pathlib.Path):
  files = raw.find([str(DUMPS / "s2orc")], papers.WANTED["s2orc"])
  miner = papers.s2orc_miner(files, max_citations=2)
  mined.mine(miner, tmp_path / "duckdb")
  with spark_cluster.start(tmp_path) as master:
    mined.mine(miner, tmp_path / "spark", mined.on_spark(master))
  assert mined.digests(tmp_path / "spark") == mined.digests(tmp_path / "duckdb")


def test_citations_are_of_both_papers(whole: pathlib.Path):
  titles = dict(mined.pairs(whole / "title_abstract"))
  links = mined.pairs(whole / "citation_abstract")
  for origin, (citing, cited) in links:
    ids = origin.split("/")
    known = [titles[paper][1] for paper in ids if paper in titles]
    assert set(known) <= {citing, cited} and ids[0] != ids[1]
  of_titles = {origin for origin, _ in mined.pairs(whole / "citation_citation")}
  # One paper has no abstract, and cites four; one that cites has no title.
  assert len({origin for origin, _ in links} - of_titles) == 1
  assert len(of_titles - {origin for origin, _ in links}) == 4


def test_one_citation_a_paper(whole: pathlib.Path, tmp_path: pathlib.Path):
  result = s2orc(DUMPS / "s2orc", tmp_path / "out", most=1)
  found = mined.pairs(tmp_path / "out" / "citation_citation")
  citing = [origin.split("/")[0] for origin, _ in found]
  assert len(citing) == len(set(citing)) == 9
  assert set(found) <= set(mined.pairs(whole / "citation_citation"))
  assert result["dropped"]["rows"]["over_max_citations"] == 17 - 9


def test_flags_of_the_other_format(tmp_path: pathlib.Path):
  ran = subprocess.run(
    [
      *COMMAND,
      "--format=s2orc",
      "--categories=cs",
      f"--in={DUMPS / 's2orc'}",
      f"--out={tmp_path / 'out'}",
    ],
    capture_output=True,
    text=True,
    check=False,
  )
  assert ran.returncode == program.EXIT_BAD_INPUT
  assert "--categories and --licences are for --format=arxiv" in ran.stderr
