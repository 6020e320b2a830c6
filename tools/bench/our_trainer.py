"""Our training step as a contender: packed, compiled for its shapes."""

import time
from collections.abc import Sequence
from typing import Any

import jax

from data import batch as batch_lib
from embeddings import description
from embeddings import objective as objective_lib
from embeddings import optimizer as optimizer_lib
from embeddings import partition
from embeddings import step as step_lib
from embeddings import towers
from embeddings.losses import contrastive
from embeddings.losses import terms
from tools.bench import peak_memory

LEARNING_RATE = 2e-5
CLIP_NORM = 1.0
SCALE = 20.0
BETAS, EPS = (0.9, 0.999), 1e-8


class OurTrainer:
  """Trains a model on batches, on one device.

  Args:
    found: the model and the parameters that it starts from.
    batches: all that it will be given; each of their shapes is compiled for.
    dropout: the rate, of hidden states and of attention.

  Attributes:
    name: what the table calls it.
    losses: of the steps so far.
    compile_seconds: for all shapes.
  """

  name = "ours"

  def __init__(
    self,
    found: description.Pretrained,
    batches: Sequence[batch_lib.Batch],
    dropout: float,
  ):
    mesh = partition.make_mesh(devices=jax.local_devices()[:1])
    step, self._state = _make(found, dropout, mesh)
    self._batches = [partition.put_batch(batch, mesh) for batch in batches]
    began = time.perf_counter()
    largest_first = sorted(self._batches, key=step_lib.shape_of, reverse=True)
    by_shape = {step_lib.shape_of(batch): batch for batch in largest_first}
    self._steps: dict[Any, jax.stages.Compiled] = {
      shape: step.lower(self._state, batch, None).compile()
      for shape, batch in by_shape.items()
    }
    self.compile_seconds = time.perf_counter() - began
    self.losses: list[float] = []

  @property
  def state(self) -> step_lib.State:
    """As the last step left it; the next one consumes it."""
    return self._state

  def training(self, batch: int) -> None:
    """One step on a batch, to its end."""
    given = self._batches[batch]
    self._state, metrics = self._steps[step_lib.shape_of(given)](
      self._state, given, None
    )
    self.losses.append(float(metrics.loss))
    jax.block_until_ready(self._state)

  def peak_bytes(self, batch: int) -> int | None:
    """What a step takes beside parameters and moments; on an accelerator by
    XLA's plan, because its allocator keeps what it once took."""
    if jax.default_backend() == "cpu":
      return peak_memory.of_host(lambda: self.training(batch))
    compiled = self._steps[step_lib.shape_of(self._batches[batch])]
    plan: Any = compiled.memory_analysis()
    return plan and plan.temp_size_in_bytes


def _make(
  found: description.Pretrained, dropout: float, mesh: jax.sharding.Mesh
) -> tuple[jax.stages.Wrapped, step_lib.State]:
  """The step that `launch.train` would have, and the state it starts from."""
  config = found.description.config
  encoder = config.encoder.replace(dropout=dropout, attention_dropout=dropout)
  model = towers.Model(config.replace(encoder=encoder, dtype="float32"), mesh)
  loss = contrastive.InBatch(scale=SCALE, symmetric=False)
  objective = objective_lib.Objective(model, (terms.Term("in_batch", loss),))
  optimizer = optimizer_lib.make(
    optimizer_lib.OptimizerConfig(
      learning_rate=LEARNING_RATE,
      warmup_steps=0,
      decay="constant",
      clip_norm=CLIP_NORM,
      b1=BETAS[0],
      b2=BETAS[1],
      eps=EPS,
    )
  )
  state = step_lib.init(
    objective, optimizer, seed=0, mesh=mesh, params=found.params
  )
  step = step_lib.make(objective, optimizer, seed=0, mesh=mesh, state=state)
  return step, state
