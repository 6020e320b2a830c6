"""The benchmark of texts to vectors, on a tiny model and no claim of speed."""

import gzip
import json

import pytest

from data import program
from data import tokens
from tests import conftest
from tests import programs
from tools.bench import operations
from tools.bench import real_texts

SMALL = ("--texts=12,3,8", "--rounds=1", "--batch_sizes=4,8")
RATES = ("texts_per_s", "tokens_per_s", "peak_bytes", "fill")
OURS = ("difference", "stages", "operations")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
  """A folder of pairs, as real ones are kept; some texts are long."""
  folder = tmp_path_factory.mktemp("real") / "code"
  folder.mkdir()
  rows = [(words, code * (1 + i % 4)) for i, (words, code) in enumerate(PAIRS)]
  with gzip.open(folder / "pairs.jsonl.gz", "wt", encoding="utf-8") as file:
    file.writelines(json.dumps(row) + "\n" for row in rows)
  return folder.parent


PAIRS = conftest.pairs(40)


def bench(run_program, real, model, *given):
  return run_program(
    "tools.bench.encode", *SMALL, f"--data={real}", f"--model={model}", *given
  )


def keys(part):
  return {
    *(f"{name}_{part}" for name in (*RATES, *OURS)),
    *(f"{name}_{part}_theirs" for name in (*RATES, "batch_size")),
    f"ratio_{part}",
    f"ratio_{part}_quartiles",
  }


@pytest.mark.long
def test_it_sets_both_side_by_side(run_program, real, exported):
  ended = bench(run_program, real, exported)
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == set.union(*map(keys, real_texts.PARTS))
  for part in real_texts.PARTS:
    low, high = result[f"ratio_{part}_quartiles"]
    assert 0 < low <= result[f"ratio_{part}"] <= high
    assert result[f"difference_{part}"] <= 1e-5
    assert result[f"batch_size_{part}_theirs"] in (4, 8)
    assert 0 < result[f"fill_{part}"] <= 1
    # Both have the same tokens.
    ours, theirs = (
      result[f"tokens_per_s_{part}{who}"] / result[f"texts_per_s_{part}{who}"]
      for who in ("", "_theirs")
    )
    assert ours == pytest.approx(theirs)
    assert min(result[f"stages_{part}"].values()) > 0
    shares = result[f"operations_{part}"]
    assert sum(shares.values()) == pytest.approx(1)
    assert {"MLP products", "attention's products", "norms"} <= shares.keys()
  table = [line.split()[:2] for line in ended.out.splitlines()[2:8]]
  assert table == [
    [part, name] for part in real_texts.PARTS for name in ("ours", "theirs")
  ]


@pytest.mark.long
def test_ours_may_stand_alone(run_program, real, exported):
  ended = bench(run_program, real, exported, "--against=nothing")
  assert ended.code == 0, ended
  missing = {key for key, value in ended.result.items() if value is None}
  assert missing == {
    key
    for part in real_texts.PARTS
    for key in keys(part)
    if key.endswith("_theirs") or key.startswith(("ratio", "difference"))
  }


@pytest.mark.long
def test_a_model_of_ours_alone_is_refused_beside_theirs(
  run_program, real, trained
):
  line = programs.bad_input(bench(run_program, real, trained))
  assert "is no model to sentence-transformers" in line


def test_parts_have_texts_of_their_lengths(real, tokenizer_folder):
  texts = real_texts.read(str(real), most=30)
  assert len(texts) == len(set(texts)) == 60
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=64)
  counts = {"short": 10, "long": 5, "mixed": 1_000}
  found = real_texts.parts(texts, tokenizer, counts)
  lengths = {
    part: [len(ids) for ids in tokenizer.encode(of)]
    for part, of in found.items()
  }
  assert len(found["short"]) == 10 and max(lengths["short"]) <= 32
  assert len(found["long"]) == 5 and min(lengths["long"]) == 64
  assert sorted(found["mixed"]) == sorted(texts)


def test_what_is_missing_is_named(real, tokenizer_folder, tmp_path):
  with pytest.raises(program.BadInput, match=r"no file named pairs\.jsonl\.gz"):
    real_texts.read(str(tmp_path), most=1)
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=64)
  counts = dict.fromkeys(real_texts.PARTS, 1)
  with pytest.raises(program.BadInput, match="no long texts among 1;"):
    real_texts.parts(["read the file"], tokenizer, counts)


def test_operations_are_told_apart_by_their_names():
  names = {
    "inputs/gather": "embeddings",
    "inputs/norm/rsqrt": "norms",
    "slice": "weights cut out of the stack",
    "closed_call/attention/key/dot_general": "attention's maps",
    "closed_call/attention/nhqk,nhsk->nhqs/dot_general": "attention's products",
    "closed_call/attention/exp": "rest of attention",
    "closed_call/attention_norm/sub": "norms",
    "closed_call/down/dot_general": "MLP products",
    "closed_call/jit(gelu)/erf": "activations and sums",
  }
  for name, kind in names.items():
    assert operations.kind_of(f"jit(embed)/encoder/{name}") == kind
  assert operations.kind_of("jit(embed)/vmap()/scatter-add") == "pooling"
  assert set(names.values()) | {"pooling"} == set(operations.KINDS)
