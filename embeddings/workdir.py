"""A run's folder: whole on its own, and the same run each time it is opened.

    config.json       the config the run was started with
    command.txt       the command that started it, or went on with it, last
    model.json        the model that came out of it
    fingerprint.json  what the order of training depends on
    chunk_rows.json   how many rows are encoded at a time, where that was chosen
    tokenizer/        as it was
    carried/          what pretrained encoders had that no vector depends on
    compiled/         programs, where those are kept for the next start
    checkpoints/  metrics.jsonl  evals.jsonl  spikes.jsonl  tensorboard/

Where the data lie is not part of a run; what is in them is. A model that was
imported and not trained is a workdir without config and fingerprint.

On several hosts it is a folder that all of them see, or one in a bucket
(gs://BUCKET/RUN), and process 0 alone writes to it. In a bucket checkpoints
lie; the rest is worked on in a mirror and sent there by `push`. A lock keeps
two launches of a run apart in a folder. A bucket has none: there, whoever
starts a run must see to it that it does not run yet, as launch/tpu_run.sh does.
"""

import dataclasses
import fcntl
import json
import os
import pathlib
import secrets
import time
from typing import Any

from etils import epath
import jax

from data import atomic
from data import program
from data import tokens
from embeddings import committed
from embeddings import description as description_lib
from embeddings import hosts
from embeddings import mirror
from embeddings import modules
from embeddings import run_identity
from embeddings import towers
from embeddings import weights


CHANGED_DATA = ("refuse", "go_on")
SEEN_S = 30.0  # after which a shared folder shows what another host wrote


