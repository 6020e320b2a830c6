"""What differs between one encoder and another."""

import dataclasses
from typing import Any

from data import program

ACTIVATIONS = ("gelu", "gelu_new", "relu")


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
  """The shape of a transformer encoder.

  Attributes:
    family: names the table in `embeddings/encoders/names`.
    vocab_size: V.
    width: D.
    layers: how many blocks.
    heads: H, a divisor of the width.
    mlp_width: of the hidden layer between two blocks.
    max_positions: the longest text, in tokens.
    type_vocab_size: token types; only the first is ever used.
    activation: "gelu" (exact), "gelu_new" (tanh) or "relu".
    norm_eps: added to the variance in layer norms.
    dropout: rate on embeddings and on each block's two outputs.
    attention_dropout: rate on attention weights.
    init_range: standard deviation of new weights.
  """

  family: str = "bert"
  vocab_size: int = 30_522
  width: int = 384
  layers: int = 6
  heads: int = 12
  mlp_width: int = 1_536
  max_positions: int = 512
  type_vocab_size: int = 2
  activation: str = "gelu"
  norm_eps: float = 1e-12
  dropout: float = 0.0
  attention_dropout: float = 0.0
  init_range: float = 0.02

  def __post_init__(self) -> None:
    if self.width % self.heads:
      raise program.BadInput(
        f"an encoder of width {self.width} cannot have {self.heads} heads; "
        "wanted a divisor of the width"
      )
    if self.activation not in ACTIVATIONS:
      raise program.BadInput(
        f"activation {self.activation!r} is not known; wanted one of "
        f"{', '.join(ACTIVATIONS)}"
      )

  def replace(self, **changes: Any) -> "EncoderConfig":
    """The same encoder but for `changes`."""
    return dataclasses.replace(self, **changes)
