"""Files and data sets give their documents, each with an id."""

import gzip
import json

import pytest

from data import program
from data.sources import corpus


@pytest.fixture
def files(tmp_path):
  rows = [
    {"_id": "p1", "text": "one"},
    {"_id": "p2", "title": "The", "text": "two"},
    {"_id": "p3", "title": None, "text": ""},
  ]
  text = "".join(json.dumps(row) + "\n\n" for row in rows)
  (tmp_path / "a.jsonl").write_text(text)
  with gzip.open(tmp_path / "b.txt.gz", "wt") as file:
    file.write("\ufefffour\n\n five\r\n")
  return tmp_path


def read(*names, column=""):
  found = corpus.Corpus(corpus.find([str(name) for name in names]), column)
  return [(one.name, one.text, one.where.rsplit("/")[-1]) for one in found]


def test_lines_become_documents(files):
  wanted = [
    ("p1", "one", "a.jsonl, line 1"),
    ("p2", "The two", "a.jsonl, line 3"),
    ("p3", "", "a.jsonl, line 5"),
    ("3", "four", "b.txt.gz, line 1"),
    ("4", " five", "b.txt.gz, line 3"),
  ]
  assert read(files / "a.jsonl", files / "b.txt.gz") == wanted
  assert read(f"{files}/a.jsonl,{files}/b.*") == wanted
  assert read(f"{files}/[ab].*") == wanted


def test_a_column_of_a_data_set(write_pairs):
  folder = write_pairs(20, "code")
  found = read(folder, column="code")
  assert [name for name, _, _ in found] == [f"code:{n}" for n in range(20)]
  assert all(text.startswith("def ") for _, text, _ in found)
  assert len({text for _, text, _ in found}) == 20


def test_a_stamp_tells_of_changes(files):
  path = files / "a.jsonl"
  one = corpus.Corpus([path])
  stamp, digests = one.stamp(), one.digests()
  path.write_bytes(path.read_bytes())
  assert one.digests() == digests
  path.write_text('{"_id": "p1", "text": "uno"}\n')
  assert one.stamp() != stamp
  assert one.digests() != digests


def test_what_cannot_be_read_is_named(files, write_pairs):
  bad = files / "bad.jsonl"
  for line in ('{"_id": 3, "text": "x"}', '{"text": "x"}', "[1]", "no"):
    bad.write_text(f'{{"_id": "p", "text": "x"}}\n{line}\n')
    with pytest.raises(program.BadInput, match=r"bad.jsonl, line 2 .*wanted"):
      read(bad)
  bad.write_text('{"_id": "p"}\n')
  with pytest.raises(program.BadInput, match="line 1 .*wanted"):
    read(bad)
  (files / "c.parquet").write_text("x")
  with pytest.raises(program.BadInput, match="'.parquet', wanted .jsonl"):
    read(files / "c.parquet")
  with pytest.raises(program.BadInput, match="nowhere is not there"):
    read(files / "nowhere")
  with pytest.raises(program.BadInput, match="--column= .*documentation, code"):
    read(write_pairs(5))
  with pytest.raises(program.BadInput, match="--column=x is of data set"):
    read(files / "a.jsonl", column="x")
