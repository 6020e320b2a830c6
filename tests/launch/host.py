"""One host of a pod: what it reads, measures and finds in workdirs.

    python -m tests.launch.host ADDRESS NUMBER HOSTS CORPUS FOLDER URL

prints, as JSON, a sum over each array of each global batch in which every
place counts differently, the pack shards that this host filled, what it
measured with parameters that are spread over the hosts, and what it said of
workdirs in FOLDER and at URL.
"""

import json
import pathlib
import sys

import jax
import jax.numpy as jnp

from data import program
from embeddings import hosts
from embeddings import partition
from embeddings import workdir as workdir_lib
from launch import run as run_lib
from launch.configs import quickstart_smoke

STEPS = 3
TEXTS = ["read the file", "def merge(tree):\n  return tree", ""]


def config(corpus, **mesh):
  """The smoke config over eight devices."""
  config = quickstart_smoke.get_config()
  config.batch.pack_shards = 8
  config.data.update(
    {"train": f"{corpus}/code", "tokenizer": f"{corpus}/words"}
  )
  config.eval.update({"tasks": f"{corpus}/dev", "heldout": f"{corpus}/code"})
  config.mesh.update(mesh)
  return config


def sums(run):
  """What the first batches hold: a number for each array."""
  batches = run.input.batches()
  found = []
  for step in range(STEPS):
    batch = partition.put_batch(batches[step], run.mesh, run.layout.pack_shards)
    found.append([int(_sum(array)) for array in jax.tree.leaves(batch)])
  return found


def measured(run):
  """What a run measures at its beginning, and some vectors."""
  found = run.evaluation._measure(run.initial_state().evaluated)
  vectors = run.evaluation.encoder.comparable(TEXTS)
  return {"results": found, "vectors": vectors.tolist()}


@jax.jit
def _sum(array):
  """A sum in which each place counts differently."""
  flat = array.reshape(-1).astype(jnp.uint32)
  places = jnp.arange(len(flat), dtype=jnp.uint32)
  return (flat * (2 * places + 1)).sum(dtype=jnp.uint32)


def read(corpus):
  """What this host reads, from caches and from texts."""
  found = {}
  for kind in ("text", "cache"):
    settings = config(corpus)
    settings.input.tokens = kind
    try:
      run = run_lib.assemble(settings.lock())
      here = partition.shards_here(run.mesh, 8)
      found[kind] = {"shards": here, "sums": sums(run)}
    except program.BadInput as error:
      found[kind] = {"error": str(error)}
  return found


def begin(run, folder, **changes):
  """What comes of it when all hosts begin a run in a folder."""
  workdir = workdir_lib.Workdir(folder)
  content = run.config.to_dict() | changes
  try:
    workdir.begin(content, run.input.fingerprint, run.about)
  except program.BadInput as error:
    return str(error)
  return workdir.config()["seed"]


def main():
  address, number, count, corpus, folder, url = sys.argv[1:]
  hosts.start(address, int(count), int(number))
  workdir_lib.SEEN_S = 0.5
  found = read(corpus)
  run = run_lib.assemble(config(corpus, fsdp=8).lock())
  found["measured"] = measured(run)
  found["evaluated"] = run.evaluation(0, run.initial_state(), None, None)
  shared = pathlib.Path(folder)
  found["begun"] = {
    "shared": begin(run, shared / "run"),
    "other": begin(run, shared / "run", seed=1),
    "bucket": begin(run, f"{url}/run"),
    "other_in_bucket": begin(run, f"{url}/run", seed=1),
    "apart": begin(run, shared / number / "run"),
  }
  print(json.dumps(found), flush=True)
  hosts.stop()


if __name__ == "__main__":
  main()
