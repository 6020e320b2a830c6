"""BM25 ranks by the words that query and document share."""

import numpy as np
import pytest

from data import retrieval_folder
from embeddings.evals import bm25

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
  task = retrieval_folder.RetrievalTask(
    corpus, {"q": "word"}, {"q": {relevant: 1}}
  )
  values = bm25.run(task, str.split).measure()
  assert (values["recall_at_10"], values["recall_at_100"]) == (0, 1)
  assert values["mrr_at_100"] == pytest.approx(1 / 21)
