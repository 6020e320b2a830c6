"""The loss of data sets that are not trained on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
from jax.sharding import Mesh

from data import batch as batch_lib
from embeddings import objective as objective_lib
from embeddings import partition
from embeddings import towers


class DataSet(NamedTuple):
  """Some batches of one data set, and what they are measured by.

  Attributes:
    batches: the pack shards of each that this process holds.
    objective: over these.
  """

  batches: Sequence[batch_lib.Batch]
  objective: objective_lib.Objective


class HeldOut:
  """Measures the loss of data sets, each averaged over its batches.

  Args:
    data_sets: by name.
    mesh: the devices.
    pack_shards: G, of a batch.
  """

  def __init__(
    self, data_sets: Mapping[str, DataSet], mesh: Mesh, pack_shards: int
  ):
    self._data_sets, self._mesh = data_sets, mesh
    self._pack_shards = pack_shards
    # Compiled for the shapes that come.
    self._losses = jax.jit(
      lambda objective, params, batch, teacher: (
        objective(params, batch, None, teacher).value
      ),
      static_argnums=0,
      out_shardings=partition.replicated(mesh),  # for each host to read
    )

  def in_chunks(self, chunk_rows: int) -> "HeldOut":
    """The same, with so many rows of a shard encoded at a time."""
    found = {
      name: data_set._replace(
        objective=data_set.objective.replace(chunk_rows=chunk_rows)
      )
      for name, data_set in self._data_sets.items()
    }
    return HeldOut(found, self._mesh, self._pack_shards)

  def losses(
    self, params: towers.Params, teacher: towers.Params | None = None
  ) -> dict[str, float]:
    """The loss of each data set, without dropout.

    Args:
      params: of the model and of the losses.
      teacher: of the objectives' teacher.
    """
    found = {}
    for name, (batches, objective) in self._data_sets.items():
      values = [
        self._losses(
          objective,
          params,
          partition.put_batch(batch, self._mesh, self._pack_shards),
          teacher,
        )
        for batch in batches
      ]
      found[name] = sum(map(float, jax.device_get(values))) / len(values)
    return found
