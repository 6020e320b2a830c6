"""What Hugging Face calls the parts of one family's encoders."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data import program
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import entry

_DROPOUTS = ("dropout", "attention_dropout")  # a choice of training, not read

# Fields of our config under the names that most families have in config.json.
BERT_KEYS = {
  "vocab_size": "vocab_size",
  "width": "hidden_size",
  "layers": "num_hidden_layers",
  "heads": "num_attention_heads",
  "mlp_width": "intermediate_size",
  "max_positions": "max_position_embeddings",
  "type_vocab_size": "type_vocab_size",
  "activation": "hidden_act",
  "norm_eps": "layer_norm_eps",
  "dropout": "hidden_dropout_prob",
  "attention_dropout": "attention_probs_dropout_prob",
  "init_range": "initializer_range",
}


@dataclasses.dataclass(frozen=True)
class Family:
  """The name table of a family.

  Attributes:
    name: the model_type of config.json.
    architecture: transformers' class of the bare encoder.
    prefix: of tensors of models that were saved with a head on top.
    tensors: our parameters and the tensors that they are.
    keys: our config's fields -> config.json's keys.
    shape: our config's fields that all of the family have.
    required: what config.json must say if it says anything of it.
    written: what a new config.json says beside `keys`.
    carried: patterns of weights that no vector depends on and that an export
      writes back as they came.
    ignored: patterns of weights that are left behind: heads of pretraining,
      and buffers.
    missing: weights that transformers looks for in every model, with their
      shapes in fields of our config; an export without them writes zeros.
    older: from config.json to one with all of `keys`.
  """

  name: str
  architecture: str
  prefix: str
  tensors: Sequence[entry.Entry]
  keys: Mapping[str, str]
  shape: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  required: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  written: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  carried: Sequence[str] = ()
  ignored: Sequence[str] = ()
  missing: Mapping[str, Sequence[str]] = dataclasses.field(default_factory=dict)
  older: Callable[[dict[str, Any]], dict[str, Any]] = dict

  def encoder(
    self, content: dict[str, Any], source: str
  ) -> config_lib.EncoderConfig:
    """Our config out of config.json's content, without dropout.

    Args:
      content: of config.json.
      source: names the model in errors.

    Raises:
      program.BadInput: if a key is missing, or says what is not done here.
    """
    content = self.older(content)
    for key, wanted in self.required.items():
      if content.get(key, wanted) != wanted:
        raise config_lib.UnknownKind(
          f"config.json of {source} has {key}={content[key]!r}; wanted "
          f"{wanted!r}, the one kind of {self.name} that Gigapair has"
        )
    read = {k: v for k, v in self.keys.items() if k not in _DROPOUTS}
    missing = [key for key in read.values() if key not in content]
    if missing:
      raise program.BadInput(f"config.json of {source} has no {missing[0]!r}")
    fields = {**self.shape, **{k: content[key] for k, key in read.items()}}
    fields["max_positions"] -= self.shape.get("first_position", 0)
    return config_lib.EncoderConfig(family=self.name, **fields)

  def content(self, config: config_lib.EncoderConfig) -> dict[str, Any]:
    """The content of a new config.json for an encoder of ours."""
    fields = dataclasses.asdict(config)
    fields["max_positions"] += config.first_position
    return {
      "architectures": [self.architecture],
      "model_type": self.name,
      **self.written,
      **{key: fields[field] for field, key in self.keys.items()},
    }
