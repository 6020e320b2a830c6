"""Peaks have names that JAX gives to devices."""

import jax
from jax._src.pallas.mosaic import tpu_info
import pytest

from embeddings import partition
from embeddings import peaks


@pytest.mark.parametrize("kind", [k for k in peaks.PEAKS if k[:3] == "TPU"])
def test_jax_knows_the_tpu(kind):
  assert tpu_info.chip_version_from_device_kind(kind) is not None


@pytest.mark.parametrize("kind", peaks.PEAKS)
def test_sixteen_bits_are_no_slower(kind):
  half = peaks.of_kind(kind, "bfloat16")
  assert half == peaks.of_kind(kind, "float16")
  assert half is not None and 1e13 < half < 1e16
  ratio = half / (peaks.of_kind(kind, "float32") or 0)
  assert ratio == 1 if kind[:3] == "TPU" else 1.9 < ratio < 2.1


def test_a_mesh_has_that_of_all_its_devices(monkeypatch):
  mesh = partition.make_mesh(fsdp=2)
  assert peaks.of_mesh(mesh, "float32") is None  # CPUs
  kind = jax.devices()[0].device_kind
  monkeypatch.setitem(peaks.PEAKS, kind, peaks.Peak(3, 2))
  assert peaks.of_mesh(mesh, "float32") == 2e12 * jax.device_count()
