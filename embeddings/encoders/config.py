"""What differs between one encoder and another."""

import dataclasses
from typing import Any

from data import program

ACTIVATIONS = ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu")


class UnknownKind(program.BadInput):
  """A model that may be whole and is of a kind that is not done here."""


@dataclasses.dataclass(frozen=True)
class EncoderConfig:
  """The shape of a transformer encoder.

  The second half is what families differ in; `names/table.py` says which has
  what.

  Attributes:
    family: names the table in `embeddings/encoders/names`.
    vocab_size: V.
    width: D.
    layers: how many blocks.
    heads: H, a divisor of the width.
    mlp_width: of the hidden layer between two blocks.
    max_positions: the longest text, in tokens.
    type_vocab_size: token types, of which only the first is used; 0 for none.
    activation: "gelu" (exact), "gelu_new" and "gelu_pytorch_tanh" (tanh),
      "relu" or "silu".
    norm_eps: added to the variance in layer norms.
    dropout: rate on embeddings and on each block's two outputs.
    attention_dropout: rate on attention weights.
    init_range: standard deviation of new weights.
    input_width: of the embedding tables, which a linear map then brings to the
      width; 0 where they have the width themselves.
    first_position: the row of the position table for a text's first token;
      where it is not 0, the row before it is that of the padding token.
    relative_buckets: distances that attention tells apart; 0 for none.
    rotary: whether positions turn queries and keys, in place of a table.
    rotary_base, local_rotary_base: of the longest wave, in global and in local
      layers.
    global_every: one layer in so many sees the whole text, the first first.
    local_attention: the window that the other layers see, half to each side.
    shared_layers: whether all blocks have the same parameters.
    pre_norm: whether a block normalises what it reads, not what it adds to.
    gated: whether the MLP multiplies its hidden layer by a second one.
    biases: whether linear maps and norms have an additive part.
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

  input_width: int = 0
  first_position: int = 0
  relative_buckets: int = 0
  rotary: bool = False
  rotary_base: float = 160_000.0
  local_rotary_base: float = 10_000.0
  global_every: int = 1
  local_attention: int = 128
  shared_layers: bool = False
  pre_norm: bool = False
  gated: bool = False
  biases: bool = True

  def __post_init__(self) -> None:
    if self.width % self.heads:
      raise program.BadInput(
        f"an encoder of width {self.width} cannot have {self.heads} heads; "
        "wanted a divisor of the width"
      )
    if self.rotary and self.head_width % 2:
      raise program.BadInput(
        f"heads of width {self.head_width} cannot be turned in pairs; wanted "
        "an even width / heads"
      )
    if self.activation not in ACTIVATIONS:
      raise UnknownKind(
        f"activation {self.activation!r} is not known; wanted one of "
        f"{', '.join(ACTIVATIONS)}"
      )

  @property
  def head_width(self) -> int:
    """K."""
    return self.width // self.heads

  def replace(self, **changes: Any) -> "EncoderConfig":
    """The same encoder but for `changes`."""
    return dataclasses.replace(self, **changes)
