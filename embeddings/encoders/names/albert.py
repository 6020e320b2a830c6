"""ALBERT (Lan et al. 2020): narrow tables, and one block for all layers."""

from embeddings.encoders.names import bert
from embeddings.encoders.names import entry
from embeddings.encoders.names import family

_LAYER = "encoder.albert_layer_groups.0.albert_layers.0"

TENSORS = (
  *bert.INPUTS,
  *entry.linear("inputs/projection", "encoder.embedding_hidden_mapping_in"),
  *entry.linear("layers/attention/query", f"{_LAYER}.attention.query"),
  *entry.linear("layers/attention/key", f"{_LAYER}.attention.key"),
  *entry.linear("layers/attention/value", f"{_LAYER}.attention.value"),
  *entry.linear("layers/attention/output", f"{_LAYER}.attention.dense"),
  *entry.norm("layers/attention_norm", f"{_LAYER}.attention.LayerNorm"),
  *entry.linear("layers/up", f"{_LAYER}.ffn"),
  *entry.linear("layers/down", f"{_LAYER}.ffn_output"),
  *entry.norm("layers/mlp_norm", f"{_LAYER}.full_layer_layer_norm"),
)

ALBERT = family.Family(
  name="albert",
  architecture="AlbertModel",
  prefix="albert.",
  tensors=TENSORS,
  keys={**family.BERT_KEYS, "input_width": "embedding_size"},
  shape={"shared_layers": True, "input_width": 128, "activation": "gelu_new"},
  required={
    "position_embedding_type": "absolute",
    "num_hidden_groups": 1,
    "inner_group_num": 1,
  },
  written={"pad_token_id": 0, "num_hidden_groups": 1, "inner_group_num": 1},
  carried=(r"^pooler\.",),
  ignored=(
    r"^(predictions|sop_classifier|classifier|qa_outputs)\.",
    r"^embeddings\.(position|token_type)_ids$",
  ),
  missing={"pooler.weight": ("width", "width"), "pooler.bias": ("width",)},
)
