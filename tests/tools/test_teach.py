"""Tests of tools/teach.py: each text's vector is what its teacher gives."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import jax
import numpy as np
import pytest

from data import faults
from data import kinds
from data import program
from data import records
from data import vectors
from embeddings import encode
from tests import conftest
from tests import programs
from tests.data import raw_set
from tests.data import token_caches
from tools import teach


@pytest.fixture(scope="module")
def teacher(trained):
  """A model that tells queries from documents by their prompts."""
  encoder = encode.load(str(trained))
  encoder.prompts = {"query": "find ", "document": "see "}
  return encoder


@pytest.fixture
def data_set(tmp_path):
  """40 triplets, some with two negatives."""
  found = [
    (*pair, *(f"not {i} {j}" for j in range(1 + i % 2)))
    for i, pair in enumerate(conftest.pairs(40))
  ]
  return token_caches.write(tmp_path / "set", "triplets", found)


def command(trained: pathlib.Path, *folders: pathlib.Path) -> list[str]:
  """The program with the flags that it needs."""
  data = ",".join(map(str, folders))
  return ["tools.teach", f"--model={trained}", f"--data={data}", "--name=own"]


@pytest.mark.parametrize(
  "columns, side, sides",
  [
    ("all", "", ("", "")),
    ("query", "query", ("query", "query")),
    ("all", "by_column", ("query", "document")),
  ],
)
def test_vectors_are_those_that_the_teacher_gives(
  data_set, teacher, columns, side, sides, monkeypatch
):
  monkeypatch.setattr(teach, "CHUNK_RECORDS", 16)
  own = teach.Teacher(teacher, "own", side, columns, "float32")
  contents = teach.teach(data_set, own, "own", faults=faults.Faults())
  found = vectors.Vectors(data_set, "own")
  assert found.contents == contents
  texts = [kinds.texts("triplets", r) for r in data_set.read(range(40))]
  for column in range(4):
    there = [i for i, record in enumerate(texts) if column < len(record)]
    read = found.read(np.array(there), np.full((len(there), 1), column))
    wanted = teacher.encode(
      [texts[i][column] for i in there], side=sides[column > 0]
    )
    if column and columns == "query":
      wanted = np.zeros_like(wanted)
    # Texts are packed with others here, which turns the last bits.
    np.testing.assert_allclose(read[:, 0], wanted, atol=1e-5)


def test_the_program_leaves_alone_what_is_whole(
  trained, write_pairs, run_program
):
  folders = write_pairs(30, "a"), write_pairs(20, "b")
  given = command(trained, *folders)
  ended = run_program(*given)
  assert ended.code == 0, ended
  result = ended.result
  assert (result["data_sets"], result["records"]) == (2, 50)
  assert (result["texts"], result["width"]) == (100, 32)
  assert result["bytes"] == 100 * 32 * 2
  before = programs.contents(folders[0] / "vectors")
  again = run_program(*given)
  assert again.err.count("is whole already") == 2
  assert again.result["texts_per_s"] == 0
  assert programs.contents(folders[0] / "vectors") == before
  line = programs.bad_input(run_program(*given, "--dtype=float32"))
  assert "other vectors, with dtype 'float16', wanted 'float32'; give" in line


# Ends itself in the midst of writing, after so many writes to files.
_KILLED = """
import os, signal, sys
from data import growing, program
from tools import teach

teach.CHUNK_RECORDS, growing.JOURNAL_S = 16, 0.0
put, left = growing.Files.put, 4

def put_and_die(self, name, content):
  global left
  put(self, name, content)
  left -= 1
  if not left:
    for file in self._files.values():
      file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv.pop(1) == "die":
  growing.Files.put = put_and_die
teach.define_flags()
program.run(teach.main)
"""


@pytest.mark.long  # It starts three processes that import all there is.
def test_a_run_that_is_killed_goes_on_to_the_same_bytes(
  data_set, trained, tmp_path
):
  shutil.copytree(data_set.folder, tmp_path / "copy")

  def run(folder: pathlib.Path, how: str) -> subprocess.CompletedProcess[str]:
    _, *given = command(trained, folder)
    return subprocess.run(
      [sys.executable, "-c", _KILLED, how, *given],
      cwd=programs.ROOT,
      env=os.environ | programs.environment(),
      capture_output=True,
      text=True,
      check=False,
    )

  assert run(data_set.folder, "live").returncode == 0
  killed = run(tmp_path / "copy", "die")
  assert killed.returncode == -signal.SIGKILL, killed
  copy = records.DataSet(tmp_path / "copy")
  assert not vectors.available(copy, "own")
  assert "going on at record 16" in run(copy.folder, "live").stderr
  whole = programs.contents(data_set.folder / "vectors")
  assert programs.contents(copy.folder / "vectors") == whole


def test_bad_records_are_skipped_as_in_reading(tmp_path, teacher):
  encoded = [kinds.encode(pair) for pair in conftest.pairs(20)]
  encoded[7] = b'["alone"]'
  data_set = raw_set.write(tmp_path / "set", encoded)
  own = teach.Teacher(teacher, "own")
  with pytest.raises(program.BadInput, match="record 7 of"):
    teach.teach(data_set, own, "own", faults=faults.Faults())
  skip = faults.Faults("skip", 1)
  contents = teach.teach(data_set, own, "own", faults=skip)
  assert contents.skipped == skip.met == 1
  found = vectors.Vectors(data_set, "own").read(
    np.array([7, 8]), np.array([[0, 1], [0, 1]])
  )
  np.testing.assert_array_equal(found[0], found[1])  # Number 8 stands for it.
  assert found.any()


def test_wrong_input_is_one_line(trained, write_pairs, run_program):
  folder = write_pairs(10)
  for changed, says in [
    ("--name=a/b", "cannot have the name 'a/b'"),
    ("--data=/nowhere", "/nowhere is not a data set"),
    ("--side=title", "--side"),
  ]:
    line = programs.bad_input(run_program(*command(trained, folder), changed))
    assert says in line
  assert not (folder / "vectors").exists()


def test_what_stands_there_says_who_made_it(write_pairs, teacher):
  data_set = records.DataSet(write_pairs(10))
  own = teach.Teacher(teacher, "own", "by_column")
  contents = teach.teach(data_set, own, "own", faults=faults.Faults())
  path = vectors.folder_of(data_set, "own") / vectors.FILE
  about = json.loads(path.read_text())["about"]
  assert about["prompts"] == ["find ", "see "]
  assert about["teacher"] == "own" and about["side"] == "by_column"
  assert contents.about.data == data_set.manifest.digest
  moved = teach.Teacher(teacher, "elsewhere", "by_column")
  again = teach.teach(data_set, moved, "own", faults=faults.Faults())
  assert again.about.teacher == "own"
  changed = jax.tree.map(lambda x: x * 1.01, teacher.params)
  other = encode.Encoder(
    teacher.model, changed, teacher.tokenizer, teacher.prompts
  )
  with pytest.raises(program.BadInput, match="other vectors, with weights"):
    teach.teach(
      data_set,
      teach.Teacher(other, "own", "by_column"),
      "own",
      faults=faults.Faults(),
    )
