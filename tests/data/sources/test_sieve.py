"""Tests of data/sources/sieve.py."""

from collections.abc import Sequence
from typing import Any

import pytest

from data import program
from data import records
from data.cleaning import rules as rules_lib
from data.sources import rows
from data.sources import sieve

CLEANING = {"min_chars", "max_chars"}


def place(number: int) -> str:
  """A row's place in a message."""
  return f"t.jsonl line {number}"


def sift(
  table: Sequence[Sequence[Any]], **rules: Any
) -> tuple[list[records.Record], dict[str, int]]:
  """What passes, and what does not, by reason."""
  cleaning = {name: rules.pop(name) for name in CLEANING & set(rules)}
  rules = {"kind": "pairs", "cleaning": rules_lib.Rules(**cleaning)} | rules
  sifted = sieve.Sieve(sieve.Rules(**rules))
  passed = [
    record
    for number, values in enumerate(table, 1)
    for record in sifted.sift(rows.Row(number, values), place)
  ]
  assert sifted.kept == len(passed)
  assert sifted.read == sifted.kept + sum(sifted.dropped.values())
  return passed, dict(sifted.dropped)


@pytest.mark.parametrize(
  "values, reason",
  [
    (("", "b"), "empty"),
    (("a", " \n\t"), "empty"),
    ((None, "b"), "empty"),
    (("ab", "abc"), "too_short"),
    (("abc", " ab  "), "too_short"),
    (("abc", "a" * 11), "too_long"),
    (("same text", "Same  TEXT"), "identical"),
    (("First", "Second"), "duplicate"),
    (("FIRST ", " second"), "duplicate"),
  ],
)
def test_what_is_left_out(values: Sequence[Any], reason: str) -> None:
  kept = [("first", "second"), ("second", "first"), ("first", "third")]
  table = [*kept, values, ("x" * 10, "y" * 3)]
  passed, dropped = sift(table, min_chars=3, max_chars=10)
  assert passed == [*kept, ("x" * 10, "y" * 3)]
  assert dropped == {reason: 1}


def test_duplicates_may_stay() -> None:
  table = [("first", "second")] * 3
  assert sift(table, duplicates="keep") == (table, {})
  assert sift(table) == (table[:1], {"duplicate": 2})


@pytest.mark.parametrize(
  "values, reason",
  [
    (("q", "p", "n"), ""),
    (("q", "p", "n", "n"), ""),
    (("q", "q", "n"), "identical"),
    (("q", "p", "P"), "identical"),
    (("q", "p", "n", "Q"), "identical"),
    (("q", "p", "n", ""), "empty"),
    (("a", "b", "c"), "duplicate"),
    (("a", "b", "d"), ""),
  ],
)
def test_triplets(values: Sequence[str], reason: str) -> None:
  passed, dropped = sift([("a", "b", "c"), values], kind="triplets")
  assert passed == [("a", "b", "c"), *([] if reason else [values])]
  assert dropped == ({reason: 1} if reason else {})


def test_scored_pairs() -> None:
  table = [("a", "b", "4.5"), ("a", "a", 1), ("b", "a", -2.5), ("a", "b", 3)]
  assert sift(table, kind="scored") == (
    [("a", "b", 4.5), ("a", "a", 1.0), ("b", "a", -2.5)],
    {"duplicate": 1},
  )


def test_lists_of_texts() -> None:
  assert sift([("q", ["p", "r"])])[0] == [("q", "p"), ("q", "r")]
  assert sift([(["q", "s"], ["n", "m"])])[0] == [
    ("q", "n"),
    ("q", "m"),
    ("s", "n"),
    ("s", "m"),
  ]
  assert sift([("q", [])]) == ([], {"empty": 1})
  triplets = [("q", ["p", "r"], ["n", "m", "o"]), (["q"], ["p"], [])]
  assert sift(triplets, kind="triplets") == (
    [("q", "p", "n", "m", "o"), ("q", "r", "n", "m", "o")],
    {"empty": 1},
  )
  assert sift([(["q", "r", "Q"],), ("s",)], kind="texts") == (
    [("q",), ("r",), ("s",)],
    {"duplicate": 1},
  )


def test_triplets_with_scores() -> None:
  table = [
    ("q", "p", "n", [0.5, "-1"]),
    (["q"], ["r"], ["n", "m"], [3, 2, 1]),
    ("q", "p", "n", [7, 8]),
    ("q", "p", "Q", [7, 8]),
    ("q", "p", None, [7, 8]),
  ]
  assert sift(table, kind="scored_triplets") == (
    [("q", "p", "n", (0.5, -1.0)), ("q", "r", "n", "m", (3.0, 2.0, 1.0))],
    {"duplicate": 1, "identical": 1, "empty": 1},
  )


def test_groups() -> None:
  table = [
    ("q", "d", "label"),
    ("q", "e", -7),
    (["r", "s"], "d", "label"),
    ("q", "Q", 1),
    ("q", "d", "another label"),
  ]
  assert sift(table, kind="grouped") == (
    [
      ("q", "d", "label"),
      ("q", "e", -7),
      ("r", "d", "label"),
      ("s", "d", "label"),
    ],
    {"identical": 1, "duplicate": 1},
  )


