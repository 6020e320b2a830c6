"""The training state on disk: Orbax over TensorStore.

A step is a folder `<workdir>/checkpoints/<step>` with the items `params`,
`opt`, `meta` and `metrics`, and `average` where a run has one, so that
parameters restore alone. Saving is asynchronous, and every process writes its
part. Process 0 commits the step when all have ended (see committed.py), and
what is not needed any more goes (see retention.py). The folder may be in a
bucket, gs://BUCKET/RUN/checkpoints.
"""

import concurrent.futures
import errno
import os
import shutil
from collections.abc import Mapping
from typing import Any

from etils import epath
import jax
import numpy as np
import orbax.checkpoint as ocp

from data import program
from embeddings import committed
from embeddings import hosts
from embeddings import retention as retention_lib
from embeddings import step as step_lib
from embeddings import towers
from embeddings.losses import terms

PARAMETERS = ("average", "params")
_SHAPES = jax.ShapeDtypeStruct
_MARGIN_BYTES = 2**19  # a checkpoint's own files, and the run's others
_DATA_FILE_BYTES = 2**24  # TensorStore holds one in memory while it fills


class Checkpoints:
  """The checkpoints of one run.

  All processes of the run have one, and call it at the same steps.

  Args:
    folder: holds one folder a step; here, where all processes see it, or in a
      bucket.
    keep: how many of the newest stay, 2 at least.
    keep_every: a step that this divides stays for ever; 0 for none.
    best: the result whose best step stays, as `save` is given it; "" for none.
    best_mode: "max" or "min".

  Attributes:
    latest: the newest whole step, or None.

  Raises:
    program.BadInput: if there is no such mode.
  """

  def __init__(
    self,
    folder: str | os.PathLike[str],
    *,
    keep: int,
    keep_every: int = 0,
    best: str = "",
    best_mode: str = "max",
  ):
    self._retention = retention_lib.Retention(keep, keep_every, best, best_mode)
    self._folder = committed.place(folder)
    self.latest: int | None = hosts.from_first(self._open)
    self._whole = {self.latest}  # those that were read, or written, here
    self._manager = retention_lib.Manager(
      self._folder,
      options=ocp.CheckpointManagerOptions(
        preservation_policy=self._retention.policy(),
        best_fn=self._retention.value,  # or Orbax keeps no metrics
        enable_async_checkpointing=True,
      ),
      handler_registry=_handlers(),
    )
    self._pool = concurrent.futures.ThreadPoolExecutor(1)
    self._pending: tuple[int, concurrent.futures.Future[None]] | None = None

  def save(
    self,
    state: step_lib.State,
    meta: dict[str, Any],
    metrics: Mapping[str, float] | None = None,
  ) -> None:
    """Begins to save the state, which may be consumed at once.

    Args:
      state: of a step that is newer than all that are there.
      meta: JSON that describes it.
      metrics: the results of this step, by which the best is found.

    Raises:
      program.BadInput: if they lack the result that decides.
      OSError: if the disk has no room for it, before anything is written.
    """
    self._retention.check(metrics or {})
    self.wait()
    _check_room(self._folder, state)
    step = int(jax.device_get(state.step))
    items = {
      name: ocp.args.PyTreeSave(
        item, ocdbt_target_data_file_size=_DATA_FILE_BYTES
      )
      for name, item in _items(state).items()
    }
    hosts.note(f"saving step {step}")
    with program.uninterrupted():
      self._manager.save(
        step,
        args=ocp.args.Composite(meta=ocp.args.JsonSave(meta), **items),
        metrics={name: float(x) for name, x in (metrics or {}).items()},
        force=True,
      )
      self._pending = step, self._pool.submit(self._end, step)

  def commit_finished(self) -> None:
    """Takes note of a save that has ended, if one has; it may have failed.

    No process waits for another here.
    """
    if self._pending is not None and self._pending[1].done():
      self.wait()

  def wait(self) -> None:
    """Waits for the save that is under way until it is committed."""
    if self._pending is None:
      return
    with program.uninterrupted():
      (step, ending), self._pending = self._pending, None
      ending.result()
      self.latest = step
      self._whole.add(step)

  def restore(
    self, step: int, state: step_lib.State
  ) -> tuple[step_lib.State, dict[str, Any]]:
    """The state and meta of a step.

    Args:
      step: one that is there.
      state: the shapes, dtypes and shardings to restore into, whatever those
        are of that were saved.

    Returns:
      The state, placed as `state` is, and the saved meta.

    Raises:
      program.BadInput: if the step is not whole.
    """
    if step not in self._whole:
      hosts.from_first(lambda: _check_whole(self._folder, step))
    shapes = jax.tree.map(
      lambda x: _SHAPES(x.shape, x.dtype, sharding=x.sharding), state
    )
    items = {
      name: ocp.args.PyTreeRestore(
        item, restore_args=ocp.checkpoint_utils.construct_restore_args(item)
      )
      for name, item in _items(shapes).items()
    }
    found = self._manager.restore(
      step, args=ocp.args.Composite(meta=ocp.args.JsonRestore(), **items)
    )
    number = jax.make_array_from_callback(
      (), state.step.sharding, lambda _: np.asarray(step, state.step.dtype)
    )
    average = None if state.average is None else found["average"]
    restored = step_lib.State(number, found["params"], found["opt"], average)
    return restored, found["meta"]

  def close(self) -> None:
    """Commits what is under way and stops the background threads."""
    with program.uninterrupted():
      try:
        self.wait()
      finally:
        self._pool.shutdown()
        self._manager.close()

  def _open(self) -> int | None:
    """Makes the folder, or clears it of what is not whole."""
    self._folder.mkdir(parents=True, exist_ok=True)
    return committed.set_torn_aside(self._folder)

  def _end(self, step: int) -> None:
    """Waits until all hosts have written a step, and commits it."""
    self._manager.wait_until_finished()
    if hosts.is_first():
      committed.commit(self._folder / str(step))
      hosts.note(f"saved step {step}")


