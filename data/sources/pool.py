"""Processes that do tasks for this one, and end with it.

with pool.start(2) as running:
  for found in pool.in_order(running, parse, chunks, in_flight=4):
    ...
"""

import collections
import concurrent.futures
import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import process
from typing import Any

from data import program
from data import worker


@contextlib.contextmanager
def start(
  processes: int,
  prepare: Callable[..., None] | None = None,
  given: tuple[Any, ...] = (),
) -> Iterator[concurrent.futures.Executor]:
  """Gives processes to submit tasks to; an error ends them at once.

  Args:
    processes: how many.
    prepare: a function of a module that each calls first.
    given: what it is called with.

  Raises:
    program.StartAgain: if one of them was killed.
  """
  # A fresh process, for the libraries of this one may have threads.
  context = multiprocessing.get_context("spawn")
  before = set(multiprocessing.active_children())
  running = concurrent.futures.ProcessPoolExecutor(
    processes, context, initializer=_prepare, initargs=(prepare, given)
  )
  try:
    yield running
  except BaseException as error:
    running.shutdown(wait=False, cancel_futures=True)
    for child in set(multiprocessing.active_children()) - before:
      child.terminate()
    if isinstance(error, process.BrokenProcessPool):
      raise program.StartAgain(
        "a process that parses was killed, perhaps for want of memory; give "
        "fewer --processes if that is so"
      ) from error
    raise
  running.shutdown()


def in_order(
  running: concurrent.futures.Executor,
  function: Callable[..., Any],
  items: Iterable[tuple[Any, ...]],
  in_flight: int,
) -> Iterator[Any]:
  """What a function gives for each item, in their order.

  Args:
    running: of `start`.
    function: of a module.
    items: its arguments; no more of them are taken than are in flight.
    in_flight: tasks that wait, run or are done and not taken yet.
  """
  waiting: collections.deque[concurrent.futures.Future[Any]]
  waiting = collections.deque()
  for item in items:
    waiting.append(running.submit(function, *item))
    if len(waiting) >= in_flight:
      yield waiting.popleft().result()
  while waiting:
    yield waiting.popleft().result()


def _prepare(
  prepare: Callable[..., None] | None, given: tuple[Any, ...]
) -> None:
  """Ties a process to its parent, which alone hears Ctrl-C."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  worker.end_with_parent()
  if prepare is not None:
    prepare(*given)
