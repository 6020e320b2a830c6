"""One host of a pod: reads its part of the first batches of a run.

    python -m tests.launch.host ADDRESS NUMBER HOSTS TRAIN TOKENIZER

prints, as JSON, a sum over each array of each global batch in which every
place counts differently, and the pack shards that this host filled.
"""

import json
import sys

import jax
import jax.numpy as jnp

from data import program
from embeddings import partition
from launch import run as run_lib
from launch.configs import quickstart_smoke

STEPS = 3


def config(train, tokenizer, **data):
  """The smoke config over eight devices."""
  config = quickstart_smoke.get_config()
  config.batch.pack_shards = 8
  config.data.update({"train": train, "tokenizer": tokenizer, **data})
  return config


def sums(run):
  """What the first batches hold: a number for each array."""
  batches = run.input.batches()
  found = []
  for step in range(STEPS):
    batch = partition.put_batch(batches[step], run.mesh, run.layout.pack_shards)
    found.append([int(_sum(array)) for array in jax.tree.leaves(batch)])
  return found


@jax.jit
def _sum(array):
  """A sum in which each place counts differently."""
  flat = array.reshape(-1).astype(jnp.uint32)
  places = jnp.arange(len(flat), dtype=jnp.uint32)
  return (flat * (2 * places + 1)).sum(dtype=jnp.uint32)


def main():
  address, number, hosts, train, tokenizer = sys.argv[1:]
  jax.distributed.initialize(address, int(hosts), int(number))
  found = {}
  for kind in ("text", "cache"):
    settings = config(train, tokenizer)
    settings.input.tokens = kind
    try:
      run = run_lib.assemble(settings.lock())
      here = partition.shards_here(run.mesh, 8)
      found[kind] = {"shards": here, "sums": sums(run)}
    except program.BadInput as error:
      found[kind] = {"error": str(error)}
  print(json.dumps(found))


if __name__ == "__main__":
  main()
