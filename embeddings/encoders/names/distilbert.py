"""DistilBERT (Sanh et al. 2019): BERT without token types."""

from embeddings.encoders.names import entry
from embeddings.encoders.names import family

_LAYER = "transformer.layer.{layer}"

TENSORS = (
  entry.Entry("inputs", "tokens", "embeddings.word_embeddings.weight"),
  entry.Entry("inputs", "positions", "embeddings.position_embeddings.weight"),
  *entry.norm("inputs/norm", "embeddings.LayerNorm"),
  *entry.linear("layers/attention/query", f"{_LAYER}.attention.q_lin"),
  *entry.linear("layers/attention/key", f"{_LAYER}.attention.k_lin"),
  *entry.linear("layers/attention/value", f"{_LAYER}.attention.v_lin"),
  *entry.linear("layers/attention/output", f"{_LAYER}.attention.out_lin"),
  *entry.norm("layers/attention_norm", f"{_LAYER}.sa_layer_norm"),
  *entry.linear("layers/up", f"{_LAYER}.ffn.lin1"),
  *entry.linear("layers/down", f"{_LAYER}.ffn.lin2"),
  *entry.norm("layers/mlp_norm", f"{_LAYER}.output_layer_norm"),
)

DISTILBERT = family.Family(
  name="distilbert",
  architecture="DistilBertModel",
  prefix="distilbert.",
  tensors=TENSORS,
  keys={
    "vocab_size": "vocab_size",
    "width": "dim",
    "layers": "n_layers",
    "heads": "n_heads",
    "mlp_width": "hidden_dim",
    "max_positions": "max_position_embeddings",
    "activation": "activation",
    "dropout": "dropout",
    "attention_dropout": "attention_dropout",
    "init_range": "initializer_range",
  },
  shape={"type_vocab_size": 0, "norm_eps": 1e-12},
  written={"pad_token_id": 0},
  ignored=(
    r"^vocab_(transform|layer_norm|projector)\.",
    r"^(pre_classifier|classifier|qa_outputs)\.",
    r"^embeddings\.position_ids$",
  ),
)
