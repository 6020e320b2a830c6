"""Tests of data/sources/reddit_pairs.py: the same by plain Python."""

from collections.abc import Iterator

import hypothesis
import msgspec
import pytest
from hypothesis import strategies

from data.sources import cut
from data.sources import parsing
from data.sources import reddit_comments
from data.sources import reddit_pairs
from tests.data.sources import expressions
from tests.data.sources import reddit_lines

Settings = reddit_comments.Settings


@pytest.fixture(scope="module")
def runner(
  tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[expressions.Runner]:
  """DuckDB, once for all examples."""
  with expressions.start(tmp_path_factory.mktemp("scratch")) as started:
    yield started


def read(lines: list[reddit_lines.Line], rules: Settings) -> parsing.Found:
  """What the lines give."""
  chunk = cut.Chunk(1, reddit_lines.encoded(lines))
  return reddit_comments.read(chunk, msgspec.to_builtins(rules))


@strategies.composite
def comments(draw: strategies.DrawFn) -> list[reddit_lines.Line]:
  """Comments of some threads; parents may be absent, or make a circle."""
  found = []
  for thread in ("t3_axw3k1", "t3_b3fj9p", "t3_b3fj9f", "t3_a", "t3_b"):
    for number in draw(
      strategies.lists(strategies.integers(1, 8), max_size=12)
    ):
      lengths = {0: 5, 1: 90}
      length = lengths.get(number % 5, 20)
      body = f"{thread}{number}".ljust(length, "x")[-length:]
      deleted = draw(strategies.integers(0, 5)) == 0
      above = (number * 3) % 10  # 0 and 9 are no comments; 5 answers itself.
      found.append(
        reddit_lines.line(
          str(number),
          "" if number == 2 else str(above),
          link_id=thread,
          body="[deleted]" if deleted else body,
          author="AutoModerator" if number == 7 else "ann",
          score=number - 4,
        )
      )
      if number == 2:
        found[-1]["parent_id"] = thread
  return found


@hypothesis.settings(max_examples=8, deadline=None)
@hypothesis.given(
  lines=comments(),
  turns=strategies.integers(1, 3),
  min_score=strategies.sampled_from([None, 0]),
)
def test_joins_are_a_walk_over_dictionaries(
  runner: expressions.Runner,
  lines: list[reddit_lines.Line],
  turns: int,
  min_score: int | None,
):
  rules = Settings(
    min_comment_chars=6, max_comment_chars=40, turns=turns, min_score=min_score
  )
  given = read(lines, rules)
  table = runner.table(given.tables["comments"])
  expected = reddit_lines.Expected(lines, rules)
  pairs = 0
  for test in (False, True):
    rows = runner.rows(reddit_pairs.candidates(table, turns=turns, test=test))
    assert all(row["negatives"] == [] for row in rows)
    texts = sorted((row["query"], row["document"]) for row in rows)
    assert texts == sorted(expected.pairs[test])
    pairs += len(rows)
  no_parent, parent_left_out, repeated = (
    len(runner.rows(expression(table)))
    for expression in (
      reddit_pairs.no_parent,
      reddit_pairs.parent_left_out,
      reddit_pairs.repeated,
    )
  )
  assert no_parent == expected.no_parent
  assert parent_left_out == expected.parent_left_out
  # Every row is in a pair, or counted once.
  left_out = sum(given.dropped.values()) + no_parent + parent_left_out
  assert given.read == len(lines) == pairs + left_out + repeated


def test_an_id_in_another_thread_is_no_parent(runner: expressions.Runner):
  lines = [
    reddit_lines.line("1", link_id="t3_one", parent_id="t3_one"),
    reddit_lines.line("2", "1", link_id="t3_other"),
  ]
  table = runner.table(read(lines, Settings()).tables["comments"])
  [row] = runner.rows(reddit_pairs.no_parent(table))
  assert row["parent"] == 1
