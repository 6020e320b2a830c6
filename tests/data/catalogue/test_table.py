"""The catalogue says what was published, and what reads and makes it."""

import dataclasses
import fnmatch
import importlib
import json

import pytest

from data import manifest
from data.catalogue import entry
from data.catalogue import table
from data.sources.importers import table as importers

ENTRIES = list(table.ENTRIES.values())
IDS = [one.name for one in ENTRIES]
# The rows of the first card, in its order.
CARD = {
  "gooaq": 3_012_496,
  "stackexchange_title_body_small": 364_001,
  "flickr30k_captions": 317_695,
  "coco_captions": 828_395,
  "code_search_net": 1_151_414,
  "triviaqa": 73_346,
  "squad": 87_599,
  "natural_questions": 100_231,
  "simple_wikipedia": 102_225,
  "quora_duplicates": 103_663,
  "altlex": 112_696,
  "wikihow": 128_542,
  "sentence_compression": 180_000,
  "all_nli": 277_230,
  "eli5": 325_475,
  "specter": 684_100,
  "s2orc_title_abstract": 41_769_185,
  "s2orc_citations_titles": 52_603_982,
  "s2orc_citations_abstracts": 116_288_806,
  "paq": 64_371_441,
  "wikianswers": 77_427_422,
  "searchqa": 582_261,
  "yahoo_answers_title_answer": 1_198_260,
  "yahoo_answers_title_question": 659_896,
  "yahoo_answers_question_answer": 681_164,
  "msmarco": 9_144_553,
  "reddit": 726_484_430,
}


def test_the_card_is_whole():
  assert {name: table.ENTRIES[name].published for name in table.CARD} == CARD
  assert len(table.CARD) == 27
  assert sum(CARD.values()) == table.CARD_SUM
  assert table.CARD_SUM - table.CARD_TOTAL == 1_106_586


def test_weights_and_counts_are_those_of_the_published_mixture(minilm):
  """Each file of data_config.json is of one entry, and sums come out."""
  files = json.loads((minilm / "data_config.json").read_text())
  assert len(files) == 290
  of: dict[str, list[dict]] = {one.name: [] for one in ENTRIES}
  for file in files:
    (owner,) = [
      one.name
      for one in ENTRIES
      if any(fnmatch.fnmatchcase(file["name"], p) for p in one.mixture)
    ]
    of[owner].append(file)
  for one in ENTRIES:
    assert sum(file["weight"] for file in of[one.name]) == one.weight, one.name
    if one.weight:
      lines = sum(file["lines"] for file in of[one.name])
      assert lines == one.published, one.name
  assert sum(file["lines"] for file in files) == table.MIXTURE_TOTAL


@pytest.mark.parametrize("one", ENTRIES, ids=IDS)
def test_an_entry_can_be_made(one):
  assert one.kind in manifest.KINDS
  assert one.title and one.licence and one.source.startswith("https://")
  assert bool(one.mixture) == (one.weight > 0)
  assert one.repo or (one.miner and one.how)
  assert bool(one.repo) == bool(one.files) == bool(one.importer)
  if one.importer:
    importer = importers.IMPORTERS[one.importer]
    assert one.kind in importer.kinds
    assert importer.settings(one.options).items() >= one.options.items()
  if one.original:
    assert one.original in importers.IMPORTERS
  assert bool(one.miner) == bool(one.how) == bool(one.mined)
  if one.miner:
    assert importlib.import_module(f"data.sources.{one.miner}").main
    assert f"python -m data.sources.{one.miner} " in one.how
    assert f"--out=DIR/{one.mined.partition('/')[0]}`" in one.how
  if one.expected != one.published:
    assert one.note


def test_near_is_within_the_share():
  one = entry.Entry(
    name="one",
    title="",
    kind="pairs",
    published=1_000,
    licence=entry.NOT_STATED,
    source="",
  )
  assert [one.is_near(n) for n in (979, 980, 1_000, 1_020, 1_021)] == [
    *(False, True, True),
    *(True, False),
  ]
  fewer = dataclasses.replace(one, records=500, within=0.0)
  assert fewer.is_near(500) and not fewer.is_near(501)
