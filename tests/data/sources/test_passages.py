"""Tests of data/sources/passages.py."""

import pathlib
import tempfile

import hypothesis
from hypothesis import strategies

from data.sources import passages
from data.sources import rows


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(
  found=strategies.lists(
    strategies.tuples(strategies.text(max_size=3), strategies.text()),
    max_size=20,
  ),
  others=strategies.lists(strategies.text(max_size=3)),
)
def test_texts_by_their_ids(
  found: list[tuple[str, str]], others: list[str]
) -> None:
  first: dict[str, str] = {}
  for name, text in found:
    first.setdefault(name, text)
  wanted = {passages.hash_name(name) for name in first if "a" not in name}
  with tempfile.TemporaryDirectory() as folder:
    for number, needed in enumerate((lambda _: True, wanted.__contains__)):
      texts = passages.Passages(pathlib.Path(folder, str(number)))
      faulty = rows.Row(99, fault="is bad")
      given = [rows.Row(n, pair) for n, pair in enumerate(found)]
      assert list(texts.fill([faulty, *given], needed)) == [faulty]
      for name in {*first, *others}:
        kept = needed(passages.hash_name(name))
        assert texts.text(name) == (first.get(name) if kept else None)