def check_learned(
  folder: str | os.PathLike[str], learned: towers.Params
) -> None:
  """Checks that the losses of a run learn the numbers that its newest step has.

  Args:
    folder: the checkpoints of a run, which may have none.
    learned: what its losses learn now, as `terms.learned` has it.

  Raises:
    program.BadInput: names both.
  """
  place = committed.place(folder)
  saved = [
    step
    for step in committed.steps(place)
    if (place / str(step) / committed.MANIFEST).exists()
  ]
  if not saved:
    return
  there = _learned(place / str(max(saved)) / "params")
  found, wanted = (
    ", ".join(sorted(f"{m}/{n}" for m, names in each.items() for n in names))
    for each in (there, learned)
  )
  if found != wanted:
    raise program.BadInput(
      f"the losses of the run in {place.parent} learn {found or 'nothing'} "
      f"and those of this one {wanted or 'nothing'}; go on with losses that "
      f"learn the same, or start from it with --config.model.init="
      f"{place.parent} and another --workdir"
    )


def save_params(folder: str | os.PathLike[str], params: towers.Params) -> None:
  """Writes step 0 of a model that was not trained here: its parameters.

  Args:
    folder: where checkpoints are kept; it need not exist.
    params: on the host or on devices.

  Raises:
    OSError: if the disk has no room for them, before anything is written.
  """
  step = committed.place(folder) / "0"
  step.mkdir(parents=True)
  _check_room(step, params)
  with ocp.StandardCheckpointer() as checkpointer:
    checkpointer.save(step / "params", params)
    checkpointer.wait_until_finished()
  committed.commit(step)


