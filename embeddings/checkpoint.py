"""The training state on disk: Orbax over TensorStore, and a manifest.

A step is a folder `<workdir>/checkpoints/<step>` with the items `params`,
`opt` and `meta`, so that parameters restore alone. Saving is asynchronous. The
manifest, with the size and checksum of every file, is written last: a step
without a matching one is not a step (Orbax alone restores a flipped byte
without a word), and is set aside, by name, when the run is opened.
"""

import errno
import json
import pathlib
import shutil
from typing import Any

import jax
import orbax.checkpoint as ocp
import xxhash

from data import atomic
from data import program
from embeddings import step as step_lib
from embeddings import towers
from embeddings.losses import terms

MANIFEST = "gigapair_manifest.json"
_SHAPES = jax.ShapeDtypeStruct
_MARGIN_BYTES = 2**19  # a checkpoint's own files, and the run's others


class Checkpoints:
  """The checkpoints of one run.

  Args:
    folder: holds one folder a step.
    keep: how many of the newest to keep, 2 at least: the newest has no manifest
      when Orbax removes an old one.
  """

  def __init__(self, folder: pathlib.Path, *, keep: int):
    self._folder = folder.absolute()
    self._folder.mkdir(parents=True, exist_ok=True)
    if jax.process_index() == 0:
      _set_torn_aside(self._folder)
    options = ocp.CheckpointManagerOptions(
      max_to_keep=max(keep, 2), enable_async_checkpointing=True
    )
    self._manager = ocp.CheckpointManager(self._folder, options=options)
    self._pending: int | None = None

  @property
  def latest(self) -> int | None:
    """The newest whole step, or None."""
    return self._manager.latest_step()

  def save(self, state: step_lib.State, meta: dict[str, Any]) -> None:
    """Begins to save the state; `meta` is JSON that describes it.

    Raises:
      OSError: if the disk has no room for it, before anything is written.
    """
    self.wait()
    _check_room(self._folder, state)
    step = int(jax.device_get(state.step))
    args = ocp.args.Composite(
      params=ocp.args.StandardSave(state.params),
      opt=ocp.args.StandardSave(state.opt),
      meta=ocp.args.JsonSave(meta),
    )
    with program.uninterrupted():
      self._manager.save(step, args=args)
      self._pending = step

  def commit_finished(self) -> None:
    """Writes the manifest of a save that has come to its end, if one has."""
    if self._pending is not None and not self._manager.is_saving_in_progress():
      self.wait()

  def wait(self) -> None:
    """Waits for the save that is under way, and commits it."""
    with program.uninterrupted():
      pending, self._pending = self._pending, None
      self._manager.wait_until_finished()
      if pending is not None and jax.process_index() == 0:
        _write_manifest(self._folder / str(pending))

  def restore(
    self, step: int, state: step_lib.State
  ) -> tuple[step_lib.State, dict[str, Any]]:
    """The state and meta of a step.

    Args:
      step: one that is there.
      state: the shapes, dtypes and shardings to restore into.

    Returns:
      The state, placed as `state` is, and the saved meta.
    """
    shapes = jax.tree.map(
      lambda x: _SHAPES(x.shape, x.dtype, sharding=x.sharding), state
    )
    found = self._manager.restore(
      step,
      args=ocp.args.Composite(
        params=ocp.args.StandardRestore(shapes.params),
        opt=ocp.args.StandardRestore(shapes.opt),
        meta=ocp.args.JsonRestore(),
      ),
    )
    number = jax.device_put(
      jax.numpy.asarray(step, state.step.dtype), state.step.sharding
    )
    return step_lib.State(number, found["params"], found["opt"]), found["meta"]

  def close(self) -> None:
    """Commits what is under way and stops the background threads."""
    with program.uninterrupted():
      self.wait()
      self._manager.close()


def newest(folder: pathlib.Path) -> int:
  """The newest whole step of a run that is not open, 0 if there is none."""
  whole = [s for s in _steps(folder) if not _faults(folder / str(s))]
  return max(whole, default=0)


def check_learned(folder: pathlib.Path, learned: towers.Params) -> None:
  """Checks that the losses of a run learn the numbers that its newest step has.

  Args:
    folder: the checkpoints of a run, which may have none.
    learned: what its losses learn now, as `terms.learned` has it.

  Raises:
    program.BadInput: names both.
  """
  saved = [s for s in _steps(folder) if (folder / str(s) / MANIFEST).exists()]
  if not saved:
    return
  there = _learned(folder.absolute() / str(max(saved)) / "params")
  found, wanted = (
    ", ".join(sorted(f"{m}/{n}" for m, names in each.items() for n in names))
    for each in (there, learned)
  )
  if found != wanted:
    raise program.BadInput(
      f"the losses of the run in {folder.parent} learn {found or 'nothing'} "
      f"and those of this one {wanted or 'nothing'}; go on with losses that "
      f"learn the same, or start from it with --config.model.init="
      f"{folder.parent} and another --workdir"
    )


