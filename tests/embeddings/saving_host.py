"""One host of a pod that goes on from a checkpoint and saves the next one.

    python -m tests.embeddings.saving_host ADDRESS HOSTS NUMBER FOLDER

prints, as JSON, the newest step that it found, whether what it restored is that
step's state, and the newest one after it saved another.
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np

from embeddings import checkpoint
from embeddings import hosts
from embeddings import partition
from embeddings import step as step_lib

# Of an array that all devices hold; each host is to write a part of it.
SHAPE = (64, 4096)


def numbers(step, leaf):
  """What an array of the state of a step holds."""
  return np.arange(np.prod(SHAPE), dtype="f").reshape(SHAPE) * step + leaf


def state(step, spec=()):
  """The state of a step on all devices; `spec` is how its arrays lie there."""
  mesh = partition.make_mesh()
  place = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(*spec))

  def make(leaf):
    return jax.make_array_from_callback(
      SHAPE, place, lambda index: numbers(step, leaf)[index]
    )

  number = jax.make_array_from_callback(
    (), partition.replicated(mesh), lambda _: np.int32(step)
  )
  return step_lib.State(number, {"w": {"b": make(0)}}, {"m": make(1)}, None)


def is_of(step, found):
  """Whether a state is that of a step."""
  return int(jax.device_get(found.step)) == step and all(
    np.array_equal(part.data, numbers(step, leaf)[part.index])
    for leaf, array in enumerate((found.params["w"]["b"], found.opt["m"]))
    for part in array.addressable_shards
  )


def main():
  address, count, number, folder = sys.argv[1:]
  hosts.start(address, int(count), int(number))
  checkpoints = checkpoint.Checkpoints(folder, keep=2, best="score")
  latest = checkpoints.latest
  found, meta = checkpoints.restore(latest, state(0))
  told = {"latest": latest, "meta": meta, "restored": is_of(latest, found)}
  # Parameters alone are one host's own business.
  if number == "1":
    shapes = {"w": {"b": jax.ShapeDtypeStruct(SHAPE, jnp.float32)}}
    alone, _ = checkpoint.restore_params(folder, shapes)
    told["alone"] = np.array_equal(alone["w"]["b"], numbers(latest, 0))
  checkpoints.save(state(latest + 1), {"step": latest + 1}, {"score": 1.0})
  while checkpoints.latest == latest:
    checkpoints.commit_finished()
  checkpoints.close()
  print(json.dumps(told | {"now": checkpoints.latest}), flush=True)
  hosts.stop()


if __name__ == "__main__":
  main()