class Workdir:
  """The folder of one run.

  Args:
    path: the folder, or its URL in a bucket; it need not exist.

  Attributes:
    place: the folder or its URL.
    path: where its files are at hand, but for checkpoints: the folder itself,
      or the mirror of one in a bucket.
    checkpoints: where these are.

  Raises:
    program.BadInput: if it is in a bucket that cannot be read.
  """

  def __init__(self, path: str | os.PathLike[str]):
    self._mirror = None
    if mirror.is_remote(path):
      last = ("model.json", "fingerprint.json", "config.json")
      self._mirror = mirror.Mirror(path, last)
    self.place: pathlib.Path | epath.Path = (
      self._mirror.url if self._mirror else pathlib.Path(path)
    )
    self.path = self._mirror.path if self._mirror else pathlib.Path(path)
    self.checkpoints = self.place / "checkpoints"
    self.tokenizer = self.path / "tokenizer"
    self._carried = self.path / "carried"
    self._config = self.path / "config.json"
    self._command = self.path / "command.txt"
    self._model = self.path / "model.json"
    self._fingerprint = self.path / "fingerprint.json"

  @property
  def begun(self) -> bool:
    """Whether a run has been started here."""
    return self._config.exists() and self.has_model

  @property
  def has_model(self) -> bool:
    """Whether there is a model here, trained or imported."""
    return self._model.exists()

  def begin(
    self,
    config: dict[str, Any],
    fingerprint: dict[str, Any],
    model: description_lib.Description,
    command: str = "",
    changed_data: str = "refuse",
  ) -> None:
    """Writes what identifies the run, or checks that it is this run's.

    All hosts come by here: process 0 does it, and the others see to it that
    they find what it wrote.

    Args:
      config: the whole config, as plain values.
      fingerprint: see data/fingerprint.py.
      model: what is trained.
      command: that was given, for the model card.
      changed_data: what to do where the run that is here had another mixture:
        "refuse", or "go_on" with this one from the newest step.

    Raises:
      program.BadInput: on all hosts; names the differences to the run that is
        here, or says that another process is at work here, or which host has
        another folder.
    """
    if changed_data not in CHANGED_DATA:
      raise program.BadInput(
        f"config.input.changed_data is {changed_data!r}; wanted one of "
        f"{', '.join(CHANGED_DATA)}"
      )

    def write() -> str:
      self._take()
      found = json.loads(json.dumps(fingerprint)) | {"since": 0}
      self._write(json.loads(json.dumps(config)), found, model, changed_data)
      atomic.write_text(self._command, command + "\n")
      self.push()
      return self._leave_sign()

    sign = hosts.from_first(write)
    try:
      hosts.together(lambda: self._look_for(sign))
    finally:
      if sign and hosts.is_first():
        (self.place / sign).unlink()

  def push(self) -> None:
    """Sends what is new to the bucket, if the run is in one.

    What belongs to a checkpoint must be there before it, so this comes before
    each save.
    """
    if self._mirror and hosts.is_first():
      self._mirror.push()

  def close(self) -> None:
    """Sends what is new, at the end."""
    self.push()

  def keep(self, model: description_lib.Description, command: str = "") -> None:
    """Writes a model that no run here has made.

    Args:
      model: as it was imported.
      command: that was given, for the model card.

    Raises:
      program.BadInput: if there is one already.
    """
    self._take()
    self._check_untouched()
    self._write_model(model)
    atomic.write_text(self._command, command + "\n")
    self.push()

  def since(self, start: int) -> int:
    """The step at which the mixture of now took the place of another.

    Args:
      start: the step that the run goes on from.

    Raises:
      program.BadInput: if that is before it, which another mixture trained.
    """
    since = self.fingerprint().get("since", 0)
    if start < since:
      raise program.BadInput(
        f"{self.place} changed its mixture at step {since} and its newest "
        f"whole checkpoint is that of step {start}; to go on with this mixture "
        "from there, give --config.input.changed_data=go_on"
      )
    return since

  def command(self) -> str:
    """The command that started the run or went on with it, or imported."""
    path = self._command
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""

  def config(self) -> dict[str, Any]:
    """The run's config."""
    return self._read(self._config)

  def fingerprint(self) -> dict[str, Any]:
    """What the run's order depends on: its data sets among them."""
    return self._read(self._fingerprint)

  def model(self) -> description_lib.Description:
    """The model that is here, its parameters aside."""
    content = self._read(self._model)
    config = towers.config_of(content["config"])
    return description_lib.Description(
      config=config,
      max_length=content["max_length"],
      tokenizer=self.tokenizer,
      prompts=content["prompts"],
      default_prompt=content["default_prompt"],
      carried={side: self._read_carried(side) for side in config.sides},
    )

  def results(self, name: str) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl or evals.jsonl, none if there is no file."""
    path = self.path / name
    if not path.exists():
      return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    # A kill may have cut the last one short.
    return [json.loads(line) for line in lines if line.endswith("\n")]

  def _take(self) -> None:
    """Keeps others out until this process ends, however it does."""
    if self._mirror:
      return
    try:
      self.path.mkdir(parents=True, exist_ok=True)
      self._lock = (self.path / "lock").open("w")
    except OSError as error:
      if program.is_disk_full(error):
        raise
      raise program.BadInput(
        f"--workdir={self.path} is no folder that can be written to ({error}); "
        "give another one"
      ) from error
    try:
      fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      raise program.BadInput(
        f"workdir {self.path} is in use by another process; wait for it, stop "
        "it, or give another --workdir"
      ) from None

  def _leave_sign(self) -> str:
    """Writes a file that other hosts are to find; its name, or ""."""
    if jax.process_count() == 1:
      return ""
    sign = f"seen_{secrets.token_hex(8)}"
    (self.place / sign).write_bytes(b"")
    return sign

  def _look_for(self, sign: str) -> None:
    """Raises BadInput unless this host finds what process 0 wrote."""
    end = time.monotonic() + SEEN_S
    while sign and not (self.place / sign).exists():
      if time.monotonic() > end:
        raise program.BadInput(
          f"{hosts.name()} does not find in --workdir={self.place} what host 0 "
          "wrote there; give a folder that all hosts see, or one in a bucket, "
          "as in --workdir=gs://BUCKET/RUN"
        )
      time.sleep(0.1)
    if self._mirror and not hosts.is_first():
      self._mirror.pull()

  def _write(
    self,
    config: dict[str, Any],
    fingerprint: dict[str, Any],
    model: description_lib.Description,
    changed_data: str,
  ) -> None:
    """Writes what the run is, or checks that it is the one that is here."""
    if self.begun:
      self._go_on(config, fingerprint, changed_data)
    else:
      self._check_untouched()
      self._write_model(model)
      _write(self._fingerprint, fingerprint)
    _write(self._config, config)

  def _go_on(
    self,
    config: dict[str, Any],
    fingerprint: dict[str, Any],
    changed_data: str,
  ) -> None:
    """Checks that this is the run that is here; its mixture may be another."""
    before = self.fingerprint()
    fingerprint["since"] = since = before.get("since", 0)
    of_run, of_data = run_identity.differences(
      run_identity.Identity(self.config(), before),
      run_identity.Identity(config, fingerprint),
    )
    if of_run or (of_data and changed_data == "refuse"):
      raise program.BadInput(run_identity.refusal(self.place, of_run, of_data))
    if changed_data == "refuse":
      return
    newest = committed.newest(self.checkpoints)
    if of_data or newest < since:
      said = "; ".join(map(str, of_data)) or f"step {since} is gone"
      program.note_line(f"from step {newest} on with another mixture: {said}")
      _write(self._fingerprint, fingerprint | {"since": newest})

  def _check_untouched(self) -> None:
    """Raises BadInput if there is an imported model here."""
    if self.has_model and self.checkpoints.exists():
      raise program.BadInput(
        f"{self.place} holds a model; give another folder (a run starts from "
        f"this one with --config.model.init={self.place})"
      )

  def _write_model(self, model: description_lib.Description) -> None:
    """Writes what a model is but for its parameters; model.json at the end."""
    with atomic.folder(self.tokenizer) as partial:
      tokens.copy(model.tokenizer, partial)
    with atomic.folder(self._carried) as partial:
      for side, carried in model.carried.items():
        folder = partial / (side or "encoder")
        folder.mkdir()
        modules.write_json(folder / "config.json", carried.config)
        weights.write(folder / weights.FILE, carried.tensors)
    _write(
      self._model,
      {
        "config": dataclasses.asdict(model.config),
        "max_length": model.max_length,
        "prompts": dict(model.prompts),
        "default_prompt": model.default_prompt,
      },
    )

  def _read_carried(self, side: str) -> description_lib.Carried:
    """What the encoder of a side brought along."""
    folder = self._carried / (side or "encoder")
    if not folder.exists():
      return description_lib.Carried({}, {})
    config = modules.read_json(folder / "config.json")
    return description_lib.Carried(config, weights.read(folder))

  def _read(self, path: pathlib.Path) -> dict[str, Any]:
    """Reads JSON that a run wrote."""
    if not path.exists():
      raise program.BadInput(
        f"{self.place} is not the workdir of a run: it has no {path.name}; "
        "give the --workdir of python -m launch.train"
      )
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: pathlib.Path, content: dict[str, Any]) -> None:
  """Writes JSON at once."""
  atomic.write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")
