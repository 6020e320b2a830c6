"""What the miners make is trained on at once, in one mixture."""

import json
import pathlib

import pytest

from data import records

DUMPS = pathlib.Path(__file__).parent.parent / "data" / "sources" / "dumps"
MINERS = {
  "stackexchange": ("data.sources.stackexchange", ()),
  "wikipedia": ("data.sources.wikipedia", ()),
  "reddit": ("data.sources.reddit", ("--test_share=0",)),
  "arxiv": ("data.sources.papers", ("--format=arxiv",)),
  "s2orc": ("data.sources.papers", ("--format=s2orc",)),
}


@pytest.mark.long
def test_ten_mined_data_sets_train_in_one_mixture(
  run_program, tokenizer_folder, tmp_path
):
  folders = []
  for name, (module, more) in MINERS.items():
    out = tmp_path / name
    given = (f"--in={DUMPS / name}", f"--out={out}", "--processes=1", *more)
    ended = run_program(module, *given)
    assert ended.code == 0, ended
    folders += [out / made for made in ended.result["datasets"]]
  # As many pairs of each as a batch takes of it.
  folders = [f for f in folders if len(records.DataSet(f)) >= 4]
  assert len(folders) >= 10
  mixture = tmp_path / "mixture.json"
  entries = [{"folder": str(folder), "weight": 1} for folder in folders]
  mixture.write_text(json.dumps(entries), encoding="utf-8")
  workdir = tmp_path / "run"
  ended = run_program(
    "launch.train",
    "--config=launch/configs/quickstart_smoke.py",
    f"--config.data.train={mixture}",
    f"--config.data.tokenizer={tokenizer_folder}",
    *("--config.batch.size=8", "--config.batch.pack_shards=2"),
    *("--config.eval.tasks=", "--config.optim.steps=24"),
    f"--workdir={workdir}",
  )
  assert ended.code == 0, ended
  lines = (workdir / "metrics.jsonl").read_text().splitlines()
  losses = [json.loads(line)["loss"] for line in lines]
  assert len(losses) == 24
  assert sum(losses[-6:]) < sum(losses[:6])
