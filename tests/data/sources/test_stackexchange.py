"""Tests of data/sources/stackexchange.py, on the project's own dump."""

import collections
import gzip
import json
import pathlib
import random
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import py7zr
import pytest

from data import engine
from data import manifest
from data import program
from data import records
from data.sources import html_text
from data.sources import mining
from data.sources import mining_flags
from data.sources import stackexchange
from data.sources import stackexchange_pairs
from data.sources import stackexchange_sites
from tests.data.sources import stackexchange_dump as dump

ROOT = pathlib.Path(__file__).resolve().parents[3]
ALL = list(stackexchange_pairs.PAIRS)
FLAGS = mining_flags.Settings(engine.Settings(processes=1), processes=1)
COUNTS = {
  "deleted": 1,
  "linked": 2,
  "no_text": 1,
  "other_post": 1,
  "tag_wiki": 2,
  "orphan_answer": 1,
  "other_answer": 21,
  "missing_post": 1,
  "repeated_link": 1,
}


def mine(
  out: pathlib.Path,
  folder: pathlib.Path = dump.FOLDER,
  pairs: list[str] | None = None,
  **settings: Any,
) -> dict[str, Any]:
  """Mines sites in this process."""
  miner = stackexchange.miner(
    stackexchange_sites.find([str(folder)]),
    pairs or ALL,
    stackexchange_pairs.Settings(**settings),
    code="keep",
  )
  return mining.mine(miner, out, FLAGS)


def contents(folder: pathlib.Path) -> dict[str, tuple[str, ...]]:
  """Origin -> texts of a data set."""
  data_set = records.DataSet(folder)
  every = range(len(data_set))
  found = dict(zip(data_set.origins(every), data_set.read(every), strict=True))
  assert len(found) == len(data_set)
  return found


def digests(out: pathlib.Path) -> dict[str, str]:
  """Data set -> the digest of its records."""
  return {
    path.parent.name: manifest.read(path.parent).digest
    for path in out.glob("*/manifest.json")
  }


class Posts:
  """The posts of the dump by another way: one tree a file, and dicts."""

  def __init__(self) -> None:
    self.questions: dict[str, Any] = {}
    self.answers = collections.defaultdict[str, list[Any]](list)
    self.texts: dict[str, str] = {}
    for folder in (dump.REPAIR, dump.NIGHT_SKY):
      for row in ElementTree.parse(folder / "Posts.xml").getroot():
        key = f"{folder.name}/q{row.get('Id')}"
        parent = f"{folder.name}/q{row.get('ParentId')}"
        body = row.get("Body", "")
        if "Possible Duplicate" in body:
          body = body.partition("</blockquote>")[2]
        self.texts[key] = html_text.to_text(body)
        if row.get("PostTypeId") == "1" and not row.get("DeletionDate"):
          self.questions[key] = row
        elif row.get("PostTypeId") == "2" and self.texts[key]:
          self.answers[parent].append(row)

  def best(self, key: str) -> Any:
    """The best answer to a question."""
    taken = self.questions[key].get("AcceptedAnswerId")
    return min(
      self.answers[key],
      key=lambda row: (
        row.get("Id") != taken,
        -int(row.get("Score")),
        int(row.get("Id")),
      ),
    )

  def text(self, key: str, row: Any) -> str:
    """The text of an answer to a question."""
    return self.texts[f"{key.partition('/')[0]}/q{row.get('Id')}"]


@pytest.fixture(scope="module")
def mined(
  tmp_path_factory: pytest.TempPathFactory,
) -> tuple[pathlib.Path, dict[str, Any]]:
  """What comes of the dump, with negatives."""
  out = tmp_path_factory.mktemp("mined") / "out"
  return out, mine(out, negatives=2)


def test_pairs_of_the_dump(mined: tuple[pathlib.Path, Any]) -> None:
  out, posts = mined[0], Posts()
  titles = {key: row.get("Title") for key, row in posts.questions.items()}
  assert contents(out / "title_body") == {
    key: (titles[key], posts.texts[key]) for key in titles
  }
  best = {key: posts.best(key) for key in titles if posts.answers[key]}
  origins = {key: f"{key}/a{row.get('Id')}" for key, row in best.items()}
  assert contents(out / "title_answer") == {
    origins[key]: (titles[key], posts.text(key, row))
    for key, row in best.items()
  }
  assert contents(out / "title_body_answer") == {
    origins[key]: (f"{titles[key]}\n{posts.texts[key]}", posts.text(key, row))
    for key, row in best.items()
  }
  assert (len(titles), len(best)) == (26, 24)
  # The second has no accepted answer, and two of the same score.
  assert {"night-sky.example.com/q1/a2", "night-sky.example.com/q4/a5"} <= set(
    origins.values()
  )


