"""Tests of data/cleaning/contamination.py and evaluation_texts.py."""

import dataclasses
import gzip
import json
import pathlib
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies

from data import identity
from data import program
from data import retrieval_folder
from data.cleaning import cleaner
from data.cleaning import contamination
from data.cleaning import evaluation_texts
from data.cleaning import rules
from tests import conftest
from tests.data import raw_set

SHARED = conftest.ROOT.parent / "shared" / "data"  # not on all machines
_WORDS = strategies.lists(strategies.sampled_from("abcd"), max_size=9)
_TEXTS = strategies.lists(_WORDS.map(" ".join), min_size=1, max_size=5)


def write(path: pathlib.Path, rows: list) -> None:
  """A file of JSON lines, packed if it is named so."""
  path.parent.mkdir(parents=True, exist_ok=True)
  text = "".join(json.dumps(row) + "\n" for row in rows)
  opened = gzip.open if path.suffix == ".gz" else open
  with opened(path, "wt", encoding="utf-8") as file:
    file.write(text)


def ngrams(text: str, count: int) -> set[tuple[str, ...]]:
  """The words in a row, by plain Python."""
  words = re.findall(r"[^\W_]+", identity.normalise(text))
  return {
    tuple(words[n : n + count]) for n in range(max(len(words) - count + 1, 0))
  }


@pytest.fixture(scope="module")
def sts(tmp_path_factory) -> pathlib.Path:
  """An evaluation of two splits."""
  folder = tmp_path_factory.mktemp("evals") / "sts"
  write(folder / "dev.jsonl", [{"s1": "a dev one", "s2": "b", "score": 1}])
  write(
    folder / "2012.x.test.jsonl.gz",
    [{"s1": "A  test one", "s2": "one two three four five six", "score": 2}],
  )
  return folder


def test_each_type_of_evaluation_gives_its_texts(tmp_path) -> None:
  rows = {
    "sts": [{"s1": "a", "s2": "b", "score": 1, "genre": "x"}],
    "reranking": [{"query": "a", "positive": ["b"], "negative": ["c", "d"]}],
    "bitext": [["a", "b"]],
    "classification": [{"text": "a", "label": "travel"}],
    "winobias": [
      {"id": 1, "kind": "pro", "split": "dev", "marked": "[a]", "text": "a"}
    ],
    "winogender": [
      {"occupation": "x", "participant": "y", "gender": "z", "text": "a"}
    ],
  }
  wanted = {
    "sts": ["a", "b"],
    "reranking": ["a", "b", "c", "d"],
    "bitext": ["a", "b"],
    "classification": ["a"],
    "winobias": ["[a]", "a"],
    "winogender": ["a"],
  }
  for name, found in rows.items():
    write(tmp_path / name / "test.jsonl.gz", found)
    texts = evaluation_texts.read_all([str(tmp_path / name)])
    assert list(texts) == wanted[name]
  beir = tmp_path / "beir"
  retrieval_folder.write(beir, {"p": "a"}, {"q": "b"}, {"q": {"p": 1}})
  write(beir / "corpus.jsonl.gz", [{"_id": "p", "title": "t", "text": "a"}])
  for given_as in (f"{beir}", f"{beir}@test"):
    assert sorted(evaluation_texts.read_all([given_as])) == ["a", "b", "t a"]
  own = raw_set.write(tmp_path / "set", [b'["a", "b"]']).folder
  assert list(evaluation_texts.read_all([str(own)])) == ["a", "b"]


def test_a_split_is_its_files(sts) -> None:
  test = list(evaluation_texts.read_all([f"{sts}@test"]))
  assert test == ["A  test one", "one two three four five six"]
  both = list(evaluation_texts.read_all([str(sts)]))
  assert both == [*test, "a dev one", "b"]
  for wrong, says in [
    (f"{sts}@train", "no JSON lines of the split 'train'; it has 2012.x.test"),
    (str(sts.parent), "has no JSON lines; it has no such file"),
    (str(sts / "x"), "is not a folder"),
  ]:
    with pytest.raises(program.BadInput, match=says):
      list(evaluation_texts.read_all([wrong]))


