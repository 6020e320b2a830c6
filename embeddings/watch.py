"""Ends a process whose run cannot go on: a host is gone, or a step hangs.

    watch = watch.Watch(gone_s=60, hang_s=900)
    watch.reached(step)
    with watch.resting():
      ...  # what may take as long as it likes

A collective waits for ever for a host that is gone. Each process therefore
tells the coordination service every few seconds that it is there and how far
it has come, and looks at what the others told. One that has told nothing for
`gone_s` is gone; the others say which it was and end for a restart.
"""

import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

import jax

from data import program
from embeddings import hosts

_FOLDER = "gigapair/beat"
_BEATS = 8  # in the time after which a host is gone


class _Heard(NamedTuple):
  """The last that a host told, and when it was first seen."""

  told: str
  at: float


class Watch:
  """A thread that tells that this process is there, and minds the others.

  Args:
    gone_s: after which a host that tells nothing is gone.
    hang_s: that a step may take.
  """

  def __init__(self, *, gone_s: float, hang_s: float):
    self._gone_s, self._hang_s = gone_s, hang_s
    self._step, self._since = 0, None  # no step is under way
    self._heard: dict[str, _Heard] = {}
    self._ended = threading.Event()
    self._lock = threading.Lock()
    self._client = hosts.client()
    # Asked for here, as it may start JAX's backend.
    self._name, self._key = hosts.name(), f"{_FOLDER}/{jax.process_index()}"
    if self._client is not None:
      threading.Thread(target=self._follow, daemon=True).start()

  def reached(self, step: int) -> None:
    """Takes note that a step is done, and the next one under way."""
    self._step, self._since = step, time.monotonic()

  @contextlib.contextmanager
  def resting(self) -> Iterator[None]:
    """Within the block no step is under way."""
    self._since = None
    yield
    self._since = time.monotonic()

  def close(self) -> None:
    """Tells and looks no more; the others miss this process if they go on."""
    with self._lock:
      self._ended.set()

  def _follow(self) -> None:
    """Tells and looks, again and again."""
    count, answered = 0, time.monotonic()
    while not self._ended.wait(self._gone_s / _BEATS):
      # Taken before the answer, which may lie here while another thread works.
      count, now = count + 1, time.monotonic()
      try:
        with self._lock:
          if self._ended.is_set():
            return
          self._tell(count)
          told = dict(self._client.key_value_dir_get(_FOLDER))
      except jax.errors.JaxRuntimeError as error:
        if time.monotonic() - answered > self._gone_s:
          _end(f"host 0, the coordinator, does not answer ({error})")
        continue
      answered = time.monotonic()
      self._look(told, now)

  def _tell(self, count: int) -> None:
    """Tells that this process is there."""
    told = {"count": count, "step": self._step, "name": self._name}
    text = json.dumps(told)
    self._client.key_value_set(self._key, text, allow_overwrite=True)

  def _look(self, told: dict[str, str], now: float) -> None:
    """Ends the process if a host is gone, or its own step hangs.

    Args:
      told: the last that each host told.
      now: when it was asked for.
    """
    self._heard = {
      key: before
      if (before := self._heard.get(key)) and before.told == text
      else _Heard(text, now)
      for key, text in told.items()
    }
    for heard in self._heard.values():
      if now - heard.at > self._gone_s:
        found = json.loads(heard.told)
        _end(
          f"{found['name']} is gone: it was last heard of "
          f"{now - heard.at:.0f} s ago, at step {found['step']}"
        )
    since = self._since  # The main thread may change it at any time.
    if since is not None and now - since > self._hang_s:
      said = [json.loads(heard.told) for heard in self._heard.values()]
      least = min(one["step"] for one in said)
      behind = [one["name"] for one in said if one["step"] == least]
      _end(
        f"step {self._step + 1} has not ended for {self._hang_s:g} s; the "
        f"furthest behind, after step {least}: {', '.join(sorted(behind))}"
      )


def _end(why: str) -> None:
  """Ends the process for a restart."""
  program.note_line(f"{hosts.name()} ends: {why}; start it again")
  os._exit(program.EXIT_START_AGAIN)
