"""Tasks of MTEB give what our own evaluations give on the same data.

Their data sets are folders that the tests write as the hub has them; nothing
else is asked for (HF_HUB_OFFLINE, tests/conftest.py).
"""

import json
import pathlib
import sys

import datasets
import mteb
import numpy as np
import pytest

from data import program
from data import retrieval_folder
from embeddings.evals import table
from tests.tools import words_model
from tools import mteb_model
from tools import mteb_task

RETRIEVAL_CARD = """---
configs:
- config_name: default
  data_files:
  - split: test
    path: qrels/test.jsonl
- config_name: corpus
  data_files:
  - split: corpus
    path: corpus.jsonl
- config_name: queries
  data_files:
  - split: queries
    path: queries.jsonl
- config_name: top_ranked
  data_files:
  - split: test
    path: top_ranked.jsonl
---
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
  """Keeps what the datasets library makes of folders out of its cache."""
  folder = tmp_path_factory.mktemp("cache")
  monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", folder)


def write(path: pathlib.Path, rows):
  """Writes rows as JSON lines."""
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def measured(written, encode=words_model.encode, similarity="cosine"):
  """What a model gets at a task of MTEB's."""
  name, task = mteb_task.read(written)
  values = task.run(encode, similarity).measure()
  assert task.main in values, (name, values)
  return values


def sts_rows(count, seed=0):
  """Pairs and scores, with ties among the scores."""
  random = np.random.default_rng(seed)
  ones, others = (words_model.sentences(count, seed + i) for i in (1, 2))
  return [
    (one, other, float(random.integers(11)) / 2)
    for one, other in zip(ones, others, strict=True)
  ]


def write_sts(folder: pathlib.Path, split="test"):
  """The same pairs as MTEB has them and as we do; gives both folders."""
  rows = sts_rows(50)
  write(
    folder / "theirs" / f"{split}.jsonl",
    [{"sentence1": a, "sentence2": b, "score": score} for a, b, score in rows],
  )
  write(
    folder / "ours" / f"{split}.jsonl",
    [{"s1": a, "s2": b, "score": score} for a, b, score in rows],
  )
  return folder / "theirs", folder / "ours"


def ours(written, encode=words_model.encode, similarity="cosine"):
  """What the model gets by our own evaluation."""
  ((_, task),) = table.read_all([written])
  return task.run(encode, similarity).measure()


def test_the_model_meets_the_protocol():
  model = mteb_model.Model(words_model.encode, "cosine")
  assert isinstance(model, mteb.EncoderProtocol)
  assert model.mteb_model_meta.name == "gigapair/model"


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_similarities_are_the_models(similarity):
  model = mteb_model.Model(words_model.encode, similarity)
  one, other = words_model.encode(["a", "b"]), words_model.encode(["c", "d"])
  scale = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(other, axis=1)
  wanted = one @ other.T / (scale if similarity == "cosine" else 1)
  found = np.asarray(model.similarity(one, other))
  np.testing.assert_allclose(found, wanted, atol=1e-5)
  pairs = np.asarray(model.similarity_pairwise(one, other))
  np.testing.assert_allclose(pairs, np.diag(wanted), atol=1e-5)


def test_queries_and_documents_are_encoded_as_such():
  calls = []

  def encode(texts, side):
    calls.append((texts, side))
    return np.zeros((len(texts), 3), np.float32)

  model = mteb_model.Model(encode, "cosine")
  batches = [{"text": ["a", "b"]}, {"text": ["c"], "title": ["t"]}]
  for kind in (*mteb.types.PromptType, None):
    found = model.encode(batches, prompt_type=kind, batch_size=2)
    assert found.shape == (3, 3)
  assert calls == [
    (["a", "b", "c"], side) for side in ("query", "document", "")
  ]


