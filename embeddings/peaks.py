"""The most that a device can compute, by the name that JAX has for its kind.

Of matrix products, without sparsity. A device that is not in the table has no
MFU: CPUs, above all, whose peak depends on clocks and vector units.
"""

from typing import NamedTuple

from jax.sharding import Mesh


class Peak(NamedTuple):
  """Floating-point operations a second, in 10^12, of one JAX device."""

  bfloat16: float  # float16 is as fast
  float32: float  # as XLA multiplies by default


# TPUs: the pages of cloud.google.com/tpu/docs on each version, by chip. Up to
# v3, and from v7 on, a JAX device is one of a chip's two cores. XLA multiplies
# float32 in one pass of bfloat16 there, unless told more. The names are those
# of jax/_src/pallas/mosaic/tpu_info.py.
# GPUs: NVIDIA's data sheets, halved where they count sparsity. XLA multiplies
# float32 as TF32 there. The names are the driver's.
PEAKS: dict[str, Peak] = {
  "TPU v2": Peak(45 / 2, 45 / 2),
  "TPU v3": Peak(123 / 2, 123 / 2),
  "TPU v4": Peak(275, 275),
  "TPU v5 lite": Peak(197, 197),
  "TPU v5e": Peak(197, 197),
  "TPU v5": Peak(459, 459),
  "TPU v5p": Peak(459, 459),
  "TPU v6 lite": Peak(918, 918),
  "TPU v6e": Peak(918, 918),
  "TPU7x": Peak(2_307 / 2, 2_307 / 2),
  "NVIDIA A10": Peak(125, 62.5),
  "NVIDIA A10G": Peak(70, 35),
  "NVIDIA A100-PCIE-40GB": Peak(312, 156),
  "NVIDIA A100-SXM4-40GB": Peak(312, 156),
  "NVIDIA A100 80GB PCIe": Peak(312, 156),
  "NVIDIA A100-SXM4-80GB": Peak(312, 156),
  "NVIDIA H100 PCIe": Peak(756, 378),
  "NVIDIA H100 NVL": Peak(835, 417.5),
  "NVIDIA H100 80GB HBM3": Peak(989, 494.5),
  "NVIDIA H200": Peak(989, 494.5),
  "NVIDIA B200": Peak(2_250, 1_125),
  "NVIDIA L4": Peak(121, 60),
  "NVIDIA L40S": Peak(362, 183),
  "NVIDIA GeForce RTX 3090": Peak(71, 35.6),
  "NVIDIA GeForce RTX 4090": Peak(165, 82.6),
  "NVIDIA GeForce RTX 5090": Peak(209.5, 104.8),
}


def of_kind(kind: str, dtype: str) -> float | None:
  """The peak of one device in operations a second, None if it is not known.

  Args:
    kind: `jax.Device.device_kind`.
    dtype: of the computation: "float32", "bfloat16" or "float16".

  >>> of_kind("TPU v4", "bfloat16"), of_kind("cpu", "float32")
  (275000000000000.0, None)
  """
  peak = PEAKS.get(kind)
  if peak is None:
    return None
  return 1e12 * (peak.float32 if dtype == "float32" else peak.bfloat16)


def of_mesh(mesh: Mesh, dtype: str) -> float | None:
  """The peak of all devices of a mesh together, None if it is not known."""
  peak = of_kind(mesh.devices.flat[0].device_kind, dtype)
  return None if peak is None else peak * mesh.size
