"""The preview counts what training draws."""

import collections
import json

import numpy as np
import pytest

from data import mixture
from data import schedule
from tests import programs


@pytest.fixture
def preview(run_program, tmp_path):
  """Previews a mixture file; gives what was printed and preview.json."""

  def preview(data_sets, *more):
    path = tmp_path / "mixture.json"
    path.write_text(json.dumps(data_sets))
    ended = run_program(
      "tools.preview_mixture",
      "--config=launch/configs/default.py",
      f"--config.data.train={path}",
      f"--out={tmp_path / 'out'}",
      "--config.batch.size=64",
      *more,
    )
    assert ended.code == 0, ended
    assert (tmp_path / "out" / "preview.png").read_bytes()[:4] == b"\x89PNG"
    return ended, json.loads((tmp_path / "out" / "preview.json").read_text())

  return preview


SETS = [
  {"name": "large", "lines": 9_000, "weight": 5},
  {"name": "middle", "lines": 700, "weight": 3},
  {"name": "small", "lines": 100, "weight": 2, "max_epochs": 12.8},
]


def test_it_counts_what_the_schedule_draws(preview, tmp_path):
  ended, found = preview(SETS, "--steps=40", "--batches=3")
  order = schedule.of_mixture(
    mixture.plan(str(tmp_path / "mixture.json")),
    batch_size=64,
    datasets_per_batch="",
    seed=0,
  )
  drawn = sum(
    np.bincount(order.batch(step).data_set, minlength=3) for step in range(40)
  )
  rows = {row["name"]: row for row in found["data_sets"]}
  assert [rows[s["name"]]["pairs"] for s in SETS] == drawn.tolist()
  assert rows["small"]["epochs"] == drawn[2] / 100
  assert ended.result["pairs"] == 40 * 64 == drawn.sum()
  # One block of 10 batches draws 128 pairs of it, and 1,280 are allowed.
  assert rows["small"]["leaves"] is None
  _, later = preview(SETS, "--steps=400")
  small = next(r for r in later["data_sets"] if r["name"] == "small")
  assert (small["pairs"], small["leaves"]) == (1_280, 100)
  for step, make_up in enumerate(found["batches"]):
    counted = collections.Counter(order.batch(step).data_set.tolist())
    names = {SETS[index]["name"]: count for index, count in counted.items()}
    assert make_up == names
    assert f"batch {step}: " in ended.out


def test_it_says_who_takes_more_than_one_slot(preview):
  sets = [{**SETS[0], "weight": 9}, SETS[1]]
  ended, _ = preview(sets, "--steps=12")
  assert "large fills up to 2 slots of a batch" in ended.out
  assert "middle fills" not in ended.out


def test_the_mixture_of_2021(run_program, minilm, tmp_path):
  ended = run_program(
    "tools.preview_mixture",
    "--config=launch/configs/all_minilm_l6.py",
    f"--config.data.train={minilm / 'data_config.json'}",
    f"--out={tmp_path}",
  )
  assert ended.code == 0, ended
  assert ended.result["data_sets"] == 290
  assert ended.result["records"] == 1_170_060_424
  assert ended.result["pairs"] == 540_000 * 1_024


def test_wrong_input_is_one_line(run_program, minilm, tmp_path):
  given = (
    "tools.preview_mixture",
    "--config=launch/configs/default.py",
    f"--config.data.train={minilm / 'data_config.json'}",
    f"--out={tmp_path / 'out'}",
  )
  for wrong, message in (
    ("--config.data.datasets_per_batch=291", "datasets_per_batch is 291"),
    ("--config.data.train=/nowhere.json", "cannot read the mixture /nowhere"),
    ("--config.batch.size=100001", "cannot be shared by datasets_per_batch=2"),
    ("--config.data.max_epochs=0.01", "max_epochs of"),
  ):
    assert message in programs.bad_input(run_program(*given, wrong))
  assert not (tmp_path / "out").exists()
