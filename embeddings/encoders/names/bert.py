"""BERT's parameters under Hugging Face's names (MiniLM, E5, BGE, GTE too)."""

from embeddings.encoders.names import entry

MODEL_TYPE = "bert"
ARCHITECTURE = "BertModel"
PREFIX = "bert."  # of models that were saved with a head on top

_ATTENTION = "encoder.layer.{layer}.attention"

TENSORS: tuple[entry.Entry, ...] = (
  entry.Entry("inputs", "tokens", "embeddings.word_embeddings.weight"),
  entry.Entry("inputs", "positions", "embeddings.position_embeddings.weight"),
  entry.Entry("inputs", "types", "embeddings.token_type_embeddings.weight"),
  *entry.norm("inputs/norm", "embeddings.LayerNorm"),
  *entry.linear("layers/attention/query", f"{_ATTENTION}.self.query"),
  *entry.linear("layers/attention/key", f"{_ATTENTION}.self.key"),
  *entry.linear("layers/attention/value", f"{_ATTENTION}.self.value"),
  *entry.linear("layers/attention/output", f"{_ATTENTION}.output.dense"),
  *entry.norm("layers/attention_norm", f"{_ATTENTION}.output.LayerNorm"),
  *entry.linear("layers/up", "encoder.layer.{layer}.intermediate.dense"),
  *entry.linear("layers/down", "encoder.layer.{layer}.output.dense"),
  *entry.norm("layers/mlp_norm", "encoder.layer.{layer}.output.LayerNorm"),
)

# Weights that no vector depends on: heads of pretraining, and buffers.
IGNORED = (r"^cls\.", r"^pooler\.", r"^embeddings\.position_ids$")

# Weights that transformers looks for and no vector depends on: an exported
# model holds zeros, so that it loads without a word of what is missing.
UNUSED = {
  "pooler.dense.weight": ("width", "width"),
  "pooler.dense.bias": ("width",),
}

# Fields of our config under Hugging Face's names, as config.json has them.
CONFIG = {
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

# What config.json says of things that every encoder here has in common.
FIXED = {"is_decoder": False, "pad_token_id": 0}
