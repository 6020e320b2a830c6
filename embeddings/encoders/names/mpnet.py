"""MPNet (Song et al. 2020): a relative bias that all layers share."""

from embeddings.encoders.names import bert
from embeddings.encoders.names import entry
from embeddings.encoders.names import family

_ATTENTION = "encoder.layer.{layer}.attention"

TENSORS = (
  *(line for line in bert.INPUTS if line.parameter != "types"),
  entry.Entry("relative", "buckets", "encoder.relative_attention_bias.weight"),
  *entry.linear("layers/attention/query", f"{_ATTENTION}.attn.q"),
  *entry.linear("layers/attention/key", f"{_ATTENTION}.attn.k"),
  *entry.linear("layers/attention/value", f"{_ATTENTION}.attn.v"),
  *entry.linear("layers/attention/output", f"{_ATTENTION}.attn.o"),
  *entry.norm("layers/attention_norm", f"{_ATTENTION}.LayerNorm"),
  *bert.MLP,
)

MPNET = family.Family(
  name="mpnet",
  architecture="MPNetModel",
  prefix="mpnet.",
  tensors=TENSORS,
  keys={k: v for k, v in family.BERT_KEYS.items() if k != "type_vocab_size"},
  shape={
    "first_position": 2,
    "relative_buckets": 32,
    "type_vocab_size": 0,
    "norm_eps": 1e-12,
  },
  # transformers' model has 32 buckets whatever else its config says.
  required={"pad_token_id": 1, "relative_attention_num_buckets": 32},
  written={
    "pad_token_id": 1,
    "bos_token_id": 0,
    "eos_token_id": 2,
    "relative_attention_num_buckets": 32,
  },
  carried=(r"^pooler\.",),
  ignored=(
    r"^lm_head\.",
    r"^(classifier|qa_outputs)\.",
    r"^embeddings\.position_ids$",
  ),
  missing=bert.POOLER,
)