def save_params(folder: pathlib.Path, params: towers.Params) -> None:
  """Writes step 0 of a model that was not trained here: its parameters.

  Args:
    folder: where checkpoints are kept; it need not exist.
    params: on the host or on devices.

  Raises:
    OSError: if the disk has no room for them, before anything is written.
  """
  step = folder.absolute() / "0"
  step.mkdir(parents=True)
  _check_room(step, params)
  with ocp.StandardCheckpointer() as checkpointer:
    checkpointer.save(step / "params", params)
    checkpointer.wait_until_finished()
  _write_manifest(step)


def restore_params(
  folder: pathlib.Path, shapes: towers.Params, step: int | None = None
) -> tuple[towers.Params, int]:
  """The model's parameters of a step alone, on the first local device.

  Args:
    folder: the checkpoints of a run.
    shapes: shapes and dtypes of the parameters.
    step: which, or None for the newest whole one.

  Returns:
    The parameters and their step.

  Raises:
    program.BadInput: if there is no whole checkpoint.
  """
  whole = [
    number
    for number in _steps(folder)
    if not _faults(folder / str(number)) and step in (None, number)
  ]
  if not whole:
    raise program.BadInput(
      f"{folder} has no whole checkpoint{'' if step is None else f' {step}'}; "
      "train first, or name another workdir"
    )
  device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
  placed = jax.tree.map(
    lambda x: _SHAPES(x.shape, x.dtype, sharding=device), shapes
  )
  with ocp.StandardCheckpointer() as checkpointer:
    path = folder.absolute() / str(max(whole)) / "params"
    # What losses have learned stands beside what the model has.
    learned = jax.tree.map(
      lambda x: _SHAPES(x.shape, x.dtype, sharding=device), _learned(path)
    )
    found = checkpointer.restore(path, {**placed, **learned})
    return {name: found[name] for name in shapes}, max(whole)


def _steps(folder: pathlib.Path) -> list[int]:
  """The step folders, whole or not."""
  if not folder.is_dir():
    return []
  return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit())


def _learned(path: pathlib.Path) -> dict[str, Any]:
  """What is known of the numbers that losses have learned, in saved params."""
  # The handler is asked, for a checkpointer would warn of a file that only a
  # checkpoint of one item has.
  handler: Any = ocp.StandardCheckpointHandler()
  return terms.learned_of(handler.metadata(path))


def _check_room(
  folder: pathlib.Path, state: step_lib.State | towers.Params
) -> None:
  """Raises OSError (ENOSPC) unless the disk has room for the state.

  TensorStore finds out as well, and then prints hundreds of lines.
  """
  needed = sum(leaf.nbytes for leaf in jax.tree.leaves(state)) + _MARGIN_BYTES
  free = shutil.disk_usage(folder).free
  if free < needed:
    raise OSError(
      errno.ENOSPC,
      f"a checkpoint needs {needed / 2**20:,.1f} MiB and "
      f"{free / 2**20:,.1f} MiB are free",
      str(folder),
    )


def _write_manifest(folder: pathlib.Path) -> None:
  """Commits a step: the sizes and checksums of its files."""
  content = {
    str(path.relative_to(folder)): [path.stat().st_size, _checksum(path)]
    for path in sorted(folder.rglob("*"))
    if path.is_file()
  }
  atomic.write_text(folder / MANIFEST, json.dumps(content, indent=0))


def _faults(folder: pathlib.Path) -> str:
  """What is wrong with a step folder; empty where it is whole."""
  if not (folder / MANIFEST).exists():
    return "its save was cut short"
  try:
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
  except ValueError:
    return f"{MANIFEST} is not as it was written"
  for name, (size, checksum) in content.items():
    path = folder / name
    if not path.exists():
      return f"{name} is missing"
    if path.stat().st_size != size or _checksum(path) != checksum:
      return f"{name} is not as it was written"
  return ""


def _checksum(path: pathlib.Path) -> str:
  """xxh3-128 of a file."""
  digest = xxhash.xxh3_128()
  with path.open("rb") as file:
    while block := file.read(2**22):
      digest.update(block)
  return digest.hexdigest()


def _set_torn_aside(folder: pathlib.Path) -> None:
  """Moves steps that are not whole out of the way, saying which and why."""
  for step in _steps(folder):
    fault = _faults(folder / str(step))
    if not fault:
      continue
    aside = folder.with_name(f"{folder.name}_torn") / str(step)
    program.note_line(
      f"checkpoint {step} is not whole ({fault}); it is set aside in {aside}"
    )
    shutil.rmtree(aside, ignore_errors=True)
    aside.parent.mkdir(exist_ok=True)
    (folder / str(step)).rename(aside)
