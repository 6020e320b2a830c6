"""A run's folder: whole on its own, and the same run each time it is opened.

    config.json       the config the run was started with
    model.json        the model that came out of it, and the longest text
    fingerprint.json  what the order of training depends on
    tokenizer/        as it was
    checkpoints/  metrics.jsonl  evals.jsonl  tensorboard/

Where the data lie is not part of a run; what is in them is.
"""

import dataclasses
import fcntl
import json
import pathlib
import shutil
from typing import Any

from data import atomic
from data import program
from data import tokens
from embeddings import towers
from embeddings.encoders import config as config_lib

# What identifies a run and may not change on resume.
IDENTITY = ("model", "loss", "data", "optim", "batch", "seed")

_TOKENIZER_FILES = (
  "tokenizer_config.json",
  "special_tokens_map.json",
  "vocab.txt",
)


class Workdir:
  """The folder of one run.

  Args:
    path: the folder; it need not exist.
  """

  def __init__(self, path: str | pathlib.Path):
    self.path = pathlib.Path(path)
    self.checkpoints = self.path / "checkpoints"
    self.tokenizer = self.path / "tokenizer"
    self._config = self.path / "config.json"
    self._model = self.path / "model.json"
    self._fingerprint = self.path / "fingerprint.json"

  @property
  def begun(self) -> bool:
    """Whether a run has been started here."""
    return self._config.exists() and self._model.exists()

  def begin(
    self,
    config: dict[str, Any],
    fingerprint: dict[str, Any],
    model: towers.ModelConfig,
    max_length: int,
    tokenizer: pathlib.Path,
  ) -> None:
    """Writes what identifies the run, or checks that it is this run's.

    Args:
      config: the whole config, as plain values.
      fingerprint: see `loader.Batches.fingerprint`.
      model: what is trained.
      max_length: the longest text, in tokens.
      tokenizer: the folder that it is copied from.

    Raises:
      program.BadInput: names the first difference to the run that is here, or
        says that another process is at work here.
    """
    self._take()
    fingerprint = json.loads(json.dumps(fingerprint))
    config = json.loads(json.dumps(config))
    if self.begun:
      self._check(config, fingerprint)
    else:
      self._copy_tokenizer(tokenizer)
      about = {"max_length": max_length, **dataclasses.asdict(model)}
      _write(self._model, about)
      _write(self._fingerprint, fingerprint)
    _write(self._config, config)

  def config(self) -> dict[str, Any]:
    """The run's config."""
    return _read(self._config)

  def fingerprint(self) -> dict[str, Any]:
    """What the run's order depends on: its data sets among them."""
    return _read(self._fingerprint)

  def model(self) -> tuple[towers.ModelConfig, int]:
    """The run's model and its longest text in tokens."""
    content = _read(self._model)
    max_length = content.pop("max_length")
    encoder = config_lib.EncoderConfig(**content.pop("encoder"))
    return towers.ModelConfig(encoder=encoder, **content), max_length

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

  def _check(self, config: dict[str, Any], fingerprint: dict[str, Any]) -> None:
    """Raises BadInput where this run is not the one that is here."""
    before = self.config()
    changed = _difference(_identity(before), _identity(config))
    if not changed:
      changed = _difference(self.fingerprint(), fingerprint)
    if changed:
      key, old, new = changed
      raise program.BadInput(
        f"workdir {self.path} holds a run with {key}={old!r}, and this one has "
        f"{new!r}; set it back to go on with that run, or give another "
        "--workdir"
      )

  def _copy_tokenizer(self, source: pathlib.Path) -> None:
    """Takes the tokenizer's files along."""
    with atomic.folder(self.tokenizer) as partial:
      for name in _TOKENIZER_FILES:
        if (source / name).exists():
          shutil.copy(source / name, partial / name)
      text = tokens.read(source)
      (partial / tokens.FILE).write_text(text, encoding="utf-8")


def _identity(config: dict[str, Any]) -> dict[str, Any]:
  """The part of a config that identifies a run.

  The places of data and tokenizer are left out: the fingerprint has what is in
  them, and another machine may keep them elsewhere.
  """
  parts = {name: config.get(name) for name in IDENTITY}
  places = ("train", "tokenizer")
  data = config.get("data", {})
  parts["data"] = {k: v for k, v in data.items() if k not in places}
  return parts


def _difference(
  old: Any, new: Any, path: str = ""
) -> tuple[str, Any, Any] | None:
  """The first place where two trees of plain values differ."""
  if isinstance(old, dict) and isinstance(new, dict):
    for key in sorted(old.keys() | new.keys()):
      inner = f"{path}.{key}" if path else key
      found = _difference(old.get(key), new.get(key), inner)
      if found:
        return found
    return None
  return None if old == new else (path, old, new)


def _write(path: pathlib.Path, content: dict[str, Any]) -> None:
  """Writes JSON at once."""
  atomic.write_text(path, json.dumps(content, indent=2, sort_keys=True) + "\n")


def _read(path: pathlib.Path) -> dict[str, Any]:
  """Reads JSON that a run wrote."""
  if not path.exists():
    raise program.BadInput(
      f"{path.parent} is not the workdir of a run: it has no {path.name}; "
      "give the --workdir of python -m launch.train"
    )
  return json.loads(path.read_text(encoding="utf-8"))
