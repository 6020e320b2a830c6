"""Tests of data/retrieval_folder.py."""

import gzip
import json
import pathlib

import pytest

from data import program
from data import retrieval_folder

CORPUS = {"p1": "Straße\t1\n", "p 2": 'say "hi"', "p3": "\u2028"}
QUERIES = {"q1": "where?", "q2": "what?", "q3": "who?"}
QRELS = {"q2": {"p3": 2, "p 2": 1}, "q1": {"p1": 1}}


def write_plain(
  folder: pathlib.Path,
  corpus: str = '{"_id": "p1", "text": "one"}\n',
  queries: str = '{"_id": "q1", "text": "two"}\n',
  qrels: str = "query-id\tcorpus-id\tscore\nq1\tp1\t1\n",
) -> None:
  """Writes a retrieval folder of unpacked files."""
  (folder / "corpus.jsonl").write_text(corpus)
  (folder / "queries.jsonl").write_text(queries)
  (folder / "qrels.tsv").write_text(qrels)


def test_it_reads_what_it_wrote(tmp_path: pathlib.Path) -> None:
  retrieval_folder.write(tmp_path / "task", CORPUS, QUERIES, QRELS)
  task = retrieval_folder.read(tmp_path / "task")
  assert task == retrieval_folder.RetrievalTask(CORPUS, QUERIES, QRELS)
  assert [path.name for path in tmp_path.iterdir()] == ["task"]


def test_the_files_are_beirs(tmp_path: pathlib.Path) -> None:
  retrieval_folder.write(tmp_path / "task", CORPUS, QUERIES, QRELS)
  packed = (tmp_path / "task" / "corpus.jsonl.gz").read_bytes()
  lines = gzip.decompress(packed).decode().split("\n")
  assert json.loads(lines[0]) == {"_id": "p1", "text": "Straße\t1\n"}
  assert len(lines) == 4
  assert (tmp_path / "task" / "qrels.tsv").read_text() == (
    "query-id\tcorpus-id\tscore\nq2\tp3\t2\nq2\tp 2\t1\nq1\tp1\t1\n"
  )


def test_the_same_content_gives_the_same_bytes(tmp_path: pathlib.Path) -> None:
  for name in ("one", "two"):
    retrieval_folder.write(tmp_path / name, CORPUS, QUERIES, QRELS)
  for path in (tmp_path / "one").iterdir():
    assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    # Bytes 4 to 8 are the time, and bit 3 of byte 3 says that a name follows.
    if path.suffix == ".gz":
      assert path.read_bytes()[3:8] == bytes(5)


def test_plain_files_titles_and_blank_lines(tmp_path: pathlib.Path) -> None:
  write_plain(
    tmp_path,
    corpus='\n{"_id": "p1", "title": "On", "text": "one", "metadata": {}}\r\n',
    qrels="query-id\tcorpus-id\tscore\r\nq1\tp1\t1\r\n\r\n",
  )
  task = retrieval_folder.read(tmp_path)
  assert task.corpus == {"p1": "On one"}
  assert task.qrels == {"q1": {"p1": 1}}


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ({"corpus": "{}\n"}, "corpus.jsonl, line 1 is '{}'"),
    ({"corpus": "[1]\n"}, "line 1"),
    ({"corpus": '\n{"_id": 1, "text": "a"}'}, "line 2"),
    (
      {"queries": '{"_id": "a", "text": "b"}\n' * 2},
      "line 2 has _id 'a' again",
    ),
    ({"queries": "\n"}, "queries.jsonl is empty"),
    ({"qrels": ""}, "qrels.tsv is ''; wanted the header"),
    ({"qrels": "q1\tp1\t1\n"}, "line 1 is 'q1.*wanted the header"),
    ({"qrels": "query-id\tcorpus-id\tscore\n"}, "judges no query"),
    ({"qrels": "query-id\tcorpus-id\tscore\nq1 p1 1\n"}, "line 2 is 'q1 p1 1'"),
    ({"qrels": "query-id\tcorpus-id\tscore\nq1\tp1\t0.5\n"}, "whole number"),
    (
      {"qrels": "query-id\tcorpus-id\tscore\nq1\tp2\t1\n"},
      "line 2 names 'p2', which is not in the corpus",
    ),
    (
      {"qrels": "query-id\tcorpus-id\tscore\np1\tp1\t1\n"},
      "line 2 names 'p1', which is not in the queries",
    ),
  ],
)
def test_what_is_wrong_is_named(
  tmp_path: pathlib.Path, given: dict[str, str], message: str
) -> None:
  write_plain(tmp_path, **given)
  with pytest.raises(program.BadInput, match=message):
    retrieval_folder.read(tmp_path)


def test_a_missing_or_broken_file_is_named(tmp_path: pathlib.Path) -> None:
  with pytest.raises(program.BadInput, match=r"neither corpus\.jsonl\.gz nor"):
    retrieval_folder.read(tmp_path)
  retrieval_folder.write(tmp_path / "task", CORPUS, QUERIES, QRELS)
  path = tmp_path / "task" / "queries.jsonl.gz"
  whole = path.read_bytes()
  for broken in (whole[:-9], b"no archive", whole[:12] + b"xx" + whole[14:]):
    path.write_bytes(broken)
    with pytest.raises(program.BadInput, match=r"queries\.jsonl\.gz cannot be"):
      retrieval_folder.read(tmp_path / "task")
  write_plain(tmp_path)
  (tmp_path / "corpus.jsonl").write_bytes(b"\xff\n")
  with pytest.raises(program.BadInput, match=r"corpus\.jsonl cannot be read"):
    retrieval_folder.read(tmp_path)


def test_each_split_of_a_beir_folder_has_its_judgements(tmp_path):
  folder = tmp_path / "task"
  retrieval_folder.write(folder, {"p1": "a"}, {"q1": "b", "q2": "c"}, {})
  (folder / "qrels").mkdir()
  for split, query in (("dev", "q1"), ("test", "q2")):
    (folder / "qrels" / f"{split}.tsv").write_text(
      f"query-id\tcorpus-id\tscore\n{query}\tp1\t2\n"
    )
  (folder / "qrels.tsv").unlink()
  assert retrieval_folder.is_one(folder)
  assert retrieval_folder.read(folder).qrels == {"q2": {"p1": 2}}
  assert retrieval_folder.read(folder, "dev").qrels == {"q1": {"p1": 2}}
  with pytest.raises(program.BadInput, match="'train'; it has dev, test"):
    retrieval_folder.read(folder, "train")


def test_without_judgements_it_is_none(tmp_path):
  assert not retrieval_folder.is_one(tmp_path)
  retrieval_folder.write(tmp_path / "task", {"p1": "a"}, {"q1": "b"}, {})
  (tmp_path / "task" / "qrels.tsv").unlink()
  with pytest.raises(program.BadInput, match="has neither qrels.tsv nor"):
    retrieval_folder.read(tmp_path / "task")
