"""Tests of data/sources/mining.py: plain Python gives the same, kills too."""

import collections
import dataclasses
import json
import pathlib
import signal
import subprocess
import sys

import pytest

from data import atomic
from data import engine
from data import growing
from data import manifest
from data import program
from data import records
from data.cleaning import copy_flags
from data.cleaning import rules
from data.sources import mining
from data.sources import mining_flags
from data.sources import parsing
from data.sources import raw
from data.sources import stackexchange
from data.sources import stackexchange_pairs
from data.sources import stackexchange_sites
from data.sources import stages
from tests.data import spark_cluster
from tests.data.sources import answers
from tests.data.sources import killed_answers
from tests.data.sources import stackexchange_dump

ROOT = pathlib.Path(__file__).parents[3]
SETTINGS = mining_flags.Settings(
  engine=engine.Settings(processes=2, memory_bytes=2**28),
  processes=1,
  sample=0.9,
)


@pytest.fixture(scope="module")
def dump(tmp_path_factory):
  path = tmp_path_factory.mktemp("dump") / "lines.jsonl"
  answers.write(path, 900)
  return path


def mine(dump, out, settings=SETTINGS, **given):
  """Mines a dump in this process."""
  return mining.mine(answers.miner([raw.File(dump)], **given), out, settings)


def digests(out):
  """What decides whether two runs gave the same."""
  return {
    path.parent.name: manifest.read(path.parent)
    for path in out.glob("*/manifest.json")
  }


@pytest.fixture(scope="module")
def mined(dump, tmp_path_factory):
  """A run that nothing broke, what it said, and how much it put in place."""
  out = tmp_path_factory.mktemp("mined") / "out"
  before = atomic.put
  atomic.put = killed_answers.count
  killed_answers.PUTS.clear()
  try:
    result = mine(dump, out)
  finally:
    atomic.put = before
  return out, result, len(killed_answers.PUTS)


def expected(dump):
  """The pairs of a dump, by plain Python."""
  lines = []
  for row in dump.read_text().splitlines():
    try:
      lines.append(json.loads(row))
    except ValueError:
      continue
  by_id = {line["id"]: line for line in lines}
  best = {}
  for line in sorted(lines, key=lambda line: (-line["score"], line["id"])):
    best.setdefault(line["parent"], line)
  pairs = collections.defaultdict(list)
  for asked, line in best.items():
    texts = by_id.get(asked, line)["text"], line["text"]
    if asked in by_id and texts[0] != texts[1]:
      pairs[texts].append(f"{asked}/{line['id']}")
  return pairs


def test_the_pairs_are_those_of_plain_python(dump, tmp_path):
  everything = mining_flags.Settings(SETTINGS.engine, processes=1)
  result = mine(dump, tmp_path / "out", everything)
  data_set = records.DataSet(tmp_path / "out" / "best")
  every = range(len(data_set))
  pairs = expected(dump)
  assert sorted(data_set.read(every)) == sorted(pairs)
  texts = zip(data_set.read(every), data_set.origins(every), strict=True)
  assert all(origin in pairs[record] for record, origin in texts)
  counts = data_set.manifest.counts
  assert counts["rows"] == result["read"] == 900
  assert counts["bad_broken_json"] == result["bad"]["broken_json"] == 2
  found = sum(map(len, pairs.values()))
  assert counts["duplicate"] == found - len(pairs) > 0
  assert counts["candidates"] == found + counts.get("identical", 0)


def test_a_sample_is_a_part(dump, mined, tmp_path):
  out, result, _ = mined
  less = mining_flags.Settings(SETTINGS.engine, processes=1, sample=0.4)
  mine(dump, tmp_path / "out", less)
  small = records.DataSet(tmp_path / "out" / "plain")
  large = records.DataSet(out / "plain")
  few, many = (set(one.read(range(len(one)))) for one in (small, large))
  assert few < many
  assert 0.3 < len(few) / len(many) < 0.6
  assert len(many) == result["datasets"]["plain"]


def test_a_finished_folder_is_not_made_again(dump, mined, tmp_path):
  out, result, _ = mined
  before = (out / "summary.json").stat().st_ino
  assert mine(dump, out) == result
  assert (out / "summary.json").stat().st_ino == before
  assert not list(out.parent.glob(".*"))
  (tmp_path / "out").mkdir()
  (tmp_path / "out" / "thesis.txt").write_text("mine")
  with pytest.raises(program.BadInput, match="holds no mined data sets"):
    mine(dump, tmp_path / "out")
  assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_other_settings_take_its_place(dump, tmp_path):
  first = mine(dump, tmp_path / "out")
  second = mine(dump, tmp_path / "out", min_chars=12)
  assert second["datasets"]["best"] < first["datasets"]["best"]
  assert second["dropped"]["rows"]["short"] > 0
  assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_another_evaluation_of_the_same_name_counts(dump, mined, tmp_path):
  (tmp_path / "test").mkdir()
  how = rules.Rules(decontaminate=(str(tmp_path / "test"),))
  settings = dataclasses.replace(SETTINGS, rules=how)
  best = records.DataSet(mined[0] / "best")
  every = best.read(range(len(best)))
  for record in every[:2]:
    (tmp_path / "test" / "test.jsonl").write_text(json.dumps(record) + "\n")
    mine(dump, tmp_path / "out", settings)
    left = records.DataSet(tmp_path / "out" / "best")
    assert sorted(left.read(range(len(left)))) == sorted(
      other for other in every if not {*other} & {*record}
    )


