"""One line of a name table."""

from collections.abc import Sequence
from typing import NamedTuple


class Entry(NamedTuple):
  """A parameter of ours and the tensor, or tensors, that it is elsewhere."""

  module: str  # below "encoder/"
  parameter: str
  tensor: str  # with "{layer}" where there is one a layer
  transposed: bool = False  # torch keeps a linear map as [out, in]
  part: int = 0  # which of the parts that the tensor is joined from,
  parts: int = 1  # along its first axis
  first_layer: int = 0  # layers before have none, and would not use one

  @property
  def stacked(self) -> bool:
    """Whether there is one tensor a layer."""
    return "{layer}" in self.tensor

  def tensors(self, layers: int) -> list[str]:
    """The tensors' names, layer by layer where there is one a layer."""
    if not self.stacked:
      return [self.tensor]
    numbers = range(self.first_layer, layers)
    return [self.tensor.format(layer=number) for number in numbers]


def linear(module: str, tensor: str, *, biases: bool = True) -> list[Entry]:
  """Weight and bias of a linear map."""
  weight = Entry(module, "w", f"{tensor}.weight", transposed=True)
  return [weight, Entry(module, "b", f"{tensor}.bias")][: 1 + biases]


def joined(modules: Sequence[str], tensor: str) -> list[Entry]:
  """Linear maps without biases that elsewhere are one."""
  return [
    Entry(module, "w", f"{tensor}.weight", True, part, len(modules))
    for part, module in enumerate(modules)
  ]


def norm(
  module: str, tensor: str, *, biases: bool = True, first_layer: int = 0
) -> list[Entry]:
  """Scale and offset of a layer norm."""
  scale = Entry(module, "scale", f"{tensor}.weight", first_layer=first_layer)
  return [scale, Entry(module, "offset", f"{tensor}.bias")][: 1 + biases]
