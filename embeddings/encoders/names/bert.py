"""BERT (Devlin et al. 2019), and so MiniLM, TinyBERT, E5, BGE and GTE."""

from embeddings.encoders.names import entry
from embeddings.encoders.names import family

_ATTENTION = "encoder.layer.{layer}.attention"

INPUTS = (
  entry.Entry("inputs", "tokens", "embeddings.word_embeddings.weight"),
  entry.Entry("inputs", "positions", "embeddings.position_embeddings.weight"),
  entry.Entry("inputs", "types", "embeddings.token_type_embeddings.weight"),
  *entry.norm("inputs/norm", "embeddings.LayerNorm"),
)
MLP = (
  *entry.linear("layers/up", "encoder.layer.{layer}.intermediate.dense"),
  *entry.linear("layers/down", "encoder.layer.{layer}.output.dense"),
  *entry.norm("layers/mlp_norm", "encoder.layer.{layer}.output.LayerNorm"),
)
TENSORS = (
  *INPUTS,
  *entry.linear("layers/attention/query", f"{_ATTENTION}.self.query"),
  *entry.linear("layers/attention/key", f"{_ATTENTION}.self.key"),
  *entry.linear("layers/attention/value", f"{_ATTENTION}.self.value"),
  *entry.linear("layers/attention/output", f"{_ATTENTION}.output.dense"),
  *entry.norm("layers/attention_norm", f"{_ATTENTION}.output.LayerNorm"),
  *MLP,
)
POOLER = {
  "pooler.dense.weight": ("width", "width"),
  "pooler.dense.bias": ("width",),
}

BERT = family.Family(
  name="bert",
  architecture="BertModel",
  prefix="bert.",
  tensors=TENSORS,
  keys=family.BERT_KEYS,
  required={"is_decoder": False, "position_embedding_type": "absolute"},
  written={"pad_token_id": 0},
  carried=(r"^pooler\.",),
  ignored=(
    r"^cls\.",
    r"^(classifier|qa_outputs)\.",
    r"^embeddings\.position_ids$",
  ),
  missing=POOLER,
)
