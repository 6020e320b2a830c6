"""How much memory there is, and one line where it was not enough."""

import subprocess
import sys

import jax
import numpy as np
import pytest

from data import program
from launch import device_memory
from tests import programs

# A real program of XLA in a process that may have so much memory and no more.
STARVED = """
import resource
import jax, jax.numpy as jnp
from data import program
from launch import device_memory

def main():
  x = jnp.ones(1000)
  step = jax.jit(lambda x: jnp.sort(x[:, None, None] * jnp.outer(x, x)).sum())
  compiled = step.lower(x).compile()
  used = int(open("/proc/self/statm").read().split()[0]) * 4096
  resource.setrlimit(resource.RLIMIT_AS, (used + 2**29,) * 2)
  with device_memory.explained(chunk_rows=12):
    compiled(x).block_until_ready()

program.run(main)
"""


def test_a_step_that_runs_out_of_memory_is_one_line():
  done = subprocess.run(
    [sys.executable, "-c", STARVED],
    cwd=programs.ROOT,
    env=programs.environment(),
    capture_output=True,
    text=True,
    timeout=programs.TIMEOUT_S,
  )
  ended = programs.Ended(done.returncode, done.stdout, done.stderr)
  said = programs.bad_input(ended)
  assert "(4000000000 bytes were asked for)" in said
  assert "--config.batch.chunk_rows=6, a smaller --config.batch.size" in said


def test_so_is_an_array_that_no_machine_has_memory_for():
  with (
    pytest.raises(program.BadInput, match=r"suffice; try .*chunk_rows=auto"),
    device_memory.explained(),
  ):
    np.ones((10**9, 10**9))


@pytest.mark.parametrize(
  ("message", "out_of_memory"),
  [
    ("RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes.", True),
    ("RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm.", True),
    ("RESOURCE_EXHAUSTED: failed to write: no space left on device", False),
    ("INTERNAL: something else", False),
  ],
)
def test_what_is_out_of_memory(message, out_of_memory):
  error = jax.errors.JaxRuntimeError(message)
  assert device_memory.is_out_of_memory(error) == out_of_memory
  assert not device_memory.is_out_of_memory(ValueError(message))
  wanted = program.BadInput if out_of_memory else jax.errors.JaxRuntimeError
  with pytest.raises(wanted), device_memory.explained():
    raise error


def test_a_tpus_compiler_says_what_it_used():
  with (
    pytest.raises(program.BadInput, match=r"\(20.5G were asked for\)"),
    device_memory.explained(),
  ):
    raise jax.errors.JaxRuntimeError(
      "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm. Used 20.5G "
      "of 15.5G hbm. Exceeded hbm capacity by 5.0G."
    )


def write(root, files):
  """Files below a folder, by their path."""
  for name, text in files.items():
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
  return root


MACHINE = "MemTotal:  9000 kB\nMemAvailable:    4000 kB\nHugePages_Total: 0\n"


@pytest.mark.parametrize(
  ("files", "kib"),
  [
    ({}, 4_000),
    ({"proc/self/cgroup": "0::/\n"}, 4_000),
    (
      {  # version 2: the limit is that of the group above
        "proc/self/cgroup": "0::/box/app\n",
        "sys/fs/cgroup/box/app/memory.max": "max\n",
        "sys/fs/cgroup/box/memory.max": f"{3_000 * 1024}\n",
        "sys/fs/cgroup/box/memory.current": f"{2_500 * 1024}\n",
        "sys/fs/cgroup/box/memory.stat": (
          f"anon 1\ninactive_file {1_000 * 1024}\n"
        ),
      },
      1_500,
    ),
    (
      {  # version 1, and version 2 without limits beside it
        "proc/self/cgroup": "8:pids:/\n4:cpu,memory:/box\n0::/\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "1",
        "sys/fs/cgroup/memory/box/memory.limit_in_bytes": f"{900 * 1024}",
        "sys/fs/cgroup/memory/box/memory.usage_in_bytes": f"{400 * 1024}",
      },
      500,
    ),
  ],
)
def test_a_containers_limit_counts(tmp_path, files, kib):
  root = write(tmp_path, {"proc/meminfo": MACHINE, **files})
  assert device_memory.free_bytes(root) == kib * 1024


def test_devices_of_a_cpu_share_its_memory():
  device_memory.limit_bytes()
  free = device_memory.free_bytes()
  limit = device_memory.limit_bytes()
  assert limit == pytest.approx(device_memory.MARGIN * free / 8, rel=0.1)
  # What arrays hold is counted by the programs that take them.
  held = jax.device_put(np.ones(2**26, np.float32))  # 256 MiB
  assert device_memory.limit_bytes() == pytest.approx(limit, rel=0.02)
  assert held.nbytes == 2**28
