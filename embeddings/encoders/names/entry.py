"""One line of a name table."""

from typing import NamedTuple


class Entry(NamedTuple):
  """A parameter of ours and the tensor, or tensors, that it is elsewhere."""

  module: str  # below "encoder/"; "layers/" stands for a stack of layers
  parameter: str
  tensor: str  # with "{layer}" where there is one a layer
  transposed: bool = False  # torch keeps a linear map as [out, in]


def linear(module: str, tensor: str) -> tuple[Entry, Entry]:
  """Weight and bias of a linear map."""
  return (
    Entry(module, "w", f"{tensor}.weight", transposed=True),
    Entry(module, "b", f"{tensor}.bias"),
  )


def norm(module: str, tensor: str) -> tuple[Entry, Entry]:
  """Scale and offset of a layer norm."""
  return (
    Entry(module, "scale", f"{tensor}.weight"),
    Entry(module, "offset", f"{tensor}.bias"),
  )