def test_duplicates_of_the_dump(mined: tuple[pathlib.Path, Any]) -> None:
  found = contents(mined[0] / "duplicates")
  numbers = [(5, 1), (11, 7), (16, 13), (22, 18), (28, 24)]
  numbers += [(33, 30), (39, 35), (45, 41), (50, 47), (55, 52)]
  posts = Posts()
  keys = {
    f"repair.example.com/q{a}/q{b}": [
      f"repair.example.com/q{n}" for n in (a, b)
    ]
    for a, b in numbers
  }
  titles = {key: row.get("Title") for key, row in posts.questions.items()}
  assert found == {
    origin: tuple(titles[key] for key in ends) for origin, ends in keys.items()
  }
  assert contents(mined[0] / "duplicates_bodies") == {
    origin: tuple(f"{titles[key]}\n{posts.texts[key]}" for key in ends)
    for origin, ends in keys.items()
  }


def test_negatives_of_the_dump(mined: tuple[pathlib.Path, Any]) -> None:
  found = contents(mined[0] / "title_answer_negatives")
  assert found["repair.example.com/q13/a14"][2:] == (
    "Leave the door open at night.",
  )
  answers = contents(mined[0] / "title_answer")
  assert len(found) == 11
  for origin, texts in found.items():
    assert texts[:2] == answers[origin]
  assert set(contents(mined[0] / "title_body_answer_negatives")) == set(found)


def test_what_is_said_of_them(mined: tuple[pathlib.Path, Any]) -> None:
  out, result = mined
  made = result["datasets"]
  # Each question, answer and link is in one of these, or counted.
  kept = made["title_body"] + made["title_answer"] + made["duplicates"]
  assert result["read"] == 91 == kept + sum(COUNTS.values())
  rows = dict(result["dropped"]["rows"])
  assert rows.pop("unanswered") == 2  # These have a title and a text.
  assert {reason: count for reason, count in rows.items() if count} == COUNTS
  of = manifest.read(out / "title_answer_negatives")
  assert (of.name, of.kind) == (
    "stackexchange_title_answer_negatives",
    "triplets",
  )
  assert of.origin == "site/question/answer"
  assert of.source.endswith("night-sky.example.com, repair.example.com")
  assert "CC BY-SA" in of.licence
  assert of.filters["negatives"] == 2
  assert COUNTS.items() <= of.counts.items()


def test_order_and_packing_do_not_matter(
  mined: tuple[pathlib.Path, Any], tmp_path: pathlib.Path
) -> None:
  for folder in (dump.REPAIR, dump.NIGHT_SKY):
    with py7zr.SevenZipFile(tmp_path / f"{folder.name}.7z", "w") as archive:
      for path in folder.iterdir():
        head, *rows, tail = path.read_bytes().splitlines(keepends=True)
        root, *rows = rows
        rows += rows[:9]  # Listed again.
        random.Random(7).shuffle(rows)
        archive.writestr(head + root + b"".join(rows) + tail, path.name)
  mine(tmp_path / "out", tmp_path, negatives=2)
  assert digests(tmp_path / "out") == digests(mined[0])
  assert len(digests(mined[0])) == 7


def test_thresholds(tmp_path: pathlib.Path) -> None:
  mine(
    tmp_path / "out",
    pairs=["title_answer", "title_body"],
    answers="all_above",
    min_question_score=6,
    min_answer_score=5,
  )
  found = contents(tmp_path / "out" / "title_answer")
  scores = {}
  posts = Posts()
  for key, row in posts.questions.items():
    for answer in posts.answers[key]:
      score = int(answer.get("Score"))
      if int(row.get("Score")) >= 6 and score >= 5:
        scores[f"{key}/a{answer.get('Id')}"] = score
  assert set(found) == set(scores) and len(scores) > 15
  high = [r for r in posts.questions.values() if int(r.get("Score")) >= 6]
  assert len(contents(tmp_path / "out" / "title_body")) == len(high)


def test_the_program(tmp_path: pathlib.Path) -> None:
  posts = gzip.compress((dump.NIGHT_SKY / "Posts.xml").read_bytes())
  (tmp_path / "Posts.xml.gz").write_bytes(posts)
  done = subprocess.run(
    [
      sys.executable,
      "-m",
      "data.sources.stackexchange",
      f"--in={tmp_path}/Posts.xml.gz",
      "--site=night-sky.example.com",
      f"--out={tmp_path}/out",
      "--processes=1",
      "--min_answer_score=0",
    ],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
  )
  result = json.loads(done.stdout.splitlines()[-1])
  # There are no links, and so no duplicates.
  assert "no data set of duplicates is made" in done.stderr
  assert result["datasets"] == dict.fromkeys(ALL[:3], 2)
  found = contents(tmp_path / "out" / "title_answer")
  assert set(found) == {
    "night-sky.example.com/q1/a2",
    "night-sky.example.com/q4/a5",
  }


@pytest.mark.parametrize(
  ("given", "words"),
  [
    ({"pairs": ["answers"]}, "--pairs=answers is unknown; wanted some of"),
    ({"pairs": ["duplicates"]}, "have no PostLinks.xml.*; give their"),
    ({"pairs": ["title_body"], "negatives": 1}, "have none; add title_answer"),
    ({"answers": "all_above"}, "--answers=all_above needs a score"),
    ({"min_question_score": 99, "pairs": ["title_body"]}, "no records"),
  ],
)
def test_bad_input(
  tmp_path: pathlib.Path, given: dict[str, Any], words: str
) -> None:
  with pytest.raises(program.BadInput, match=words):
    mine(tmp_path / "out", dump.NIGHT_SKY, **given)