def test_a_record_with_a_text_of_an_evaluation_goes(sts) -> None:
  how = rules.Rules(decontaminate=(f"{sts}@test",), ngram=5)
  clean = cleaner.make(how, "pairs")
  for record, reason in [
    (("a dev one", "free"), ""),
    (("free", "a Test one"), "contaminated"),
    (("free", "zero, ONE two: three four-five"), "contaminated_ngram"),
    (("free", "two one three four five six"), ""),
  ]:
    assert clean(record)[1] == reason


def test_a_text_is_found_as_a_line_of_another(tmp_path) -> None:
  test = tmp_path / "e" / "test.jsonl"
  asked, ale = "How is ale made?", "Ale"
  write(test, [{"text": asked}, {"text": ale}])
  clean = cleaner.make(rules.Rules(decontaminate=(str(test.parent),)), "pairs")
  for separator, reason in [("\n", "contaminated"), ("\r\n\n", "contaminated")]:
    for text in (
      f"how is  ALE made?{separator}I ask.",
      f"I ask.{separator}ale",
    ):
      assert clean(("free", text))[1] == reason
  assert clean(("free", f"I ask {asked} {ale}"))[1] == ""
  # And the other way: a line of an evaluation that is long enough.
  write(test, [{"text": "Thanks a lot!\nIt is made of malt."}])
  clean = cleaner.make(rules.Rules(decontaminate=(str(test.parent),)), "pairs")
  for text in ("it is made of malt.", "Yes.\nIt is made of malt.\nNo."):
    assert clean(("free", text))[1] == "contaminated"
  assert clean(("free", "It depends.\nThanks a lot!"))[1] == ""


def test_a_prepared_index_is_the_gathered_one(sts, tmp_path) -> None:
  how = rules.Rules(decontaminate=(str(sts),), ngram=4)
  folder = contamination.prepare(how, tmp_path / "index")
  text = "so one two three four"
  for place in (folder, None):
    index = contamination.of(how, place)
    assert index.reason([text], [identity.hash_text(text)]) == (
      "contaminated_ngram"
    )
  assert contamination.prepare(how, tmp_path / "index") == folder
  other = dataclasses.replace(how, ngram=3)
  assert contamination.prepare(other, tmp_path / "index") != folder
  assert contamination.prepare(rules.Rules(), tmp_path / "none") is None


@settings(max_examples=60)
@given(_TEXTS, _TEXTS, strategies.integers(1, 4))
def test_the_index_finds_what_plain_sets_find(
  evaluation: list[str], texts: list[str], ngram: int
) -> None:
  exact = np.unique(identity.hash_texts(evaluation))
  hashes = [contamination.hash_ngrams(text, ngram) for text in evaluation]
  index = contamination.Index(exact, np.unique(np.concatenate(hashes)), ngram)
  known = set().union(*(ngrams(text, ngram) for text in evaluation))
  for text in texts:
    wanted = ""
    if identity.normalise(text) in map(identity.normalise, evaluation):
      wanted = "contaminated"
    elif ngrams(text, ngram) & known:
      wanted = "contaminated_ngram"
    assert index.reason([text], [identity.hash_text(text)]) == wanted


def test_no_text_of_a_real_evaluation_stays() -> None:
  folder = SHARED / "se_beer_retrieval"
  if not folder.exists():
    pytest.skip(f"{SHARED} is not on this machine")
  how = rules.Rules(decontaminate=(f"{folder}@test",))
  clean = cleaner.make(how, "texts")
  task = retrieval_folder.read(folder)
  texts = [
    *list(task.queries.values())[:200],
    *list(task.corpus.values())[:200],
  ]
  assert {clean((text,))[1] for text in texts} == {"contaminated"}
  long = [text for text in texts if len(text.split()) > 40]
  assert len(long) > 50
  part = {clean((" ".join(text.split()[5:30]),))[1] for text in long}
  assert part == {"contaminated_ngram"}
  assert clean(("A text about beer that nobody has asked there.",))[1] == ""
