"""RoBERTa-large's shapes are imported, trained, saved and exported in 16 GiB.

The program below runs in a process of its own, so that its memory is its own.
"""

import json
import os
import shutil
import subprocess
import sys

import jax
import numpy as np
import pytest

from embeddings import checkpoint
from embeddings import modules
from embeddings import towers
from embeddings import weights
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import roberta
from tests import programs

MOST_GIB = 16
RATE = 1e-3
POOLER = roberta.ROBERTA.missing
ENCODER = config_lib.EncoderConfig(
  family="roberta",
  vocab_size=50_265,
  width=1_024,
  layers=24,
  heads=16,
  mlp_width=4_096,
  max_positions=512,
  type_vocab_size=1,
  norm_eps=1e-5,
  first_position=2,
)

# Loads a model, takes a step, saves and exports it; says what that took.
PROGRAM = """
import json
import resource
import sys
import time

import jax

from data import layout as layout_lib
from data import tokens
from embeddings import checkpoint
from embeddings import export
from embeddings import huggingface
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings import workdir as workdir_lib
from tests.embeddings import conftest
from tests.embeddings import tiny

source, run, out = sys.argv[1:4]
rate = float(sys.argv[4])
seconds, start = {}, time.perf_counter()


def done(stage):
  global start
  seconds[stage] = round(time.perf_counter() - start, 1)
  start = time.perf_counter()


about, params = huggingface.load(source)
done("load")
model = towers.Model(about.config)
mesh = partition.make_mesh(devices=jax.devices()[:1])
move = optimizer.make(
  optimizer.OptimizerConfig(learning_rate=rate, warmup_steps=0)
)
objective = tiny.objective(model)
state = step_lib.init(objective, move, seed=0, mesh=mesh, params=params)
count = towers.count(params)
del params
done("init")
tokenizer = tokens.Tokenizer(about.tokenizer, max_length=32)
layout = layout_lib.Layout(size=8, max_length=32, ladder=(0.5,))
pairs = [[f"find file {i}", f"def find_{i}(): return file"] for i in range(8)]
batch = partition.put_batch(tiny.batch(pairs, tokenizer, layout), mesh)
step = step_lib.make(objective, move, seed=0, mesh=mesh, state=state)
step = step_lib.compile_all(step, state, [batch])
done("compile")
state, metrics = step(state, batch)
loss, norm = float(metrics.loss), float(metrics.gradient_norm)
done("step")
workdir = workdir_lib.Workdir(run)
workdir.begin(
  conftest.run_config(source), conftest.fingerprint(), about, conftest.COMMAND
)
checkpoints = checkpoint.Checkpoints(workdir.checkpoints, keep=2)
checkpoints.save(state, {"step": 1, "seconds": 1.0})
checkpoints.close()
done("save")
del state
export.to_sentence_transformers(workdir, out)
done("export")
print(json.dumps({
  "count": count,
  "loss": loss,
  "norm": norm,
  "seconds": seconds,
  "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
}))
"""


def write_model(folder, tokenizer_folder):
  """Writes a folder as transformers would, with random weights."""
  shutil.copytree(tokenizer_folder, folder)
  modules.write_json(folder / "config.json", roberta.ROBERTA.content(ENCODER))
  random = np.random.default_rng(0)
  model = towers.Model(towers.ModelConfig(ENCODER))

  def draw(path, shape):
    drawn = random.standard_normal(shape.shape, np.float32) * 0.02
    return drawn + (path[-1].key == "scale")

  params = jax.tree_util.tree_map_with_path(
    draw, jax.eval_shape(model.init, jax.random.key(0))
  )
  tensors = weights.tensors_of(params, ENCODER)
  pooler = weights.placeholders(ENCODER)
  for tensor in pooler.values():
    tensor += random.standard_normal(tensor.shape, np.float32)
  weights.write(
    folder / weights.FILE,
    {
      name: weights.cast(tensor, "float32")
      for name, tensor in (tensors | pooler).items()
    },
  )


@pytest.fixture
def folder(tmp_path):
  """A folder for gigabytes, which are not kept."""
  yield tmp_path
  shutil.rmtree(tmp_path)


@pytest.mark.long
def test_a_large_model_takes_less_than_16_gib(tokenizer_folder, folder):
  source, run, out = (folder / name for name in ("in", "run", "out"))
  write_model(source, tokenizer_folder)
  ended = subprocess.run(
    [sys.executable, "-c", PROGRAM, source, run, out, str(RATE)],
    cwd=programs.ROOT,
    env=os.environ | {"XLA_FLAGS": ""},  # compiled as it is outside of tests
    capture_output=True,
    text=True,
    timeout=900,
    check=False,
  )
  assert ended.returncode == 0, ended.stderr
  found = json.loads(ended.stdout.splitlines()[-1])
  print(found)
  assert found["count"] == 354_310_144
  assert np.isfinite(found["loss"]) and found["norm"] > 0
  assert found["peak_gib"] < MOST_GIB, found

  model = towers.Model(towers.ModelConfig(ENCODER))
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  saved, step = checkpoint.restore_params(run / "checkpoints", shapes)
  assert step == 1
  saved = weights.tensors_of(saved, ENCODER)
  before, after = (weights.read(path) for path in (source, out))
  assert before.keys() == after.keys() == saved.keys() | POOLER.keys()
  for name, tensor in after.items():
    moved = np.abs(tensor - before[name]).max()
    if name in POOLER:
      assert moved == 0, name
      continue
    np.testing.assert_array_equal(tensor, saved[name], err_msg=name)
    # AdamW's first step is as long as its rate, whatever the gradient; that of
    # the keys' biases is 0, for a softmax takes no notice of them.
    if not name.endswith("key.bias"):
      assert moved == pytest.approx(RATE, rel=1e-2), name
