"""The table of families: a small random model of each, in torch and as ours."""

import functools
import json
from typing import Any, NamedTuple

import jax
import numpy as np
import torch
import transformers

from data import batch as batch_lib
from embeddings import towers
from embeddings import weights
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders.names import table
from tests.embeddings import tiny

VOCABULARY = 97
LENGTH = 40
# With five, ModernBERT's kinds of layers come twice at least.
LAYERS = 5

_BERT = {
  "vocab_size": VOCABULARY,
  "hidden_size": 24,
  "num_hidden_layers": LAYERS,
  "num_attention_heads": 4,
  "intermediate_size": 40,
  "max_position_embeddings": LENGTH,
}
# Two rows of the position table stand before the first token's.
_ROBERTA = {**_BERT, "max_position_embeddings": LENGTH + 2}

# What transformers' config of each family is told.
FAMILIES: dict[str, dict[str, Any]] = {
  "bert": _BERT,
  "roberta": {**_ROBERTA, "type_vocab_size": 1},
  "xlm-roberta": {**_ROBERTA, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
  "distilbert": {
    "vocab_size": VOCABULARY,
    "dim": 24,
    "n_layers": LAYERS,
    "n_heads": 4,
    "hidden_dim": 40,
    "max_position_embeddings": LENGTH,
  },
  "mpnet": _ROBERTA,
  "albert": {**_BERT, "embedding_size": 16},
  "modernbert": {
    **_BERT,
    "local_attention": 8,  # a fifth of the longest text
    "pad_token_id": 0,
    "bos_token_id": 2,
    "eos_token_id": 3,
    "cls_token_id": 2,
    "sep_token_id": 3,
  },
}
LAYERS_KEY = {"distilbert": "n_layers"}  # of the others: num_hidden_layers


class Twins(NamedTuple):
  """One model twice."""

  torch: transformers.PreTrainedModel
  config: config_lib.EncoderConfig
  params: towers.Params
  carried: dict[str, np.ndarray]


def torch_config(
  family: str, layers: int = LAYERS, **changes: Any
) -> transformers.PretrainedConfig:
  """transformers' config of a family's small model."""
  key = LAYERS_KEY.get(family, "num_hidden_layers")
  settings = {**FAMILIES[family], key: layers, **changes}
  return transformers.AutoConfig.for_model(family, **settings)


def content(config: transformers.PretrainedConfig) -> dict[str, Any]:
  """What transformers writes into config.json."""
  return json.loads(config.to_json_string())


def make(family: str, layers: int = LAYERS, **changes: Any) -> Twins:
  """A model of transformers in which every weight is random, and ours."""
  torch.manual_seed(0)
  config = torch_config(family, layers, **changes)
  model = transformers.AutoModel.from_config(config).eval()
  for name, weight in model.named_parameters():
    weight.data += (0.1 if "norm" in name.lower() else 0.3) * torch.randn(
      weight.shape
    )
  ours = table.FAMILIES[family].encoder(content(config), family)
  found = weights.params_of(tensors(model), ours)
  return Twins(model, ours, found.params, found.carried)


@functools.cache
def twins(family: str, layers: int = LAYERS) -> Twins:
  """`make`, once for all tests."""
  return make(family, layers)


def tensors(model: transformers.PreTrainedModel) -> dict[str, np.ndarray]:
  """What a model saves."""
  return {name: weight.numpy() for name, weight in model.state_dict().items()}


def texts(lengths: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
  """Random texts of these lengths without the tokens that mean something."""
  random = np.random.default_rng(seed)
  return [random.integers(4, VOCABULARY, n).astype(np.int32) for n in lengths]


def pack(texts: list[np.ndarray]) -> batch_lib.Packed:
  """Texts side by side, in as many rows as `pad` makes: [T, LENGTH]."""
  packed = tiny.pack(texts, LENGTH)
  spare = ((0, len(texts) - len(packed.tokens)), (0, 0))
  empty = batch_lib.Packed(tokens=0, text=-1, position=0)
  return batch_lib.Packed(
    *(
      np.pad(field, spare, constant_values=value)
      for field, value in zip(packed, empty, strict=True)
    )
  )


def pad(texts: list[np.ndarray]) -> batch_lib.Packed:
  """One text a row: [T, LENGTH]."""
  return tiny.pad(texts, LENGTH)


def hidden(
  twins: Twins, packed: batch_lib.Packed, keys: jax.Array | None = None
) -> np.ndarray:  # float32 [R, LENGTH, D]
  """Our hidden states."""
  rows = inputs.Rows(*packed)
  return np.asarray(tiny.hidden(twins.config, twins.params, rows, keys))


def by_text(
  states: np.ndarray,  # [R, LENGTH, D]
  packed: batch_lib.Packed,
) -> list[np.ndarray]:
  """Hidden states text by text, [n, D] each."""
  return [states[packed.text == i] for i in range(packed.text.max() + 1)]


def wanted(
  model: transformers.PreTrainedModel, texts: list[np.ndarray]
) -> list[np.ndarray]:
  """transformers' hidden states text by text, padded in one batch."""
  padded = pad(texts)
  real = padded.text >= 0
  ids = np.where(real, padded.tokens, model.config.pad_token_id)
  with torch.no_grad():
    found = model(
      input_ids=torch.from_numpy(ids.astype(np.int64)),
      attention_mask=torch.from_numpy(real.astype(np.int64)),
    )
  return by_text(found.last_hidden_state.float().numpy(), padded)


def assert_is_torch(
  twins: Twins, texts: list[np.ndarray], tolerance: float
) -> None:
  """Compares the hidden states of texts, packed and padded, with torch's."""
  theirs = wanted(twins.torch, texts)
  assert max(np.abs(states).max() for states in theirs) > 1
  for packed in (pack(texts), pad(texts)):
    states = hidden(twins, packed)
    assert states.dtype == np.float32 and np.isfinite(states).all()
    for one, two in zip(by_text(states, packed), theirs, strict=True):
      np.testing.assert_allclose(one, two, rtol=0, atol=tolerance)
