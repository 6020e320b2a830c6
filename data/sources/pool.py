"""Processes that do tasks for this one, and end with it.

    with pool.start(2) as running:
      for found in pool.in_order(running, parse, chunks, in_flight=4):
        ...

One is started when a task comes and none is idle: whoever has little to do does
it without, and a pool that no one uses costs nothing.
"""

import collections
import concurrent.futures
import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import process
from typing import Any, NamedTuple

from data import program
from data import worker


class Pool(NamedTuple):
  """Processes that take tasks.

  Attributes:
    processes: how many there may be.
    executor: what tasks, calls of functions of modules, are submitted to.
    others: processes of this one that were there before.
  """

  processes: int
  executor: concurrent.futures.Executor
  others: frozenset[Any]

  @contextlib.contextmanager
  def end_on_error(self) -> Iterator[None]:
    """Ends the processes at once if the block raises."""
    try:
      yield
    except BaseException:
      self.executor.shutdown(wait=False, cancel_futures=True)
      for child in set(multiprocessing.active_children()) - self.others:
        child.terminate()
      raise


@contextlib.contextmanager
def start(processes: int) -> Iterator[Pool]:
  """Gives processes to submit tasks to; an error ends them at once.

  Args:
    processes: how many.

  Raises:
    program.StartAgain: if one of them was killed.
  """
  # A fresh process, for the libraries of this one may have threads.
  context = multiprocessing.get_context("spawn")
  before = frozenset(multiprocessing.active_children())
  executor = concurrent.futures.ProcessPoolExecutor(
    processes, context, initializer=_prepare
  )
  running = Pool(processes, executor, before)
  try:
    with running.end_on_error():
      yield running
  except process.BrokenProcessPool as error:
    raise program.StartAgain(
      "a process that parses or cleans was killed, perhaps for want of memory; "
      "give fewer --processes if that is so"
    ) from error
  executor.shutdown()


def in_order(
  running: Pool,
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
    waiting.append(running.executor.submit(function, *item))
    if len(waiting) >= in_flight:
      yield waiting.popleft().result()
  while waiting:
    yield waiting.popleft().result()


def _prepare() -> None:
  """Ties a process to its parent, which alone hears Ctrl-C."""
  signal.signal(signal.SIGINT, signal.SIG_IGN)
  worker.end_with_parent()
