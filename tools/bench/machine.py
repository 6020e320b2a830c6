"""What a benchmark runs on."""

import contextlib
import importlib.metadata
import os
import pathlib
import re

import jax


def device() -> str:
  """What XLA computes on; of a CPU its make, where Linux tells it."""
  about = pathlib.Path("/proc/cpuinfo")
  if jax.default_backend() == "cpu" and about.exists():
    found = re.search(r"model name\s*: (.+)", about.read_text(encoding="utf-8"))
    if found:
      return found[1]
  return jax.devices()[0].device_kind


def cores() -> int:
  """How many cores the process may use, which is what XLA takes too."""
  if hasattr(os, "sched_getaffinity"):  # not on macOS
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def versions() -> str:
  """What computes, with versions: of what is not installed there is none."""
  found = []
  for name in ("jax", "torch", "sentence-transformers"):
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
      found.append(f"{name} {importlib.metadata.version(name)}")
  return ", ".join(found)
