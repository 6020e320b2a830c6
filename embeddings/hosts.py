"""The processes of a run, one a host: who they are, and what process 0 tells.

    hosts.start()                        # before JAX does anything else
    steps = hosts.from_first(find_steps)  # on all hosts, what process 0 found

`jax.distributed` is always started, for one process too: its coordination
service brings the notice that a machine is taken away (see preemption.py), and
carries words between the hosts. Process 0 alone writes what there is one of.
"""

import contextlib
import itertools
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from typing import Any

import jax

# The coordination service's client, which `jax.distributed` has no door to.
from jax._src import distributed

from data import program

_ANSWERS = itertools.count()
# For others, which may have hours of work left, as where a corpus is encoded; a
# host that is gone is noticed sooner.
_WAIT_MS = 7 * 24 * 3_600_000
_SHUTDOWN_S = 20  # that a process waits at its end for the others'
# In the words of Gloo, NCCL, gRPC and the coordination service.
_LOST = re.compile(
  r"(?i)gloo|nccl|connection (reset|closed|refused)|socket closed|"
  r"coordination|barrier|broken pipe|deadline.exceeded|unavailable"
)


def start(
  coordinator: str = "",
  count: int = 0,
  number: int = -1,
  *,
  gone_s: float = 60.0,
) -> None:
  """Joins the other processes of the run, or stands alone.

  Args:
    coordinator: "HOST:PORT" of process 0; "" where JAX knows it by itself (TPU
      pods, Slurm, Kubernetes, MPI), or there is one process.
    count: of all processes, with a coordinator; 1 alone looks for no others.
    number: of this one, with a coordinator.
    gone_s: after which a process that says nothing is gone.

  Raises:
    program.BadInput: if only a part is given.
  """
  given = (bool(coordinator), count > 0, number >= 0)
  alone = (coordinator, count, number) == ("", 1, -1)
  if not alone and any(given) and not (all(given) and number < count):
    raise program.BadInput(
      f"--coordinator={coordinator} --hosts={count} --host={number} do not go "
      "together; give all three, as in --coordinator=10.0.0.1:1234 --hosts=4 "
      "--host=0, or none of them"
    )
  # Hosts talk to each other straight; a proxy would make them wait for ever.
  os.environ.setdefault("grpc_proxy", "")
  jax.config.update("jax_check_proxy_envs", False)
  program.leave_at_once()  # Else an error on one host waits for the others.
  # Ours names the host, so it is to be the first that notices.
  waits: dict[str, Any] = {
    "heartbeat_timeout_seconds": int(2 * gone_s) + 10,
    "shutdown_timeout_seconds": _SHUTDOWN_S,
  }
  if coordinator:
    jax.distributed.initialize(
      coordinator, count, number, cluster_detection_method="deactivate", **waits
    )
    return
  if not alone:
    try:
      jax.distributed.initialize(**waits)
      return
    except ValueError:  # There is no cluster that JAX knows.
      pass
  address = f"127.0.0.1:{_free_port()}"
  jax.distributed.initialize(
    address,
    1,
    0,
    cluster_detection_method="deactivate",
    coordinator_bind_address=address,
    **waits,
  )


@contextlib.contextmanager
def ending_together() -> Iterator[None]:
  """Ends the block when all hosts have come to its end, or are preempted.

  JAX gives a host that is late 20 s and then ends all of them, process 0 among
  what it alone has to write at the end. One that fails waits for nobody.
  """
  try:
    yield
  except program.Preempted:
    _meet()
    raise
  _meet()


def stop() -> None:
  """Leaves the others, which do the same, at the end of the run."""
  if client() is not None:
    jax.distributed.shutdown()


@contextlib.contextmanager
def losing_others() -> Iterator[None]:
  """Makes one line of what JAX raises in the block when another host ends.

  Raises:
    program.StartAgain: in place of it.
  """
  try:
    yield
  except jax.errors.JaxRuntimeError as error:
    if jax.process_count() == 1 or not _LOST.search(str(error)):
      raise
    raise program.StartAgain(
      f"{name()} has lost the connection to another host ({error})"
    ) from error


def is_first() -> bool:
  """Whether this is process 0, which writes what there is one of."""
  return jax.process_index() == 0


def note(line: str) -> None:
  """Tells what is going on, once for all hosts."""
  if is_first():
    program.note_line(line)


def name() -> str:
  """This host's name and the process's number, as messages name them."""
  return f"host {jax.process_index()} ({socket.gethostname()})"


def client() -> Any:
  """The coordination service's client, None where `start` was not called."""
  return distributed.global_state.client


def from_first(call: Callable[[], Any]) -> Any:
  """What process 0 finds, on all hosts, which wait for it.

  All processes must come by here in the same order.

  Args:
    call: is called in process 0; what it gives is JSON.

  Returns:
    What it gave.

  Raises:
    program.BadInput: on all hosts, if it did on process 0.
  """
  if jax.process_count() == 1:
    return call()
  key = f"gigapair/answer/{next(_ANSWERS)}"
  if not is_first():
    answer = json.loads(client().blocking_key_value_get(key, _WAIT_MS))
    if answer["wrong"]:
      raise program.BadInput(answer["wrong"])
    return answer["value"]
  try:
    value = call()
  except program.BadInput as error:
    _answer(key, None, str(error))
    raise
  _answer(key, value, "")
  return value


def together(call: Callable[[], None]) -> None:
  """Calls on every host, each of which hears what is wrong on any of them.

  All processes must come by here in the same order.

  Args:
    call: checks what may be otherwise on another host.

  Raises:
    program.BadInput: on all hosts, if it did on one.
  """
  wrong = ""
  try:
    call()
  except program.BadInput as error:
    if jax.process_count() == 1:
      raise
    wrong = str(error)
  if jax.process_count() == 1:
    return
  key = f"gigapair/together/{next(_ANSWERS)}"
  client().key_value_set(f"{key}/{jax.process_index()}", json.dumps(wrong))

  def first_wrong() -> None:
    for number in range(jax.process_count()):
      said = client().blocking_key_value_get(f"{key}/{number}", _WAIT_MS)
      if json.loads(said):
        raise program.BadInput(json.loads(said))

  from_first(first_wrong)


def _meet() -> None:
  """Waits for all hosts to come by here."""
  if jax.process_count() > 1:
    client().wait_at_barrier(f"gigapair/meet/{next(_ANSWERS)}", _WAIT_MS)


def _answer(key: str, value: Any, wrong: str) -> None:
  """Tells the others what process 0 found."""
  client().key_value_set(key, json.dumps({"value": value, "wrong": wrong}))


def _free_port() -> int:
  """A port of this machine that nobody listens at."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    return free.getsockname()[1]
