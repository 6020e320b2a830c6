"""The benchmark of saving, on a tiny model and no claim of speed."""

import gzip
import json

import pytest

from tests import conftest
from tests import programs

KEYS = {
  "save_overhead",
  "save_overhead_quartiles",
  "peak_over_state",
  "state_mib",
  "save_blocks_s",
  "save_takes_s",
  "step_s",
}


@pytest.mark.long
def test_it_measures_time_and_memory(run_program, trained, tmp_path):
  with gzip.open(tmp_path / "pairs.jsonl.gz", "wt") as file:
    file.writelines(json.dumps(pair) + "\n" for pair in conftest.pairs(60))
  model = tmp_path / "model"
  ended = run_program(
    "tools.to_sentence_transformers", f"--workdir={trained}", f"--out={model}"
  )
  assert ended.code == 0, ended
  ended = run_program(
    "tools.bench.save",
    *(f"--data={tmp_path}", f"--model={model}", f"--out={tmp_path}"),
    *("--size=8", "--batches=1", "--steps=4", "--every=2", "--rounds=1"),
    "--max_length=32",
  )
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == KEYS
  low, high = result["save_overhead_quartiles"]
  assert low <= result["save_overhead"] <= high
  assert 0 < result["save_blocks_s"] <= result["save_takes_s"]
  # One before what counts, two stretches of two steps, and one for the memory.
  assert ended.err.count("saved step ") == 4
  assert list(tmp_path.glob("gigapair-*")) == []


def test_data_are_asked_for(run_program):
  line = programs.bad_input(run_program("tools.bench.save"))
  assert "--data is missing" in line
