"""Tests of data/sources/reddit.py: whole runs over the project's own dump."""

import gzip
import json
import pathlib
import random
import subprocess
import sys
from typing import Any

import pytest

from data import program
from data.sources import raw
from data.sources import reddit
from tests.data import spark_cluster
from tests.data.sources import mined
from tests.data.sources import reddit_lines

COMMAND = [sys.executable, "-m", "data.sources.reddit"]
# The rows of both months, by what became of them.
DROPPED = {
  "bot": 2,
  "deleted": 2,
  "long_comment": 1,
  "over_18": 2,
  "short_comment": 1,
  "top_level": 7,
  "no_parent": 1,
  "parent_left_out": 1,
  "repeated": 1,
}


def mine(names: list[str], out: pathlib.Path, **rules: Any) -> dict[str, Any]:
  """Mines some files."""
  files = raw.find(names, reddit.WANTED)
  return mined.mine(reddit.miner(files, reddit.Settings(**rules)), out)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
  """What the program makes of both months."""
  command = [f"--in={reddit_lines.FOLDER}", "--processes=1"]
  folder = tmp_path_factory.mktemp("runs") / "reddit"
  ran = subprocess.run(
    [*COMMAND, *command, f"--out={folder}"], capture_output=True, check=True
  )
  result = json.loads(ran.stdout.splitlines()[-1])
  assert result["datasets"] == {"train": 27, "test": 4}
  assert result["read"] == 49 == 31 + sum(DROPPED.values())
  assert result["dropped"]["rows"] == DROPPED
  assert result["bad"] == {}
  return folder


def test_pairs_are_comments_and_their_replies(out: pathlib.Path):
  comments = {
    line["id"]: line
    for month in reddit_lines.MONTHS
    for line in reddit_lines.read(month)
  }
  found = mined.pairs(out / "train") + mined.pairs(out / "test")
  assert len(found) == 31
  cleaned = 0
  for origin, (query, document) in found:
    _, thread, parent, reply = origin.split("/")
    assert comments[reply]["link_id"] == f"t3_{thread}"
    assert comments[reply]["parent_id"] == f"t1_{parent}"
    bodies = comments[parent]["body"], comments[reply]["body"]
    cleaned += bodies != (query, document)
  # A quote, a link and strong words, which are also answered twice.
  assert cleaned == 5
  assert (
    "HomeOrchard/axw3k1/ehk4c3c/ehk4c8h",
    (
      "Most apples need pollen from a second variety. Is there another tree "
      "that flowers at the same time?",
      "A flowering branch in a bucket of water works too & costs nothing.",
    ),
  ) in found


def test_whole_threads_are_held_out(out: pathlib.Path):
  train, test = (
    {origin.split("/")[1] for origin, _ in mined.pairs(out / part)}
    for part in ("train", "test")
  )
  assert test == {"b3fj9p"}
  assert len(train) == 6 and not train & test


def test_order_and_files_of_comments_do_not_matter(
  out: pathlib.Path, tmp_path: pathlib.Path
):
  lines = [
    line
    for month in reddit_lines.MONTHS
    for line in month.read_bytes().splitlines(keepends=True)
  ]
  random.Random(3).shuffle(lines)
  (tmp_path / "RC_a").write_bytes(b"".join(lines[:20]))
  (tmp_path / "RC_b.gz").write_bytes(gzip.compress(b"".join(lines[20:])))
  (tmp_path / "RS_2019-03").write_bytes(b"{}\n")  # Submissions; not wanted.
  mine([str(tmp_path)], tmp_path / "out")
  assert mined.digests(tmp_path / "out") == mined.digests(out)


def test_a_query_of_three_turns(tmp_path: pathlib.Path):
  mine([str(reddit_lines.FOLDER)], tmp_path / "out", turns=3, test_share=0.0)
  found = dict(mined.pairs(tmp_path / "out" / "train"))
  assert len(found) == 31
  query, document = found["BikeRepairHelp/azq8d2/ehk4cw4/ehk4cx5"]
  assert [turn[:22] for turn in query.split("\n")] == [
    "The chain slips on the",
    "If the chain is new an",
    "The chain is a month o",
  ]
  assert document.startswith("Then a new cassette will cure it.")


@pytest.mark.long
@pytest.mark.skipif(
  bool(spark_cluster.missing()), reason=spark_cluster.missing()
)
def test_spark_gives_the_same(tmp_path: pathlib.Path):
  files = raw.find([str(reddit_lines.FOLDER)], reddit.WANTED)
  miner = reddit.miner(files, reddit.Settings(turns=3))
  mined.mine(miner, tmp_path / "duckdb")
  with spark_cluster.start(tmp_path) as master:
    mined.mine(miner, tmp_path / "spark", mined.on_spark(master))
  assert mined.digests(tmp_path / "spark") == mined.digests(tmp_path / "duckdb")


def test_communities_scores_and_adults(tmp_path: pathlib.Path):
  result = mine(
    [str(reddit_lines.FOLDER)],
    tmp_path / "out",
    subreddits=frozenset({"sourdoughstart", "afterhoursphotos"}),
    min_score=4,
    over_18=True,
    test_share=0.0,
  )
  # Two replies about bread and both comments about lenses have fewer votes.
  assert result["datasets"] == {"train": 5}
  assert result["dropped"]["rows"]["low_score"] == 4
  assert "over_18" not in result["dropped"]["rows"]


def test_no_comment_can_be_longer_and_shorter(tmp_path: pathlib.Path):
  command = ["--min_comment_chars=200", f"--in={reddit_lines.FOLDER}"]
  ran = subprocess.run(
    [*COMMAND, *command, f"--out={tmp_path / 'out'}"],
    capture_output=True,
    text=True,
    check=False,
  )
  assert ran.returncode == program.EXIT_BAD_INPUT
  assert "--min_comment_chars=200 is more than" in ran.stderr
