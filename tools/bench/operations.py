"""Which operations of an encoder its time goes to, by XLA's own trace.

A compiled program says of each of its operations from which line of the model
it comes, and a trace when each began and ended. An operation that several were
fused into counts as the one that it ends with. Threads that compute at the same
time are added up, and so is what one waits for others within an operation.
"""

import collections
import pathlib
import re
import tempfile
from collections.abc import Callable
from typing import Any

import jax

# What an operation's name in the model says it is; the first match counts.
_KINDS = (
  ("MLP products", r"/(up|gate|down)/.*dot_general"),
  (
    "attention's maps",
    r"attention/(query|key|value|output)/.*dot_general",
  ),
  ("attention's products", r"attention/nhq.*dot_general"),
  ("norms", r"norm/"),
  ("rest of attention", r"/attention/"),
  ("embeddings", r"/inputs/"),
  ("weights cut out of the stack", r"encoder/(slice|dynamic_slice|squeeze)"),
  ("activations and sums", r"encoder/"),
  ("pooling", r""),
)
_INSTRUCTION = re.compile(
  r'^\s*(?:ROOT )?%?([\w.-]+) = .*?op_name="([^"]*)"', re.MULTILINE
)
KINDS = tuple(kind for kind, _ in _KINDS)


def shares(
  compiled: str, call: Callable[[], Any], *, times: int
) -> dict[str, float] | None:
  """The share of each of KINDS in the time that a program takes.

  Args:
    compiled: the program, as XLA writes it.
    call: runs it to its end; it has run before.
    times: how often it is run.

  Returns:
    By kind, the largest first; None where the trace does not tell, as it does
    on a CPU.
  """
  kinds = {name: kind_of(path) for name, path in _entry(compiled)}
  took: collections.Counter[str] = collections.Counter()
  with tempfile.TemporaryDirectory(prefix="gigapair-") as folder:
    with jax.profiler.trace(folder):
      for _ in range(times):
        call()
    for path in pathlib.Path(folder).rglob("*.xplane.pb"):
      trace = jax.profiler.ProfileData.from_file(str(path))
      for plane in trace.planes:
        for line in plane.lines:
          for event in line.events:
            if event.name in kinds:
              took[kinds[event.name]] += event.duration_ns
  whole = sum(took.values())
  if not whole:
    return None
  return {kind: time / whole for kind, time in took.most_common()}


def kind_of(path: str) -> str:
  """Which of KINDS an operation is, by its name in the model.

  >>> kind_of("jit(embed)/encoder/layers/up/dot_general")
  'MLP products'
  >>> kind_of("jit(embed)/encoder/layers/attention/exp")
  'rest of attention'
  """
  return next(kind for kind, found in _KINDS if re.search(found, path))


def _entry(compiled: str) -> list[tuple[str, str]]:
  """Operations that are run as such, with their names in the model."""
  entry = compiled[compiled.index("\nENTRY") :]
  return _INSTRUCTION.findall(entry)
