"""The benchmark of encoders, on tiny ones and no claim of speed."""

import gzip
import json

import numpy as np
import pytest

from data import tokens
from tests import programs
from tools.bench import work as work_lib

TINY = (
  "--width=16",
  "--layers=2",
  "--vocab=400",
  "--max_length=32",
  "--texts=16",
  "--batch=8",
  "--rounds=1",
)
KEYS = {
  "fill",
  "fill_padded",
  "fill_torch",
  "packed_over_padded",
  "packed_over_torch",
  "tokens_per_second",
  "compile_seconds",
}


def bench(run_program, *given):
  return run_program("tools.bench.encoder", *TINY, *given)


@pytest.mark.long
@pytest.mark.parametrize("family", ["bert", "modernbert"])
def test_it_sets_three_side_by_side(run_program, family):
  ended = bench(run_program, f"--family={family}")
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == KEYS | {f"{key}_forward" for key in KEYS}
  assert all(value > 0 for value in result.values())
  assert result["fill"] > result["fill_torch"] > result["fill_padded"]
  table = [line.split()[:2] for line in ended.out.splitlines()[-7:-1]]
  assert table == [
    [mode, name]
    for mode in ("forward", "training")
    for name in ("packed", "padded", "torch")
  ]


@pytest.mark.long
def test_lengths_may_be_those_of_real_pairs(
  run_program, tmp_path, tokenizer_folder
):
  (tmp_path / "set").mkdir()
  pair = ["read the file", "def read(file): return file"]
  with gzip.open(tmp_path / "set" / "pairs.jsonl.gz", "wt") as file:
    file.write(3 * (json.dumps(pair) + "\n"))
  ended = bench(
    run_program,
    "--mode=forward",
    f"--data={tmp_path}",
    f"--tokenizer={tokenizer_folder}",
  )
  assert ended.code == 0, ended
  cut = tokens.Tokenizer(tokenizer_folder, max_length=32).encode(pair)
  mean = sum(map(len, cut)) / 2
  assert ended.result["fill_padded_forward"] == pytest.approx(mean / 32)
  assert ended.result["fill"] is None  # nothing was trained


def test_drawn_texts_are_as_long_as_real_ones():
  random = np.random.default_rng(0)
  lengths = work_lib.drawn(20_000, random)
  # The means of the 30,000 pairs that the table was measured on; the last
  # fortieth, between 51 and 128 tokens, comes out longer.
  np.testing.assert_allclose(lengths.mean(0), [18.7, 50.9], rtol=0.03)
  work = work_lib.make(
    lengths[:8],
    pairs_per_batch=4,
    vocab_size=50,
    max_length=64,
    random=random,
  )
  assert work.batches.shape == (2, 2, 4)
  firsts = [len(work.ids[number]) for number in work.batches[:, 0].ravel()]
  assert firsts == np.minimum(lengths[:8, 0], 64).tolist()
  ids = np.concatenate(work.ids)
  assert ids.min() >= work_lib.FIRST_ID and ids.max() < 50
  assert len(ids) == work.tokens


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ("--family=gpt", "should be one of <albert|bert|"),
    ("--heads=3", "width 16 cannot have 3 heads"),
    ("--texts=12", "--texts=12 is not a multiple of --batch=8; wanted 16"),
    ("--batch=5", "--batch=5; wanted an even number"),
    ("--data=/nowhere", "--tokenizer is missing"),
  ],
)
def test_wrong_flags_are_one_line(run_program, given, message):
  assert message in programs.bad_input(bench(run_program, given))


def test_a_folder_without_pairs_is_named(
  run_program, tmp_path, tokenizer_folder
):
  ended = bench(
    run_program, f"--data={tmp_path}", f"--tokenizer={tokenizer_folder}"
  )
  assert "has no file named pairs.jsonl.gz" in programs.bad_input(ended)