BAD = [
  ("pairs", ("a", 5), "holds 5, which is not text"),
  ("pairs", (True, "b"), "holds True, which is not text"),
  ("pairs", ("a", {"text": "b"}), "which is not text"),
  ("pairs", ("a", ["b", ["c"]]), "which is not text"),
  ("pairs", ("a", b"b"), "which is not text"),
  ("pairs", ("a", "caf\udce9"), r"is not UTF-8: 'caf\udce9'"),
  ("scored", ("a", "b", "high"), "has the score 'high', wanted a finite"),
  ("scored", ("a", "b", None), "has the score None"),
  ("scored", ("a", "b", True), "has the score True"),
  ("scored", ("a", "b", "nan"), "has the score 'nan'"),
  ("scored", ("a", "b", 1e999), "has the score inf"),
  ("scored", ("a", "b", 10**400), "has the score 1000"),
  ("scored", (1, "b", 0.5), "holds 1, which is not text"),
  ("texts", (1,), "holds 1, which is not text"),
  ("grouped", ("a", "b", None), "has the group None, wanted a text or a whole"),
  ("grouped", ("a", "b", 1.0), "has the group 1.0"),
  ("grouped", ("a", "b", " "), "has an empty group"),
  ("grouped", ("a", "b", 2**63), "has the group 9223372036854775808"),
  ("grouped", ("a", "b", "caf\udce9"), "is not UTF-8"),
  ("scored_triplets", ("a", "b", "c", 1), "has the scores 1, wanted a list"),
  ("scored_triplets", ("a", "b", "c", "[1, 2]"), "has the scores '[1, 2]'"),
  ("scored_triplets", ("a", "b", "c", [1]), "has 1 scores, wanted one for eac"),
  ("scored_triplets", ("a", "b", "c", [1, None]), "has the score None"),
  (
    "scored_triplets",
    ("a", ["b", "d"], "c", [1, 2]),
    "has 2 choices of the texts before its negatives",
  ),
]
GOOD = {
  "texts": ("c",),
  "pairs": ("c", "d"),
  "scored": ("c", "d", 0.5),
  "grouped": ("c", "d", "group"),
  "scored_triplets": ("c", "d", "e", (0.5, 1.0)),
}


@pytest.mark.parametrize("kind, values, says", BAD)
def test_a_record_that_cannot_be_read(
  kind: str, values: Sequence[Any], says: str
) -> None:
  good = GOOD[kind]
  row = [list(cell) if isinstance(cell, tuple) else cell for cell in good]
  with pytest.raises(program.BadInput) as error:
    sift([row, values], kind=kind)
  message = str(error.value)
  assert message.startswith("t.jsonl line 2 ")
  assert says in message
  assert "--max_bad_share=0.01" in message
  assert len(message) < 300
  skipped = sift([values, row], kind=kind, max_bad_share=1.0)
  assert skipped == ([good], {"bad_record": 1})


def test_a_fault_of_the_row(capsys: pytest.CaptureFixture[str]) -> None:
  row = rows.Row(3, fault="is not JSON: 'x'")
  with pytest.raises(program.BadInput, match=r"t\.jsonl line 3 is not JSON"):
    list(sieve.Sieve(sieve.Rules("pairs")).sift(row, place))
  skipping = sieve.Sieve(sieve.Rules("pairs", max_bad_share=1.0))
  for _ in range(4):
    assert list(skipping.sift(row, place)) == []
  assert skipping.dropped == {"bad_record": 4}
  # The first one is told, so that a wrong column name does not pass unseen.
  assert skipping.first_fault == "t.jsonl line 3 is not JSON: 'x'"
  assert capsys.readouterr().err.count("\n") == 1


def test_a_row_in_another_file() -> None:
  row = rows.Row(3, fault="is bad", where="other.jsonl line 7")
  with pytest.raises(program.BadInput, match=r"^other\.jsonl line 7 is bad"):
    list(sieve.Sieve(sieve.Rules("pairs")).sift(row, place))


def test_a_row_that_is_left_out_by_whoever_reads() -> None:
  sifted = sieve.Sieve(sieve.Rules("pairs"))
  assert list(sifted.sift(rows.Row(1, ("a", "b"), dropped="ours"), place)) == []
  assert (sifted.read, sifted.kept, sifted.dropped) == (1, 0, {"ours": 1})


@pytest.mark.parametrize("bad", range(5))
def test_so_many_bad_rows_and_no_more(bad: int) -> None:
  sifted = sieve.Sieve(sieve.Rules("pairs", max_bad_share=0.2))
  for number in range(10):
    fault = "is bad" if number < bad else ""
    row = rows.Row(number, (f"q{number}", ["a", "b"]), fault)
    assert len(list(sifted.sift(row, place))) == (0 if fault else 2)
  if bad <= 2:  # of ten rows, though there are up to twenty records
    sifted.check()
  else:
    with pytest.raises(program.BadInput) as error:
      sifted.check()
    assert f"{bad} of 10 rows cannot be read" in str(error.value)
    assert "the first: t.jsonl line 0 is bad; mend" in str(error.value)