def restore_params(
  folder: str | os.PathLike[str],
  shapes: towers.Params,
  step: int | None = None,
  *,
  parameters: str = "average",
) -> tuple[towers.Params, int]:
  """The model's parameters of a step alone, on the first local device.

  Any process may ask by itself.

  Args:
    folder: the checkpoints of a run.
    shapes: shapes and dtypes of the parameters.
    step: which, or None for the newest whole one.
    parameters: "average" for their average over the steps where the run has
      one, "params" for those of the step itself.

  Returns:
    The parameters and their step.

  Raises:
    program.BadInput: if there is no whole checkpoint.
  """
  if parameters not in PARAMETERS:
    raise program.BadInput(
      f"parameters={parameters!r}; wanted one of {', '.join(PARAMETERS)}"
    )
  place = committed.place(folder)
  number = committed.newest_of(place, step)
  if number is None:
    raise program.BadInput(
      f"{folder} has no whole checkpoint{'' if step is None else f' {step}'}; "
      "train first, or name another workdir"
    )
  path = place / str(number) / parameters
  if not path.exists():
    path = path.parent / "params"
  device = jax.sharding.SingleDeviceSharding(jax.local_devices()[0])
  # What losses have learned stands beside what the model has.
  placed = jax.tree.map(
    lambda x: _SHAPES(x.shape, x.dtype, sharding=device),
    {**shapes, **_learned(path)},
  )
  me = jax.process_index()
  alone = ocp.options.MultiprocessingOptions(
    primary_host=me, active_processes={me}, barrier_sync_key_prefix=f"host{me}"
  )
  with ocp.Checkpointer(
    ocp.StandardCheckpointHandler(multiprocessing_options=alone),
    multiprocessing_options=alone,
  ) as checkpointer:
    found = checkpointer.restore(path, args=ocp.args.StandardRestore(placed))
    return {name: found[name] for name in shapes}, number


def _items(state: step_lib.State) -> dict[str, Any]:
  """What is saved of a state beside its number, by the names on disk."""
  items = {"params": state.params, "opt": state.opt, "average": state.average}
  return {name: item for name, item in items.items() if item is not None}


def _handlers() -> Any:
  """Who writes and reads the items: numbers as they are.

  Compressed they would be a twelfth smaller, and take the cores' time and as
  much memory again while they are written.
  """
  registry = ocp.handlers.DefaultCheckpointHandlerRegistry()
  for item in step_lib.State._fields[1:]:
    handler = ocp.PyTreeCheckpointHandler(use_compression=False)
    registry.add(item, ocp.args.PyTreeSave, handler)
    registry.add(item, ocp.args.PyTreeRestore, handler)
  return registry


def _check_whole(folder: epath.Path, step: int) -> None:
  """Raises BadInput unless a step is whole."""
  wrong = "there is none"
  if step in committed.steps(folder):
    wrong = committed.fault(folder / str(step))
  if wrong:
    raise program.BadInput(
      f"checkpoint {step} of {folder} is not whole ({wrong}); wanted one that "
      "is: start again, which sets it aside"
    )


def _learned(path: epath.Path) -> dict[str, Any]:
  """What is known of the numbers that losses have learned, in saved params."""
  # The handler is asked, for a checkpointer would warn of a file that only a
  # checkpoint of one item has.
  handler: Any = ocp.StandardCheckpointHandler()
  return terms.learned_of(handler.metadata(path))


def _check_room(
  folder: epath.Path, state: step_lib.State | towers.Params
) -> None:
  """Raises OSError (ENOSPC) unless the disk has room for the state.

  TensorStore finds out as well, and then prints hundreds of lines. All hosts
  write to the same disk; so process 0 looks, and all see the same.
  """
  if committed.is_remote(folder):
    return
  needed = sum(leaf.nbytes for leaf in jax.tree.leaves(state)) + _MARGIN_BYTES
  free = hosts.from_first(lambda: shutil.disk_usage(folder).free)
  if free < needed:
    raise OSError(
      errno.ENOSPC,
      f"a checkpoint needs {needed / 2**20:,.1f} MiB and "
      f"{free / 2**20:,.1f} MiB are free",
      os.fspath(folder),
    )
