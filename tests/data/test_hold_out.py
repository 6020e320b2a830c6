"""What is held out is never trained on, and can be found."""

import json

import pytest

from data import hold_out
from data import identity
from data import records
from data import retrieval_folder


@pytest.fixture
def folder(tmp_path):
  """120 pairs of 60 queries, every other in capitals, and 40 documents."""
  path = tmp_path / "faq"
  with records.Writer(
    path, name="faq", kind="pairs", columns=("query", "document")
  ) as writer:
    for number in range(120):
      query = f"question number {number % 60}"
      document = f"answer number {number * 7 % 40}"
      writer.write((query.upper() if number < 60 else query, document))
  return path


def run(run_program, folder, out, *more):
  return run_program("data.hold_out", f"--data={folder}", f"--out={out}", *more)


def test_nothing_of_a_held_out_query_is_trained_on(
  run_program, folder, tmp_path
):
  ended = run(run_program, folder, tmp_path / "out", "--queries=15")
  assert ended.code == 0, ended
  found = json.loads(ended.out.splitlines()[-1])
  train = records.DataSet(tmp_path / "out" / "train")
  test = retrieval_folder.read(tmp_path / "out" / "test")
  assert found["train"] == len(train) == 90
  assert found["queries"] == len(test.queries) == len(test.qrels) == 15
  # All documents are there to be found, those that are trained on too.
  assert found["corpus"] == len(test.corpus) == 40
  trained = {identity.hash_text(query) for query, _ in train.read(range(90))}
  held_out = {identity.hash_text(text) for text in test.queries.values()}
  assert not trained & held_out and len(trained | held_out) == 60
  # Each query has the documents that it has in the data set.
  everything = records.DataSet(folder).read(range(120))
  for name, relevant in test.qrels.items():
    same = identity.hash_text(test.queries[name])
    wanted = {d for q, d in everything if identity.hash_text(q) == same}
    assert {test.corpus[document] for document in relevant} == wanted


def test_the_seed_and_the_texts_say_which(folder):
  data_set = records.DataSet(folder)
  one, again = (hold_out.chosen(data_set, 15, 0) for _ in range(2))
  assert one.tolist() == again.tolist()
  assert set(one) < set(hold_out.chosen(data_set, 30, 0))
  assert one.tolist() != hold_out.chosen(data_set, 15, 1).tolist()


def test_too_many_and_other_kinds_are_one_line(run_program, folder, tmp_path):
  ended = run(run_program, folder, tmp_path / "out", "--queries=60")
  assert ended.code == 2 and "has 60 queries; wanted fewer" in ended.err
  texts = tmp_path / "texts"
  with records.Writer(
    texts, name="texts", kind="texts", columns=("text",)
  ) as writer:
    writer.write(("one",))
  ended = run(run_program, texts, tmp_path / "out")
  assert ended.code == 2 and "is a data set of texts; wanted pairs" in ended.err
  assert not (tmp_path / "out").exists()


def test_negatives_are_in_the_corpus_and_answer_nothing(tmp_path):
  with records.Writer(
    tmp_path / "faq",
    name="faq",
    kind="triplets",
    columns=("query", "document", "negative"),
  ) as writer:
    for number in range(20):
      writer.write((f"question {number}", f"answer {number}", f"no {number}"))
  data_set = records.DataSet(tmp_path / "faq")
  found = hold_out.task(data_set, hold_out.chosen(data_set, 5, 0))
  assert len(found.corpus) == 40 and len(found.queries) == 5
  for name, relevant in found.qrels.items():
    (document,) = relevant
    query = found.queries[name]
    assert found.corpus[document] == query.replace("question", "answer")
