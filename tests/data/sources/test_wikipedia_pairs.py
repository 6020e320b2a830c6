"""The expressions beside plain Python."""

import collections
from collections.abc import Iterator
import contextlib
import itertools
import pathlib
import tempfile

import hypothesis
from hypothesis import strategies as st
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data import engine
from data.sources import wikipedia_pages
from data.sources import wikipedia_pairs

# Page, category and place; places collide, and a row may be there twice.
_ROWS = st.lists(
  st.tuples(st.integers(0, 8), st.integers(0, 4), st.integers(-3, 3)),
  max_size=40,
)


@pytest.fixture(scope="module")
def running() -> Iterator[engine.Engine]:
  """An engine."""
  with contextlib.ExitStack() as stack:
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    settings = engine.Settings(memory_bytes=2**28, processes=1)
    yield stack.enter_context(engine.start(settings, pathlib.Path(folder)))


def _written(table: pa.Table, folder: pathlib.Path) -> list[pathlib.Path]:
  """A table as a file."""
  folder.mkdir(exist_ok=True)
  path = folder / f"{len(list(folder.iterdir()))}.parquet"
  pq.write_table(table, path)
  return [path]


def _in_plain_python(
  rows: list[tuple[int, int, int]],
  max_category_pages: int,
  pairs_a_category: int,
  pairs_an_article: int,
) -> set[tuple[int, int]]:
  """The pairs of same_category, by their pages."""
  place: dict[tuple[int, int], int] = {}
  for page, category, its in rows:
    place[category, page] = min(its, place.get((category, page), its))
  members = collections.defaultdict(list)
  for (category, page), its in place.items():
    members[category].append((its, page))
  best: dict[tuple[int, int], tuple[int, int, int, int]] = {}
  for pages in members.values():
    if len(pages) > max_category_pages:
      continue
    side_by_side = itertools.pairwise(sorted(pages))
    for (its, left), (_, right) in itertools.islice(
      side_by_side, pairs_a_category
    ):
      key = min(left, right), max(left, right)
      found = (len(pages), its, left, right)
      best[key] = min(found, best.get(key, found))
  counted: collections.Counter[tuple[int, int]] = collections.Counter()
  for page in range(9):
    mine = sorted((best[key][:2], key) for key in best if page in key)
    counted.update(key for _, key in mine[:pairs_an_article])
  return {best[key][2:] for key, sides in counted.items() if sides == 2}


@hypothesis.given(
  _ROWS, st.integers(2, 6), st.integers(1, 4), st.integers(1, 3)
)
@hypothesis.settings(
  max_examples=15,
  deadline=None,
  suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_same_category_is_that_of_plain_python(
  running: engine.Engine,
  tmp_path: pathlib.Path,
  rows: list[tuple[int, int, int]],
  most: int,
  a_category: int,
  an_article: int,
):
  columns = list(zip(*rows, strict=True)) or [()] * 3
  schema = wikipedia_pages.CATEGORIES
  categories = pa.table(
    [pa.array(column, pa.int64()) for column in columns], schema=schema
  )
  articles = pa.Table.from_pylist(
    [
      {
        "page": page,
        "title": "",
        "introduction": f"i{page}",
        "origin": f"{page}",
      }
      for page in range(9)
    ],
    wikipedia_pages.ARTICLES,
  )
  inputs = tmp_path / "inputs"
  table = wikipedia_pairs.same_category(
    running.read(_written(articles, inputs), wikipedia_pages.ARTICLES),
    running.read(_written(categories, inputs), schema),
    max_category_pages=most,
    pairs_a_category=a_category,
    pairs_an_article=an_article,
  )
  found = [
    row
    for path in running.write(table, tmp_path / "out")
    for row in pq.read_table(path).to_pylist()
  ]
  wanted = _in_plain_python(rows, most, a_category, an_article)
  assert sorted(row["origin"] for row in found) == sorted(
    f"{left}+{right}" for left, right in wanted
  )
  for row in found:
    left, right = row["origin"].split("+")
    assert (row["query"], row["document"]) == (f"i{left}", f"i{right}")
    assert row["negatives"] == []
  used = collections.Counter(
    page for row in found for page in row["origin"].split("+")
  )
  assert max(used.values(), default=0) <= an_article
