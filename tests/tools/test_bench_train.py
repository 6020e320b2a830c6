"""The benchmark of training steps, on a tiny model and no claim of speed."""

import gzip
import json

import numpy as np
import pytest

from data import tokens
from tests import conftest
from tools.bench import counts
from tools.bench import mix

SMALL = ("--sizes=8,4", "--batches=2,1", "--rounds=1", "--max_length=32")
RATES = ("pairs_per_s", "tokens_per_s", "peak_bytes", "fill")


@pytest.fixture(scope="module")
def real(tmp_path_factory):
  """A folder of pairs, as real ones are kept; some texts are equal."""
  folder = tmp_path_factory.mktemp("real")
  pairs = conftest.pairs(90)
  for name, rows in (("faq", pairs[:40]), ("code", pairs[20:])):
    (folder / name).mkdir()
    with gzip.open(folder / name / "pairs.jsonl.gz", "wt") as file:
      file.writelines(json.dumps(row) + "\n" for row in rows)
  return folder


def bench(run_program, real, model, *given):
  return run_program(
    "tools.bench.train", *SMALL, f"--data={real}", f"--model={model}", *given
  )


def keys(size):
  ours = {f"{name}_batch_{size}" for name in RATES}
  return {
    *ours,
    *(f"{key}_theirs" for key in ours),
    f"ratio_batch_{size}",
    f"ratio_batch_{size}_quartiles",
    f"loss_difference_batch_{size}",
    f"compile_seconds_batch_{size}",
  }


@pytest.mark.long
def test_it_sets_both_side_by_side(run_program, real, exported):
  ended = bench(run_program, real, exported)
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == keys(8) | keys(4)
  assert result["loss_difference_batch_8"] <= 1e-4
  for size in (8, 4):
    low, high = result.pop(f"ratio_batch_{size}_quartiles")
    assert 0 < low <= result[f"ratio_batch_{size}"] <= high
    assert result[f"fill_batch_{size}"] <= 1
    tokens_a_pair = {
      result[f"tokens_per_s_batch_{size}{who}"]
      / result[f"pairs_per_s_batch_{size}{who}"]
      for who in ("", "_theirs")
    }
    assert max(tokens_a_pair) == pytest.approx(min(tokens_a_pair))
  table = [line.split()[0] for line in ended.out.splitlines()[:-1]]
  assert table.count("ours") == table.count("theirs") == 2


@pytest.mark.long
def test_ours_may_stand_alone_and_with_dropout(run_program, real, exported):
  given = ("--against=nothing", "--dropout=0.1", "--sizes=8", "--batches=1")
  ended = bench(run_program, real, exported, *given)
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == keys(8)
  missing = {key for key, value in result.items() if value is None}
  assert missing == {
    "ratio_batch_8",
    "ratio_batch_8_quartiles",
    "loss_difference_batch_8",
    *(f"{name}_batch_8_theirs" for name in RATES),
  }


@pytest.mark.long
def test_the_real_model_under_dropout(run_program, real, minilm):
  given = ("--dropout=0.1", "--sizes=4", "--batches=1", "--rounds=1")
  ended = bench(run_program, real, minilm, *given)
  assert ended.code == 0, ended
  assert ended.result["ratio_batch_4"] > 0
  assert ended.result["loss_difference_batch_4"] is None


def test_both_forms_hold_the_same_texts(real, tmp_path, tokenizer_folder):
  mixture = mix.open_mixture(str(real), tmp_path, most=30)
  assert mixture.sizes == (30, 30) and len(set(mixture.weights)) == 1
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=16)
  work = mix.make(mixture, tokenizer, size=6, count=3, datasets_per_batch="2")
  assert len(work.packed) == len(work.padded) == 3
  for batch, columns, count in zip(
    work.packed, work.padded, work.tokens, strict=True
  ):
    (packed,) = batch.sides
    in_rows = sorted(
      tuple(packed.tokens[packed.text == text].tolist())
      for text in range(batch.present.shape[1])
    )
    padded = sorted(
      tuple(ids[mask > 0].tolist())
      for column in columns
      for ids, mask in zip(*column, strict=True)
    )
    assert in_rows == padded
    assert count == sum(map(len, in_rows)) == (packed.text >= 0).sum()
    assert np.bincount(batch.dataset.ravel()).tolist() == [3, 3]
    assert len(np.unique(batch.identity.reshape(-1, 2), axis=0)) == 12
    for column in columns:
      assert (column.mask.sum(1).max(), 6) == column.mask.shape[::-1]
  assert work.slots["packed"] % 16 == 0
  assert work.slots["padded"] >= sum(work.tokens)


@pytest.mark.parametrize("given", ["", "8,x", "8,,4", "1.5", "1", "-8"])
def test_counts_are_whole_numbers(given):
  with pytest.raises(ValueError, match=r"--sizes=.*wanted whole numbers of 2"):
    counts.parse(given.split(","), "sizes", 2)


def test_counts_are_read():
  assert counts.parse(["64", " 256"], "sizes", 2) == [64, 256]


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ("--sizes=8", "--sizes has 1 numbers and --batches 2; wanted as many"),
    ("--data=", "--data is missing; give it, as in --data=../shared/data"),
    ("--data={real}/none", "has no file named pairs.jsonl.gz"),
    ("--model={real}", "no config.json"),
    ("--datasets_per_batch=3", "datasets_per_batch"),
    ("--sizes=8,600", "of --sizes, 600: data set 'code' has 70 records"),
  ],
)
def test_wrong_flags_are_one_line(run_program, real, exported, given, message):
  ended = bench(run_program, real, exported, given.format(real=real))
  assert ended.code == 2, ended
  assert message in ended.err.splitlines()[-1]
