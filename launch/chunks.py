"""How many rows are encoded at a time: as configs say it, or as memory allows.

`config.batch.chunk_rows` is a number of rows, "0" for all at once, or "auto":
then the training step of the largest batch is compiled for some chunks, and
the largest that the devices have memory for is kept in the workdir. A run that
goes on takes it from there, for the same chunks give the same bits. All hosts
compile together and go by what process 0 finds, so that they choose the same.
"""

import bisect
import dataclasses
import json
import math
import pathlib
from collections.abc import Callable
from typing import Any

import jax

from data import atomic
from data import program
from embeddings import hosts
from launch import device_memory

AUTO = "auto"
FILE = "chunk_rows.json"  # in the workdir
_STRAIGHT = 4  # plans after which guesses halve what is left


@dataclasses.dataclass(frozen=True)
class Choice:
  """How many rows, and what it was chosen for.

  Attributes:
    chunk_rows: rows of a shard at a time, 0 for all.
    planned_bytes: what the step then takes of a device.
    limit_bytes: what it may take.
    device_kind: of the devices.
    devices: how many there are.
  """

  chunk_rows: int
  planned_bytes: int
  limit_bytes: int
  device_kind: str
  devices: int


def parse(text: str) -> int | None:
  """The rows of a chunk, 0 for no chunks, or None for "auto".

  >>> parse("12"), parse("auto")
  (12, None)

  Raises:
    program.BadInput: if it is neither.
  """
  if text == AUTO:
    return None
  if not (isinstance(text, str) and text.isascii() and text.isdigit()):
    raise program.BadInput(
      f"config.batch.chunk_rows is {text!r}; wanted a number of rows, 0 for "
      "all at once, or auto, as in --config.batch.chunk_rows=auto"
    )
  return int(text)


def of_run(
  path: pathlib.Path | None,
  text: str,
  rows: int,
  compile_with: Callable[[int], jax.stages.Compiled],
) -> int:
  """The rows of a chunk that a run has, chosen now if that is still open.

  Args:
    path: the file that keeps the choice, None to keep it nowhere.
    text: `config.batch.chunk_rows`.
    rows: R, of the largest batch.
    compile_with: compiles the step of the largest batch for rows of a chunk.

  Returns:
    Rows of a shard, 0 for all.

  Raises:
    program.BadInput: if `text` is wrong, or not even one row fits.
  """
  given = parse(text)
  if given is not None:
    return given
  kind, devices = jax.devices()[0].device_kind, jax.device_count()
  kept = _kept(path)
  if kept and (kept.device_kind, kept.devices) == (kind, devices):
    return kept.chunk_rows
  limit = device_memory.limit_bytes()
  chunk_rows, planned = choose(lambda n: _plan(compile_with, n), rows, limit)
  choice = Choice(chunk_rows, planned, limit, kind, devices)
  if kept:
    hosts.note(
      f"batch.chunk_rows was {kept.chunk_rows}, chosen for {kept.devices} x "
      f"{kept.device_kind}; for {devices} x {kind} it is {chunk_rows}"
    )
  if path and hosts.is_first():
    content = dataclasses.asdict(choice)
    atomic.write_text(path, json.dumps(content, indent=2) + "\n")
  return chunk_rows


def read(path: pathlib.Path) -> Choice | None:
  """The choice that a file keeps, None if there is no file."""
  if not path.exists():
    return None
  return Choice(**json.loads(path.read_text(encoding="utf-8")))


def _kept(path: pathlib.Path | None) -> Choice | None:
  """The choice that process 0 reads in a file, on all hosts."""

  def found() -> dict[str, Any] | None:
    choice = read(path) if path else None
    return choice and dataclasses.asdict(choice)

  content = hosts.from_first(found)
  return content and Choice(**content)


def planned_bytes(compiled: jax.stages.Compiled) -> int:
  """What a program takes of each device while it runs.

  Raises:
    program.BadInput: if the backend does not say.
  """
  plan = compiled.memory_analysis()
  if plan is None:
    raise program.BadInput(
      f"{jax.default_backend()} does not say what memory a program takes; "
      "--config.batch.chunk_rows=auto has to know: give a number of rows"
    )
  return (
    plan.argument_size_in_bytes
    + plan.output_size_in_bytes
    + plan.temp_size_in_bytes
    - plan.alias_size_in_bytes
  )


def choose(
  plan: Callable[[int], float], rows: int, limit: int
) -> tuple[int, int]:
  """The most rows at a time whose program fits, in few plans.

  Bytes grow about evenly with the rows, so that a line through two plans says
  where to look.

  Args:
    plan: from rows of a chunk, 0 for all, to bytes; it takes a compilation.
    rows: R; of the chunks that make as many, the least is tried.
    limit: bytes that a device has.

  Returns:
    Rows of a chunk, 0 for all, and the bytes that are planned for them.

  Raises:
    program.BadInput: if one row at a time does not fit.
  """
  sizes = sorted({-(-rows // chunks) for chunks in range(1, rows + 1)})
  plans: dict[int, float] = {}
  fits, exceeds = -1, len(sizes)  # the indices known so far
  while exceeds - fits > 1:
    index = _guess(sizes, plans, fits, exceeds, limit)
    size = sizes[index]
    plans[size] = plan(0 if size == rows else size)
    if plans[size] <= limit:
      fits = index
    else:
      exceeds = index
  if fits < 0:
    raise program.BadInput(
      f"one row of a shard at a time takes {plans[1] / 2**20:,.0f} MiB of a "
      f"device, which has {limit / 2**20:,.0f} MiB to give; wanted less: a "
      "smaller --config.batch.size, more devices, --config.model.remat=full, "
      "--config.model.dtype=bfloat16, or parameters cut up by "
      "--config.mesh.fsdp"
    )
  size = sizes[fits]
  return 0 if size == rows else size, int(plans[size])


def _guess(
  sizes: list[int],
  plans: dict[int, float],
  fits: int,
  exceeds: int,
  limit: int,
) -> int:
  """Which size to try next, between one that fits and one that does not."""
  if not plans:
    return len(sizes) - 1
  known = sorted(size for size, plan in plans.items() if plan < math.inf)
  least, most = fits + 1, exceeds - 1
  if len(plans) > _STRAIGHT:
    return (least + most) // 2
  wanted = sizes[exceeds] / 2
  if len(known) > 1:
    small, large = known[0], known[-1]
    slope = (plans[large] - plans[small]) / (large - small)
    wanted = small + (limit - plans[small]) / max(slope, 1e-9)
  return min(max(bisect.bisect_right(sizes, wanted) - 1, least), most)


def _plan(
  compile_with: Callable[[int], jax.stages.Compiled], chunk_rows: int
) -> float:
  """Planned bytes; without end where the compiler itself finds too few."""
  try:
    planned = planned_bytes(compile_with(chunk_rows))
  except jax.errors.JaxRuntimeError as error:
    if not device_memory.is_out_of_memory(error):
      raise
    planned = math.inf
  return hosts.from_first(lambda: planned)
