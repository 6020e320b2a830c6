"""BM25 ranks by the words that query and document share."""

import numpy as np
import pytest

from data import retrieval_folder
from embeddings.evals import bm25
from embeddings.evals import reranking
from embeddings.evals import retrieval
from embeddings.evals import sts
from embeddings.evals import subsets

CORPUS = {
  "river": "the river bank is wet",
  "money": "the bank lends money and money grows",
  "long": "bank " + "other words here " * 20,
  "bread": "bread and butter",
}


def rank(queries, *, k=10, corpus=CORPUS):
  qrels = {name: {"river": 1} for name in queries}
  unjudged = {"unjudged": "bread"}
  task = retrieval_folder.RetrievalTask(corpus, {**queries, **unjudged}, qrels)
  return bm25.rank(task, str.split, k=k)


def test_the_best_document_is_first():
  found = rank({"q2": "bank money", "q1": "wet river", "q3": "bank"})
  assert list(found) == ["q2", "q1", "q3"]  # those that are judged
  assert found["q1"] == ["river"]
  assert found["q2"][0] == "money"
  assert found["q3"] == ["river", "money", "long"]  # the shorter first


def test_documents_that_share_no_word_are_not_found():
  found = rank({"q": "unheard of", "stop": "the and is", "Stop": "The"})
  assert found == {"q": [], "stop": [], "Stop": []}


def test_no_more_than_k():
  assert len(rank({"q": "bank"}, k=2)["q"]) == 2


def test_scores_order_as_lucenes_formula():
  # Robertson & Zaragoza 2009, with k1 = 1.5 and b = 0.75, by hand.
  random = np.random.default_rng(0)
  words = [f"w{i}" for i in range(30)]
  corpus = {
    f"d{i}": " ".join(random.choice(words, random.integers(3, 40)))
    for i in range(60)
  }
  corpus["river"] = "w0"
  query = ["w3", "w7", "w11"]
  texts = {name: text.split() for name, text in corpus.items()}
  mean = np.mean([len(text) for text in texts.values()])
  score = dict.fromkeys(corpus, 0.0)
  for word in query:
    holders = sum(word in text for text in texts.values())
    weight = np.log(1 + (len(texts) - holders + 0.5) / (holders + 0.5))
    for name, text in texts.items():
      count = text.count(word)
      norm = 1.5 * (1 - 0.75 + 0.75 * len(text) / mean)
      score[name] += weight * count / (count + norm)
  wanted = sorted(score, key=lambda name: -score[name])[:10]
  found = rank({"q": " ".join(query)}, corpus=corpus)["q"]
  assert [score[name] for name in found] == pytest.approx(
    [score[name] for name in wanted]
  )


def test_it_is_measured_as_a_model_is():
  corpus = {f"d{i}": " ".join(["word"] * (i + 1)) for i in range(30)}
  found = bm25.rank(
    retrieval_folder.RetrievalTask(corpus, {"q": "word"}, {"q": {"d0": 1}}),
    str.split,
    k=30,
  )["q"]
  relevant = found[20]
  task = retrieval.Retrieval(corpus, {"q": "word"}, {"q": {relevant: 1}})
  outcome = bm25.run(task, str.split)
  assert outcome is not None
  values = outcome.measure()
  assert (values["recall_at_10"], values["recall_at_100"]) == (0, 1)
  assert values["mrr_at_100"] == pytest.approx(1 / 21)


def test_a_corpus_without_words_has_nothing_to_find():
  assert rank({"q": "bank"}, corpus={"a": "", "b": "the"}) == {"q": []}


def test_the_query_itself_is_not_found():
  task = retrieval.Retrieval(
    {"river": "wet bank", "money": "bank lends"},
    {"river": "wet bank"},
    {"river": {"money": 1}},
  )
  outcome = bm25.run(task, str.split)
  assert outcome is not None
  assert outcome.measure()["mrr_at_10"] == 1


def test_a_querys_own_documents_are_ranked():
  texts = list(CORPUS.values())
  rows = [
    reranking.Row("bank money", [texts[1]], [texts[0], texts[2], texts[3]]),
    reranking.Row("bank", [texts[2]], [texts[0]]),  # the shorter is first
    reranking.Row("the", [texts[0]], [texts[3]]),  # no word: a tie
  ]
  whole = bm25.run(reranking.Reranking(rows), str.split)
  assert whole is not None
  assert whole.measure()["mrr_at_10"] == pytest.approx((1 + 0.5 + 0.5) / 3)
  parts = {
    "one": reranking.Reranking(rows[:1]),
    "all": reranking.Reranking(rows),
  }
  both = bm25.run(subsets.Subsets(parts), str.split)
  assert both is not None
  assert both.measure()["all.map"] == whole.measure()["map"]


def test_there_is_nothing_to_rank_by_words_in_sts():
  task = sts.Sts(["a", "b"], ["a", "c"], [1.0, 0.0])
  assert bm25.run(task, str.split) is None
  assert bm25.run(subsets.Subsets({"one": task}), str.split) is None
