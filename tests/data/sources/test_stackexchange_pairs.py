"""Tests of data/sources/stackexchange_pairs.py: the same by plain Python."""

import dataclasses
import functools
import pathlib
from collections.abc import Iterator
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import strategies
from pyarrow import parquet

from data import engine
from data.sources import stackexchange_links
from data.sources import stackexchange_pairs as pairs
from data.sources import stackexchange_posts

Row = dict[str, Any]
SITES = ("a.org", "b.org")


@pytest.fixture(scope="module")
def running(
  tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[engine.Engine]:
  """DuckDB, once for all examples."""
  scratch = tmp_path_factory.mktemp("scratch")
  with engine.start(engine.Settings(processes=1), scratch) as started:
    yield started


@strategies.composite
def posts(draw: strategies.DrawFn) -> list[Row]:
  """Posts of two sites, of which many belong together and some are absent."""
  found = []
  for site in SITES:
    numbers = draw(strategies.lists(strategies.integers(1, 12), unique=True))
    for number in numbers:
      is_answer = draw(strategies.booleans())
      has_text = is_answer or draw(strategies.booleans())
      found.append(
        {
          "site": stackexchange_posts.site_key(site),
          "site_name": site,
          "id": number,
          "type": 2 if is_answer else 1,
          "parent": draw(strategies.integers(1, 6)) if is_answer else 0,
          "accepted": 0 if is_answer else draw(strategies.integers(0, 12)),
          "score": draw(strategies.integers(-3, 3)),
          "title": "" if is_answer else f"title {number} é",
          "text": f"text {number}" if has_text else "",
          "has_text": has_text,
          "order": 0,
        }
      )
  return found


LINKS = strategies.lists(
  strategies.fixed_dictionaries(
    {
      "site": strategies.sampled_from(SITES).map(stackexchange_posts.site_key),
      "id": strategies.integers(1, 99),
      "post": strategies.integers(1, 6),
      "related": strategies.integers(1, 6),
    }
  ),
  unique_by=lambda row: (row["site"], row["id"]),
)
SETTINGS = strategies.builds(
  pairs.Settings,
  min_question_score=strategies.sampled_from([None, 0, 2]),
  min_answer_score=strategies.sampled_from([None, -1, 1]),
  answers=strategies.sampled_from(pairs.ANSWERS),
  negatives=strategies.integers(0, 3),
  negative_max_score=strategies.integers(-2, 1),
  negative_margin=strategies.integers(1, 3),
)


def computed(
  running: engine.Engine, folder: pathlib.Path, table: Any
) -> list[Row]:
  """The rows of an expression."""
  parts = running.write(table, folder / "out")
  return [row for part in parts for row in parquet.read_table(part).to_pylist()]


def tables(
  running: engine.Engine,
  folder: pathlib.Path,
  some: list[Row],
  links: list[Row],
) -> dict[str, Any]:
  """Rows as tables of the engine."""
  found = {}
  for name, rows, schema in (
    ("posts", some, stackexchange_posts.SCHEMA),
    ("links", links, stackexchange_links.SCHEMA),
  ):
    path = folder / f"{name}.parquet"
    parquet.write_table(pa.Table.from_pylist(rows, schema), path)
    found[name] = running.read([path], schema)
  return found


def expected(
  name: str, some: list[Row], links: list[Row], settings: pairs.Settings
) -> list[Row]:
  """The candidates of a kind, by plain Python."""
  bodies = "bod" in name
  least = settings.min_question_score
  asked = {
    (post["site"], post["id"]): post
    for post in some
    if post["type"] == 1
    and (least is None or post["score"] >= least)
    and (post["has_text"] or not bodies)
  }
  whole = {
    key: post["title"] + f"\n{post['text']}" * (bodies and name != "title_body")
    for key, post in asked.items()
  }
  origins = {key: f"{p['site_name']}/q{p['id']}" for key, p in asked.items()}
  if name == "title_body":
    return [
      candidate(whole[key], post["text"], [], origins[key])
      for key, post in asked.items()
    ]
  if name in pairs.ANSWERED:
    return [
      candidate(
        whole[key],
        post["text"],
        [negative["text"] for negative in low],
        f"{origins[key]}/a{post['id']}",
      )
      for key in asked
      for post, low in answers(key, asked[key], some, settings)
    ]
  first: dict[Any, Row] = {}
  for link in sorted(links, key=lambda row: row["id"]):
    ends = frozenset([link["post"], link["related"]])
    if len(ends) == 2:
      first.setdefault((link["site"], ends), link)
  return [
    candidate(
      whole[one], whole[other], [], f"{origins[one]}/q{link['related']}"
    )
    for link in first.values()
    for one in [(link["site"], link["post"])]
    for other in [(link["site"], link["related"])]
    if one in asked and other in asked
  ]


def answers(
  key: tuple[int, int], question: Row, some: list[Row], settings: pairs.Settings
) -> list[tuple[Row, list[Row]]]:
  """The positives of a question, each with its negatives."""
  given = [post for post in some if (post["site"], post["parent"]) == key]
  least = settings.min_answer_score
  fit = [p for p in given if least is None or p["score"] >= least]
  fit.sort(
    key=lambda p: (p["id"] != question["accepted"], -p["score"], p["id"])
  )
  positives = fit if settings.answers == "all_above" else fit[:1]
  found = []
  for positive in positives:
    low = [
      post
      for post in given
      if post["score"] <= settings.negative_max_score
      and positive["score"] - post["score"] >= settings.negative_margin
      and post["id"] != question["accepted"]
    ]
    low.sort(key=lambda p: (p["score"], p["id"]))
    if low or not settings.negatives:
      found.append((positive, low[: settings.negatives]))
  return found


def candidate(
  query: str, document: str, negatives: list[str], origin: str
) -> Row:
  """A row of candidates."""
  return {
    "query": query,
    "document": document,
    "negatives": negatives,
    "origin": origin,
  }


def by_origin(rows: list[Row]) -> list[Row]:
  """The rows in one order."""
  return sorted(rows, key=lambda row: row["origin"])


@pytest.mark.parametrize("name", pairs.PAIRS)
@hypothesis.settings(max_examples=6, deadline=None)
@hypothesis.given(some=posts(), links=LINKS, settings=SETTINGS)
def test_expressions_are_plain_python(
  running: engine.Engine,
  tmp_path_factory: pytest.TempPathFactory,
  name: str,
  some: list[Row],
  links: list[Row],
  settings: pairs.Settings,
) -> None:
  folder = tmp_path_factory.mktemp(name)
  made = pairs.PAIRS[name](tables(running, folder, some, links), settings)
  rows = computed(running, folder, made)
  assert by_origin(rows) == by_origin(expected(name, some, links, settings))


@hypothesis.settings(max_examples=6, deadline=None)
@hypothesis.given(some=posts(), links=LINKS, settings=SETTINGS)
def test_counts_are_plain_python(
  running: engine.Engine,
  tmp_path_factory: pytest.TempPathFactory,
  some: list[Row],
  links: list[Row],
  settings: pairs.Settings,
) -> None:
  folder = tmp_path_factory.mktemp("counts")
  given = tables(running, folder, some, links)
  asked = {(post["site"], post["id"]) for post in some if post["type"] == 1}
  parents = [(p["site"], p["parent"]) for p in some if p["type"] == 2]
  numbers = [
    len(computed(running, folder, rows(given)))
    for rows in (
      pairs.orphan_answers,
      pairs.unanswered,
      pairs.missing_posts,
      functools.partial(pairs.other_answers, settings=settings),
      pairs.repeated_links,
    )
  ]
  # Each answer is an orphan, in a pair or another; so with links.
  plain = dataclasses.replace(settings, negatives=0)
  orphans, _, missing, others, repeated = numbers
  answered = len(expected("title_answer", some, links, plain))
  assert orphans + others + answered == len(parents)
  linked = len(expected("duplicates", some, links, pairs.Settings()))
  assert missing + repeated + linked == len(links)
  assert numbers[:3] == [
    sum(parent not in asked for parent in parents),
    len(asked - set(parents)),
    sum(
      not {(link["site"], link[end]) for end in ("post", "related")} <= asked
      for link in links
    ),
  ]


def test_posts_that_a_dump_lists_again(
  running: engine.Engine, tmp_path: pathlib.Path
) -> None:
  asked = {
    "site": 1,
    "site_name": "a.org",
    "id": 5,
    "type": 1,
    "parent": 0,
    "accepted": 0,
    "score": 0,
    "title": "title",
    "text": "old",
    "has_text": True,
    "order": 9,
  }
  edited = asked | {"text": "new", "order": -9}
  other = asked | {"site": 2, "site_name": "b.org"}
  given = tables(running, tmp_path, [asked, other, edited, asked], [])
  made = pairs.title_body(pairs.once(given), pairs.Settings())
  rows = by_origin(computed(running, tmp_path, made))
  assert [(row["origin"], row["document"]) for row in rows] == [
    ("a.org/q5", "new"),
    ("b.org/q5", "old"),
  ]
  left_out = computed(running, tmp_path, pairs.repeated_posts(given))
  assert [row["order"] for row in left_out] == [9, 9]
