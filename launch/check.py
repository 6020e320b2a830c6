"""What `launch.train --check` says: data, shapes, bytes and time."""

import math
import time
from typing import Any

import jax

from embeddings import partition
from embeddings import towers
from launch import run as run_lib

_TIMED_STEPS = 3


def check(run: run_lib.Run) -> dict[str, Any]:
  """Prints what a run would do, and takes a few steps that are thrown away.

  Args:
    run: as it would be trained.

  Returns:
    The same in numbers.
  """
  _print_data(run)
  print(
    "tokens    "
    + ("of caches" if run.input.cached else "of texts, cut as they are read")
  )
  state = run.initial_state(pretrained=False)
  parameters = towers.count(state.params)
  bytes_each = _bytes_on_a_device(state)
  print(f"mesh      {dict(run.mesh.shape)} of {jax.devices()[0].device_kind}")
  print(f"model     {parameters:,} parameters, {run.about.config.encoder}")
  for shape in run.layout.shapes():
    sides = [(run.layout.pack_shards, *side) for side in shape]
    print(f"shape     tokens {', '.join(map(str, sides))}")
  print(f"state     {bytes_each / 2**20:,.1f} MiB on each device")
  run = run.in_chunks(state)
  chunk = run.objective.chunk_rows
  print(f"chunks    {chunk or 'all'} rows of a shard at a time")
  seconds, fill = _time_steps(run, state)
  steps = run.config.optim.steps
  print(
    f"step      {seconds:.3f} s, {fill:.2f} of the slots are real tokens; "
    f"{steps:,} steps would take about {_duration(seconds * steps)}"
  )
  return {
    "pairs": sum(len(data_set) for data_set in run.input.mixture.data_sets),
    "parameters": parameters,
    "state_bytes_per_device": bytes_each,
    "chunk_rows": chunk,
    "seconds_per_step": round(seconds, 4),
    "fill": round(fill, 4),
    "estimated_seconds": round(seconds * steps),
  }


def _print_data(run: run_lib.Run) -> None:
  """A line a data set: its size, its weight, how often it will be seen."""
  mixture, steps = run.input.mixture, run.config.optim.steps
  drawn = run.input.batches().schedule.drawn(steps)
  for name, data_set, pairs in zip(
    mixture.names, mixture.data_sets, drawn.tolist(), strict=True
  ):
    data_set.verify()
    print(
      f"data      {name}: {len(data_set):,} {data_set.manifest.kind}, "
      f"{pairs / steps / run.layout.size:.1%} of all pairs, "
      f"{pairs / len(data_set):.2f} epochs"
    )


def _time_steps(
  run: run_lib.Run, state: run_lib.step_lib.State
) -> tuple[float, float]:
  """Seconds a step, and the share of slots that hold real tokens."""
  step, batches = run.compile_step(state), run.input.batches()
  seconds, fills = math.inf, []
  for number in range(min(_TIMED_STEPS, len(batches))):
    batch = partition.put_batch(
      batches[number], run.mesh, run.layout.pack_shards
    )
    start = time.monotonic()
    state, metrics = step(state, batch)
    found = jax.device_get(metrics)
    seconds = min(seconds, time.monotonic() - start)
    fills.append(float(found.tokens / found.slots))
  return seconds, sum(fills) / len(fills)


def _bytes_on_a_device(tree: Any) -> int:
  """Bytes that the first device holds of a tree."""
  first = jax.local_devices()[0]
  return sum(
    shard.data.nbytes
    for leaf in jax.tree.leaves(tree)
    for shard in leaf.addressable_shards
    if shard.device == first
  )


def _duration(seconds: float) -> str:
  """Seconds in the unit that suits them.

  >>> _duration(90), _duration(7200)
  ('1.5 minutes', '2.0 hours')
  """
  for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
    if seconds >= size:
      return f"{seconds / size:.1f} {unit}"
  return f"{seconds:.0f} seconds"