def test_sts_of_a_folder_is_ours(tmp_path):
  theirs, folder = write_sts(tmp_path)
  found, wanted = measured(f"mteb:STSBenchmark={theirs}"), ours(str(folder))
  for name in ("cosine_spearman", "cosine_pearson", "euclidean_spearman"):
    assert found[name] == pytest.approx(wanted[name], abs=1e-6), name
  assert abs(found["cosine_spearman"]) > 0.01


def test_a_split_is_told_by_name(tmp_path):
  theirs, folder = write_sts(tmp_path, "dev")
  # The datasets library calls the split of dev.jsonl so.
  name, task = mteb_task.read(f"mteb:STSBenchmark={theirs}@validation")
  assert name == "STSBenchmark@validation"
  found = task.run(words_model.encode, "cosine")
  assert (found.items, task.main) == (0, "cosine_spearman")
  wanted = ours(f"{folder}@dev")["cosine_spearman"]
  assert found.measure()[task.main] == pytest.approx(wanted, abs=1e-6)


def retrieval_data(graded=True):
  """Documents, queries made of their words, and relevance."""
  random = np.random.default_rng(0)
  documents = words_model.sentences(40, 1)
  corpus = {f"d{i}": text for i, text in enumerate(documents)}
  queries, qrels = {}, {}
  for i in range(12):
    chosen = random.choice(40, 3, replace=False)
    words = [word for n in chosen for word in documents[n].split()[:2]]
    queries[f"q{i}"] = " ".join(words)
    grades = random.integers(1, 3 if graded else 2, 3)
    qrels[f"q{i}"] = {
      f"d{n}": int(grade) for n, grade in zip(chosen, grades, strict=True)
    }
  return corpus, queries, qrels


def write_retrieval(folder: pathlib.Path, corpus, queries, qrels):
  """A retrieval task as the hub has it."""
  folder.mkdir()
  (folder / "README.md").write_text(RETRIEVAL_CARD)
  for name, texts in (("corpus", corpus), ("queries", queries)):
    write(
      folder / f"{name}.jsonl",
      [{"_id": key, "text": text} for key, text in texts.items()],
    )
  write(
    folder / "qrels" / "test.jsonl",
    [
      {"query-id": query, "corpus-id": document, "score": score}
      for query, grades in qrels.items()
      for document, score in grades.items()
    ],
  )
  write(
    folder / "top_ranked.jsonl",
    [{"query-id": query, "corpus-ids": list(corpus)} for query in queries],
  )


@pytest.mark.long
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_retrieval_of_a_folder_is_ours(tmp_path, similarity):
  data = retrieval_data()
  retrieval_folder.write(tmp_path / "ours", *data)
  write_retrieval(tmp_path / "theirs", *data)
  wanted = ours(str(tmp_path / "ours"), similarity=similarity)
  for folder in ("ours", "theirs"):  # which MTEB reads both
    found = measured(f"mteb:SciFact={tmp_path / folder}", similarity=similarity)
    for name in ("ndcg_at_10", "map_at_10", "recall_at_10", "mrr_at_10"):
      # MTEB rounds these to five decimals.
      assert found[name] == pytest.approx(wanted[name], abs=6e-6), name
  assert 0.1 < wanted["ndcg_at_10"] < 1


@pytest.mark.long
def test_reranking_of_a_folder(tmp_path):
  write_retrieval(tmp_path / "theirs", *retrieval_data(graded=False))
  # All documents are candidates of all queries: retrieval and no more.
  found = measured(f"mteb:SciDocsRR={tmp_path / 'theirs'}")
  again = measured(f"mteb:SciFact={tmp_path / 'theirs'}")
  assert found["ndcg_at_10"] == again["ndcg_at_10"]


def labelled(count, seed):
  """Texts whose label is their first word's number."""
  return [
    {"text": text, "label": words_model.WORDS.index(text.split()[0]) % 4}
    for text in words_model.sentences(count, seed)
  ]


