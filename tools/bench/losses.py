"""In-batch InfoNCE of given vectors, with its gradient, made in three ways."""

import os
import time
from collections.abc import Callable
from typing import Any, Protocol

import jax
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import jax.numpy as jnp
import numpy as np

from embeddings import partition
from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import pairs as pairs_lib
from tools.bench import machine
from tools.bench import peak_memory

SCALE = 20.0

_Function = Callable[[jax.Array], jax.Array]  # [2, B, E] -> []
_FLOAT32 = jax.lax.Precision.HIGHEST  # accelerators round factors else


class Contender(Protocol):
  """A loss of queries and documents, ready to be called.

  Attributes:
    name: what the table calls it.
    value: of the last call.
  """

  name: str
  value: float

  @property
  def gradient(self) -> np.ndarray:  # [2, B, E]
    """Of the last call, by queries and documents."""
    ...

  def loss(self, number: int) -> None:
    """The loss and its gradient; `number` is 0, for there is one batch."""
    ...

  def peak_bytes(self) -> int | None:
    """What a call takes beside the vectors; None if that is not known."""
    ...


def vectors(size: int, width: int) -> np.ndarray:  # float32 [2, B, E]
  """Queries and documents of length 1; a pair's are somewhat alike."""
  random = np.random.default_rng(0)
  found = random.standard_normal((2, size, width), np.float32)
  found[1] += 0.3 * found[0]
  return found / np.linalg.norm(found, axis=-1, keepdims=True)


class Compiled:
  """A function of JAX, with its gradient.

  Args:
    name: what the table calls it.
    function: the loss.
    given: queries and documents.
    mesh: over whose devices pairs are spread; None for one.

  Attributes:
    seconds: of the last call.
  """

  def __init__(
    self,
    name: str,
    function: _Function,
    given: np.ndarray,
    mesh: Mesh | None = None,
  ):
    place = mesh and NamedSharding(mesh, P(None, *partition.BATCH))
    self.name, self._given = name, jax.device_put(given, place)
    traced = jax.jit(jax.value_and_grad(function))
    self._compiled = traced.lower(self._given).compile()
    self.value, self.seconds, self._gradient = 0.0, 0.0, self._given

  @property
  def gradient(self) -> np.ndarray:
    """See `Contender`."""
    return np.asarray(self._gradient)

  def loss(self, number: int) -> None:
    """See `Contender`."""
    del number
    self._gradient = self._given  # two gradients at once are not needed
    began = time.perf_counter()
    value, self._gradient = jax.block_until_ready(self._compiled(self._given))
    self.seconds = time.perf_counter() - began
    self.value = float(value)

  def peak_bytes(self) -> int | None:
    """On an accelerator by XLA's plan; its allocator keeps what it took."""
    self._gradient = self._given
    if jax.default_backend() == "cpu":
      return peak_memory.of_host(lambda: self.loss(0))
    self.loss(0)
    plan: Any = self._compiled.memory_analysis()
    return plan and plan.temp_size_in_bytes + plan.output_size_in_bytes


def dense(given: np.ndarray, symmetric: bool) -> Compiled:
  """The formula as it is written, all similarities at once."""

  def function(given: jax.Array) -> jax.Array:
    logits = SCALE * jnp.matmul(given[0], given[1].T, precision=_FLOAT32)
    value = -jnp.diagonal(jax.nn.log_softmax(logits, axis=1)).mean()
    if symmetric:
      back = -jnp.diagonal(jax.nn.log_softmax(logits, axis=0)).mean()
      value = (value + back) / 2
    return value

  return Compiled("dense", function, given)


def block_by_block(
  given: np.ndarray,
  symmetric: bool,
  spread: blockwise.Spread = blockwise.ONE_DEVICE,
) -> Compiled:
  """Ours; it looks for equal texts as well.

  Args:
    given: queries and documents.
    symmetric: whether documents are to find their queries as well.
    spread: over which devices.
  """
  size = given.shape[1]
  loss = contrastive.InBatch(scale=SCALE, symmetric=symmetric)

  def function(given: jax.Array) -> jax.Array:
    number = jnp.arange(2 * size, dtype=jnp.uint32).reshape(2, size)
    pairs = pairs_lib.Pairs(
      vectors=given,
      identity=jnp.stack([number, number], axis=-1),
      present=jnp.ones((2, size), bool),
      score=jnp.zeros((size, 1)),
      dataset=jnp.zeros(size, jnp.int32),
      group=jnp.zeros((size, 2), jnp.uint32),
      target=jnp.zeros((2, size, 0)),
      own=jnp.ones(size, bool),
    )
    return loss(pairs, {}, spread).value

  name = spread.exchange if spread.mesh else "blockwise"
  return Compiled(name, function, given, spread.mesh)


class Cached:
  """sentence-transformers' CachedMultipleNegativesRankingLoss, its loss alone.

  Its similarity is the dot product, for vectors that have length 1 already.

  Args:
    given: queries and documents.
    symmetric: whether documents are to find their queries as well.
    rows: its mini_batch_size, by which it cuts similarities too.
  """

  name = "cached"

  def __init__(self, given: np.ndarray, symmetric: bool, rows: int):
    # As in reference.py, and read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch  # Here, for they are no requirements.
    from sentence_transformers import util
    from sentence_transformers.sentence_transformer import losses

    torch.set_num_threads(machine.cores())
    self._torch = torch
    directions = ("query_to_doc", "doc_to_query")
    encoder: Any = torch.nn.Sequential(torch.nn.Identity())  # never called
    self._loss = losses.CachedMultipleNegativesRankingLoss(
      encoder,
      scale=SCALE,
      similarity_fct=util.dot_score,
      mini_batch_size=rows,
      directions=directions if symmetric else directions[:1],
      partition_mode="per_direction",
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    self._given: list[Any] = [
      torch.tensor(column, device=device) for column in given
    ]
    for column in self._given:
      column.requires_grad_()
    self.value = 0.0

  @property
  def gradient(self) -> np.ndarray:
    """See `Contender`."""
    return np.stack([column.grad.cpu().numpy() for column in self._given])

  def loss(self, number: int) -> None:
    """See `Contender`."""
    del number
    for column in self._given:
      column.grad = None
    columns = [[column] for column in self._given]
    self.value = self._loss.calculate_loss(columns, with_backward=True).item()
    if self._torch.cuda.is_available():
      self._torch.cuda.synchronize()

  def peak_bytes(self) -> int | None:
    """See `Contender`."""
    for column in self._given:
      column.grad = None
    cuda = self._torch.cuda
    if not cuda.is_available():
      return peak_memory.of_host(lambda: self.loss(0))
    cuda.reset_peak_memory_stats()
    before = cuda.memory_allocated()
    self.loss(0)
    return cuda.max_memory_allocated() - before