def test_one_process_at_a_time(dump, tmp_path):
  with (
    growing.alone(tmp_path / ".out.work"),
    pytest.raises(program.BadInput, match="written by another process"),
  ):
    mine(dump, tmp_path / "out")


def test_no_records_at_all_is_said(dump, tmp_path):
  with pytest.raises(program.BadInput, match="no records came of made up"):
    mine(dump, tmp_path / "out", min_chars=1_000)


def test_too_many_bad_rows_stop(dump, tmp_path):
  strict = mining_flags.Settings(
    SETTINGS.engine, processes=1, max_bad_share=0.001
  )
  with pytest.raises(program.BadInput, match="row 250"):
    mine(dump, tmp_path / "out", strict)


def kill(dump, out, when, number):
  """Runs the miner until it is killed."""
  ended = subprocess.run(
    [
      *(sys.executable, "-m", "tests.data.sources.killed_answers"),
      *(when, str(number), f"--in={dump}", f"--out={out}"),
      *("--processes=1", "--sample=0.9", "--memory_gb=0.25"),
    ],
    cwd=ROOT,
    capture_output=True,
  )
  assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def check_same(dump, out, mined):
  """Finishes a run, which gives what an unbroken one gave."""
  assert mine(dump, out) == mined[1]
  assert digests(out) == digests(mined[0])
  assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_killed_and_run_again(dump, mined, tmp_path):
  kill(dump, tmp_path / "out", "after", 3)
  kill(dump, tmp_path / "out", "before", mined[2] - 4)
  check_same(dump, tmp_path / "out", mined)


@pytest.mark.long
def test_killed_at_every_moment(dump, mined, tmp_path):
  for number in range(1, mined[2] + 1):
    for when in ("before", "after"):
      out = tmp_path / f"{when}-{number}" / "out"
      out.parent.mkdir()
      kill(dump, out, when, number)
      check_same(dump, out, mined)


@pytest.mark.long
@pytest.mark.skipif(
  bool(spark_cluster.missing()), reason=spark_cluster.missing()
)
def test_spark_gives_the_same(dump, mined, tmp_path, capfd):
  folder = tmp_path / "a [folder]"
  folder.mkdir()
  with spark_cluster.start(tmp_path) as master:
    spark = engine.Settings("spark", master, 2**29, 2)
    settings = dataclasses.replace(SETTINGS, engine=spark)
    assert mine(dump, folder / "out", settings) == mined[1]
    assert digests(folder / "out") == digests(mined[0])
    check_posts_on_spark(tmp_path, spark)
  assert "WARN" not in capfd.readouterr().err


def check_posts_on_spark(folder, spark):
  """Mines posts by all rules on both engines; the same records come of it."""
  known = folder / "known"
  mine_posts(known, SETTINGS)
  settings = dataclasses.replace(
    SETTINGS,
    copies=copy_flags.Settings(
      near_duplicates=0.8, not_in=(str(known / "title_body"),)
    ),
  )
  results = [
    mine_posts(folder / name, dataclasses.replace(settings, engine=running))
    for name, running in (("duckdb", SETTINGS.engine), ("spark", spark))
  ]
  assert results[0] == results[1]
  assert results[0]["datasets"].keys() == set(stackexchange_pairs.PAIRS)
  assert results[0]["dropped"]["title_body"]["not_in"] > 10
  assert digests(folder / "duckdb") == digests(folder / "spark")


def mine_posts(out, settings):
  """Mines the dump of posts in this process."""
  miner = stackexchange.miner(
    stackexchange_sites.find([str(stackexchange_dump.FOLDER)]),
    list(stackexchange_pairs.PAIRS),
    stackexchange_pairs.Settings(),
    code="keep",
  )
  return mining.mine(miner, out, settings)


def test_the_tables_must_agree():
  assert stages.CANDIDATES.names == ["query", "document", "negatives", "origin"]
  assert parsing.key(
    parsing.Job(raw.File(pathlib.Path(__file__)), answers.FORMAT, {"a": 1})
  ) != parsing.key(
    parsing.Job(raw.File(pathlib.Path(__file__)), answers.FORMAT, {"a": 2})
  )
