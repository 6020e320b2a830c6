"""What a model is beside its parameters: enough to use and to export it."""

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from embeddings import towers


# The prompts of each side, as sentence-transformers looks for them: the first
# that a model has counts.
SIDE_PROMPTS = {
  "query": ("query",),
  "document": ("document", "passage", "corpus"),
}


def prompt_name(
  prompts: Mapping[str, str], default: str, side: str = ""
) -> str:
  """The name of the prompt of a side, "" for none.

  Args:
    prompts: of a model, by name.
    default: the name of the one for texts whose side has none.
    side: "query", "document" or neither.
  """
  names = SIDE_PROMPTS.get(side, ())
  return next((name for name in names if name in prompts), default)


class Carried(NamedTuple):
  """What an encoder brought along that no vector depends on."""

  config: dict[str, Any]  # config.json as it was, {} for a new encoder
  tensors: dict[str, np.ndarray]  # a pooler and the like


@dataclasses.dataclass(frozen=True)
class Description:
  """A model but for its parameters.

  Attributes:
    config: its shape.
    max_length: the longest text, in tokens; what is more is cut off.
    tokenizer: the folder that holds it.
    prompts: texts by name that may be put before each text.
    default_prompt: the name of the one that is, unless told; "" for none.
    carried: by side ("" for a shared encoder), what an export writes back.
  """

  config: towers.ModelConfig
  max_length: int
  tokenizer: pathlib.Path
  prompts: Mapping[str, str] = dataclasses.field(default_factory=dict)
  default_prompt: str = ""
  carried: Mapping[str, Carried] = dataclasses.field(default_factory=dict)

  def prompt(self, side: str) -> str:
    """What stands before the texts of a side."""
    name = prompt_name(self.prompts, self.default_prompt, side)
    return self.prompts[name] if name else ""

  def replace(self, **changes: Any) -> "Description":
    """The same model but for `changes`."""
    return dataclasses.replace(self, **changes)


class Pretrained(NamedTuple):
  """A model as it was found."""

  description: Description
  params: towers.Params  # float32