@pytest.mark.long
def test_classification_of_a_folder(tmp_path):
  write(tmp_path / "train.jsonl", labelled(80, 1))
  write(tmp_path / "test.jsonl", labelled(40, 2))
  found = measured(f"mteb:Banking77Classification={tmp_path}")
  chance = measured(
    f"mteb:Banking77Classification={tmp_path}",
    lambda texts, side: np.zeros((len(texts), 4), np.float32),
  )
  assert found["accuracy"] > chance["accuracy"] + 0.1


@pytest.mark.long
def test_pair_classification_of_a_folder(tmp_path):
  rows = sts_rows(60)
  pairs = [
    (a, b if i % 2 else f"{a} file", 1 - i % 2)
    for i, (a, b, _) in enumerate(rows)
  ]
  write(
    tmp_path / "theirs" / "test.jsonl",
    [{"sent1": a, "sent2": b, "labels": y} for a, b, y in pairs],
  )
  write(
    tmp_path / "ours" / "test.jsonl",
    [{"s1": a, "s2": b, "label": y} for a, b, y in pairs],
  )
  found = measured(f"mteb:TwitterURLCorpus={tmp_path / 'theirs'}")
  wanted = ours(str(tmp_path / "ours"))
  assert found["cosine_ap"] == pytest.approx(wanted["cosine_ap"], abs=1e-6)


@pytest.mark.long
def test_bitext_of_a_folder_is_ours(tmp_path):
  pairs = [(a, f"{a} {b}") for a, b, _ in sts_rows(60)]
  write(
    tmp_path / "theirs" / "test.jsonl",
    [{"sentence1": a, "sentence2": b} for a, b in pairs],
  )
  write(tmp_path / "ours" / "test.jsonl", pairs)
  found = measured(f"mteb:BornholmBitextMining={tmp_path / 'theirs'}")
  assert 0 < found["f1"] < 1
  assert found["accuracy"] > 0.2


@pytest.mark.long
def test_clustering_of_a_folder(tmp_path):
  rows = labelled(120, 1)
  of_all = {  # a row is a whole clustering there
    "sentences": [row["text"] for row in rows],
    "labels": [row["label"] for row in rows],
  }
  write(tmp_path / "test.jsonl", [of_all])
  found = measured(f"mteb:TwentyNewsgroupsClustering.v2={tmp_path}")
  assert 0 < found["v_measure"] < 1


WRONG = [
  ("mteb:STSBenchmrk", "Did you mean: 'STSBenchmark'"),
  ("mteb:STSBenchmark=/nowhere", "'/nowhere' is no folder with files"),
  ("mteb:CQADupstackRetrieval", "CQADupstackAndroidRetrieval"),
  ("mteb:STSBenchmark={}", "has no split 'test' .* it has validation"),
  ("mteb:STSBenchmark={}@validation", "cannot be evaluated .*'score'.* a copy"),
  ("mteb:TwitterURLCorpus={}", "cannot be loaded .* a copy of the task's"),
]


@pytest.mark.parametrize(("written", "message"), WRONG)
def test_wrong_input_is_one_line(tmp_path, written, message):
  write(tmp_path / "dev.jsonl", [{"sentence1": "a", "sentence2": "b"}])
  with pytest.raises(program.BadInput, match=message) as error:
    _, task = mteb_task.read(written.format(tmp_path))
    task.run(words_model.encode, "cosine")
  assert "\n" not in str(error.value)


def test_a_retrieval_folder_serves_no_other_task(tmp_path):
  retrieval_folder.write(tmp_path / "ours", *retrieval_data())
  with pytest.raises(program.BadInput, match="none of mteb's retrieval tasks"):
    mteb_task.read(f"mteb:STSBenchmark={tmp_path / 'ours'}")


def test_without_mteb_it_says_what_to_install(monkeypatch):
  monkeypatch.setitem(sys.modules, "mteb", None)
  with pytest.raises(program.BadInput, match="requirements-mteb.txt"):
    mteb_task.read("mteb:STSBenchmark")
