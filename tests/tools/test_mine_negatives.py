"""Tests of tools/mine_negatives.py: from a data set to one that trains."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest

from data import records
from embeddings import encode
from tests import conftest
from tests import programs
from tests.data import raw_set
from tests.embeddings.mining import made


@pytest.fixture
def data(tmp_path):
  """40 pairs, in a folder."""
  return made.data_set(tmp_path / "pairs", conftest.pairs(40), "pairs").folder


def command(data: pathlib.Path, out: pathlib.Path, *more: str) -> list[str]:
  """The program with the flags that it needs."""
  return ["tools.mine_negatives", f"--data={data}", f"--out={out}", *more]


def test_the_program_mines_the_nearest(data, trained, tmp_path, run_program):
  extra = tmp_path / "extra.txt"
  extra.write_text("def read_file_0(file):\n\nsomething else\n")
  given = command(
    data,
    tmp_path / "mined",
    f"--model={trained}",
    f"--corpus={extra}",
    "--range_min=2",
    "--num_negatives=3",
    "--keep_scores",
  )
  ended = run_program(*given)
  assert ended.code == 0, ended
  assert (ended.result["pairs"], ended.result["negatives"]) == (40, 120)
  assert ended.result["resumed"] == {"vectors": 0, "pairs": 0}
  assert ended.result["peak_bytes"] > 0
  found = records.DataSet(tmp_path / "mined")
  assert found.manifest.kind == "scored_triplets"
  assert found.manifest.filters["mine_negatives"]["range_min"] == 2
  encoder, pairs = encode.load(str(trained)), conftest.pairs(40)
  documents = [code for _, code in pairs] + extra.read_text().split("\n")[::2]
  vectors = encoder.comparable(documents, "document")
  for query, positive, *negatives, scores in found.read(range(40)):
    near = vectors @ encoder.comparable([query], "query")[0]
    own = documents.index(positive)
    order = [n for n in np.argsort(-near, kind="stable") if n != own]
    # Some are so near each other that a batch of other texts turns them.
    np.testing.assert_allclose(scores, near[[own, *order[2:5]]], atol=1e-5)
    there = [near[documents.index(text)] for text in negatives]
    np.testing.assert_allclose(scores[1:], there, atol=1e-5)
    assert len({positive, *negatives}) == 4
  before = programs.contents(tmp_path)
  again = run_program(*given)
  assert "mined is whole already" in again.err
  assert again.result["pairs"] == 40 and again.result["seconds_of"] == {}
  assert programs.contents(tmp_path) == before
  line = programs.bad_input(run_program(*given, "--range_min=1"))
  assert "is a data set with range_min 2, wanted 1; give another --out" in line


def test_words_find_negatives_beside_those_that_are_there(
  tmp_path, run_program
):
  found = [(*pair, f"no {n}") for n, pair in enumerate(conftest.pairs(30))]
  found.append(("nothing shared", "with others", "at all"))
  data = made.data_set(tmp_path / "set", found).folder
  ranked = ("--by=bm25", "--range_min=0", "--num_negatives=2")
  for existing, columns in (("keep", 5), ("drop", 4)):
    out = tmp_path / existing
    ended = run_program(*command(data, out, *ranked, f"--existing={existing}"))
    dropped = ended.result["dropped"]
    reason = {"keep": "pairs_with_too_few", "drop": "pairs_without_negatives"}
    assert dropped[reason[existing]] == 1, ended
    mined = records.DataSet(out)
    assert len(mined) == ended.result["pairs"] == 30
    own = {query: rest for query, *rest in found}
    for query, positive, *negatives in mined.read(range(30)):
      assert len(negatives) == columns - 2
      assert positive == own[query][0] not in negatives
      if existing == "keep":
        assert negatives[0] == own[query][1] not in negatives[1:]


def test_wrong_input_is_one_line(data, trained, tmp_path, run_program):
  scored = raw_set.write(
    tmp_path / "scored",
    [b'["a", "b", 1.5]'],
    kind="scored",
    columns=("one", "other", "score"),
  )
  model, out = f"--model={trained}", tmp_path / "mined"
  for given, says in [
    (command(data, out), "--model is missing"),
    (command(data, out, model, "--by=bm25"), "ranks nothing beside --by=bm25"),
    (command(data, out, model, "--range_max=10"), "cannot be had; wanted 1 to"),
    (command(data, out, model, "--column=query"), "there are none; leave it"),
    (command(data, out, model, "--corpus=no.txt"), "--corpus=no.txt is not"),
    (command(data, data, model), "is a data set with texts None, wanted"),
    (command(scored.folder, out, model), "holds scored; wanted pairs or"),
    (
      command(data, out, "--by=bm25", "--min_score=999", "--max_score=999"),
      "no pair of",
    ),
  ]:
    ended = run_program(*given)
    assert ended.code == 2 and says in ended.err.splitlines()[-1], ended
  assert not out.exists()


# Ends itself in the midst of encoding or mining.
_KILLED = """
import os, signal, sys
from data import growing, program, stretches
from embeddings.mining import encoded, mined, work
from tools import mine_negatives

encoded.STRETCH, growing.JOURNAL_S = 16, 0.0
mined.mine.__kwdefaults__["stretch"] = 8
where = sys.argv.pop(1)
left = 4

def dying(call):
  def call_and_die(*given):
    global left
    call(*given)
    left -= 1
    if not left:
      os.kill(os.getpid(), signal.SIGKILL)
  return call_and_die

if where == "encoding":
  stretches.Stretches.mark = dying(stretches.Stretches.mark)
if where == "mining":
  growing.Files.keep = dying(growing.Files.keep)
mine_negatives.define_flags()
program.run(mine_negatives.main)
"""


@pytest.mark.long  # It starts five processes that import all there is.
def test_a_run_that_is_killed_goes_on_to_the_same_bytes(
  data, trained, tmp_path
):
  def run(where: str, name: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / name).mkdir(exist_ok=True)
    _, *given = command(
      data, tmp_path / name / "mined", f"--model={trained}", "--keep_scores"
    )
    return subprocess.run(
      [sys.executable, "-c", _KILLED, where, *given],
      cwd=programs.ROOT,
      env=os.environ | programs.environment(),
      capture_output=True,
      text=True,
      check=False,
    )

  assert run("", "whole").returncode == 0
  whole = programs.contents(tmp_path / "whole")
  for where in ("encoding", "mining"):
    assert run(where, where).returncode == -signal.SIGKILL
    assert not (tmp_path / where / "mined").exists()
    ended = run("", where)
    resumed = programs.Ended(ended.returncode, ended.stdout, "").result
    wanted = {"vectors": 56, "pairs": 0}
    if where == "mining":  # All of both, and four stretches.
      wanted = {"vectors": 80, "pairs": 32}
    assert resumed["resumed"] == wanted, ended.stderr
    assert programs.contents(tmp_path / where) == whole


@pytest.mark.long  # It trains a model, and then another.
def test_what_is_mined_trains_at_once(corpus, trained, tmp_path, run_program):
  copy = tmp_path / "corpus"
  shutil.copytree(corpus, copy)
  shutil.rmtree(copy / "code")
  given = command(corpus / "code", copy / "code", f"--model={trained}")
  assert run_program(*given, "--num_negatives=2").result["pairs"] == 100
  ended = run_program(
    *programs.train_command(copy, tmp_path / "run", "--config.data.negatives=2")
  )
  assert ended.code == 0, ended
