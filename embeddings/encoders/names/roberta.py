"""RoBERTa (Liu et al. 2019) and XLM-RoBERTa (Conneau et al. 2020).

BERT's tensors; positions begin after the padding token's.
"""

import dataclasses

from embeddings.encoders.names import bert
from embeddings.encoders.names import family

ROBERTA = family.Family(
  name="roberta",
  architecture="RobertaModel",
  prefix="roberta.",
  tensors=bert.TENSORS,
  keys=family.BERT_KEYS,
  shape={"first_position": 2, "type_vocab_size": 1, "norm_eps": 1e-5},
  required={
    "is_decoder": False,
    "position_embedding_type": "absolute",
    "pad_token_id": 1,
  },
  written={"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2},
  carried=(r"^pooler\.",),
  ignored=(
    r"^lm_head\.",
    r"^(classifier|qa_outputs)\.",
    r"^embeddings\.position_ids$",
  ),
  missing=bert.POOLER,
)
XLM_ROBERTA = dataclasses.replace(
  ROBERTA, name="xlm-roberta", architecture="XLMRobertaModel"
)
