"""Records are shown as they are, with where they come from."""

import hypothesis
import pytest

from data import manifest
from data import records
from tests import programs
from tests.data import kind_records
from tools import inspect_records

PROGRAM = "tools.inspect_records"
PAIRS = {
  f"beer/q{i}/a{i}": (f"question\n{i}", f"answer {i}") for i in range(30)
}


@pytest.fixture
def folder(tmp_path):
  """Pairs with origins, and what a manifest can say."""
  with records.Writer(
    tmp_path / "beer",
    name="beer",
    kind="pairs",
    columns=("question", "answer"),
    source="https://example.org/beer",
    licence="CC BY-SA 4.0",
    filters={"min_chars": 7},
    origin="site/question/answer",
  ) as writer:
    for origin, pair in PAIRS.items():
      writer.write(pair, origin=origin)
    writer.counts = {"read": 1_234, "too_short": 1_204}
  return tmp_path / "beer"


def test_records_come_with_their_origins(run_program, folder):
  ended = run_program(PROGRAM, f"--data={folder}", "--records=7", "--chars=10")
  assert ended.code == 0, ended
  shown = ended.result["shown"]
  assert len({one["number"] for one in shown}) == 7
  for one in shown:
    assert PAIRS[one["origin"]] == tuple(one["values"])
    # Texts are in one line, and cut.
    number = one["origin"].rpartition("a")[2]
    head = f"record {one['number']}  site/question/answer: {one['origin']}\n"
    text = f"question {number}"
    cut = text if len(text) <= 10 else f"{text[:10]}..."
    assert f"{head}  question  {cut}\n" in ended.out
  for fact in ("CC BY-SA 4.0", "https://example.org/beer", "30 in 1 shards"):
    assert fact in ended.out
  assert "min_chars  7" in ended.out and "1,234" in ended.out
  again = run_program(PROGRAM, f"--data={folder}", "--records=7", "--seed=1")
  assert again.result["shown"] != shown
  numbers = [str(one["number"]) for one in shown]
  same = run_program(
    PROGRAM, f"--data={folder}", f"--numbers={','.join(numbers)}"
  )
  assert same.result["shown"] == shown


def test_what_is_not_there_is_said(run_program, folder):
  ended = run_program(PROGRAM)
  assert "--data is missing" in programs.bad_input(ended)
  ended = run_program(PROGRAM, f"--data={folder}", "--numbers=3,30")
  assert "--numbers=30 is no record; wanted" in programs.bad_input(ended)


@hypothesis.given(kind_records.sets(kind_records.good()))
def test_every_kind_has_a_line_a_value(kind_and_records):
  kind, found = kind_and_records
  columns = [f"column_{i}" for i in range(manifest.KINDS[kind])]
  about = manifest.Manifest("set", kind, tuple(columns), ())
  for record in found:
    lines = inspect_records.lines(about, record, 0)
    names = [line.partition(" ")[0] for line in lines]
    assert [line[len("column_0") :].strip() for line in lines] == [
      " ".join(str(value).split()) for value in record
    ]
    # What is beyond the columns is negatives, before any scores.
    assert sorted(set(names)) == columns and sorted(names) == names
