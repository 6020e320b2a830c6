"""Our encoder as a contender: texts packed into rows, or padded to one each."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from data import batch as batch_lib
from data import packing
from embeddings import towers
from tools.bench import peak_memory
from tools.bench import work as work_lib


class Ours:
  """Our encoder over batches of one shape, compiled ahead.

  Args:
    model: gives mean vectors, not normalised.
    params: its parameters.
    work: the texts.
    layout: "packed", best fit into as many rows as the batch that needs most
      of them, or "padded", one text a row of `max_length` tokens.
  """

  def __init__(
    self,
    model: towers.Model,
    params: towers.Params,
    work: work_lib.Work,
    layout: str,
  ):
    self.name, self._params = layout, params
    self._members = work.batches.reshape(len(work.batches), -1)
    self._batches = _lay(work, self._members, packed=layout == "packed")
    slots = sum(batch.text.size for batch in self._batches)
    self.slots: dict[str, int] = {"forward": slots, "training": slots}
    texts = self._members.shape[1]

    def forward(params: towers.Params, packed: batch_lib.Packed) -> jax.Array:
      return model.embed(params, packed, texts)[0]

    def loss(params: towers.Params, packed: batch_lib.Packed) -> jax.Array:
      return jnp.square(forward(params, packed)).sum()

    self._functions = {"forward": forward, "training": jax.grad(loss)}
    self._compiled: dict[str, jax.stages.Compiled] = {}
    self.compile_seconds: dict[str, float | None] = {}
    self._gradient: Any = None

  def prepare(self, mode: str) -> None:
    """Compiles for a mode."""
    began = time.perf_counter()
    traced = jax.jit(self._functions[mode])
    lowered = traced.lower(self._params, self._batches[0])
    self._compiled[mode] = lowered.compile()
    self.compile_seconds[mode] = time.perf_counter() - began

  def members(self, batch: int) -> np.ndarray:
    """The numbers of the texts whose vectors `forward` gives."""
    return self._members[batch]

  def forward(self, batch: int) -> np.ndarray:  # float32 [T, D]
    """Vectors of a batch."""
    found = self._compiled["forward"](self._params, self._batches[batch])
    return np.asarray(found)

  def training(self, batch: int) -> None:
    """The gradient of the sum of the squares of a batch's vectors."""
    self._gradient = None  # two at once are not needed
    compiled = self._compiled["training"]
    self._gradient = jax.block_until_ready(
      compiled(self._params, self._batches[batch])
    )

  def gradient_norm(self) -> float:
    """The length of the last gradient."""
    leaves = jax.tree.leaves(self._gradient)
    return float(np.sqrt(sum(jnp.square(leaf).sum() for leaf in leaves)))

  def peak_bytes(self, mode: str) -> int | None:
    """What the last batch takes beside parameters; on an accelerator, XLA's
    plan, because its allocator keeps what it once took."""
    if jax.default_backend() == "cpu":
      return peak_memory.of_host(lambda: getattr(self, mode)(-1))
    plan: Any = self._compiled[mode].memory_analysis()
    return plan and plan.temp_size_in_bytes + plan.output_size_in_bytes


def _lay(
  work: work_lib.Work,
  members: np.ndarray,  # int64 [W, T]
  *,
  packed: bool,
) -> list[batch_lib.Packed]:  # W times [1, R, L]
  """Lays each batch's texts into the same number of rows."""
  lengths = np.array([len(work.ids[text]) for text in members.flat])
  lengths = lengths.reshape(members.shape)
  texts = members.shape[1]
  place = packing.pad(lengths, work.max_length)
  shape = (texts, work.max_length)
  if packed:
    place = packing.pack(lengths, work.max_length)
    shape = place.needed
  laid = packing.fill(
    np.concatenate([work.ids[text] for text in members.flat]),
    lengths,
    np.arange(texts),
    place.row,
    place.offset,
    shape=shape,
  )
  return [
    batch_lib.Packed(*(field[None] for field in one))
    for one in zip(*laid, strict=True)
  ]
