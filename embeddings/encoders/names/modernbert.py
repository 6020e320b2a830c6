"""ModernBERT (Warner et al. 2024, arXiv 2412.13663).

Rotary positions, two layers of three see a window, gated MLPs, norms before
and no biases. The first block reads what the inputs normalised: it has no
norm of its own before attention.
"""

from typing import Any

from embeddings.encoders import config as config_lib
from embeddings.encoders.names import entry
from embeddings.encoders.names import family

_LAYER = "layers.{layer}"
_KINDS = ("full_attention", "sliding_attention")

TENSORS = (
  entry.Entry("inputs", "tokens", "embeddings.tok_embeddings.weight"),
  *entry.norm("inputs/norm", "embeddings.norm", biases=False),
  *entry.joined(
    [f"layers/attention/{name}" for name in ("query", "key", "value")],
    f"{_LAYER}.attn.Wqkv",
  ),
  *entry.linear("layers/attention/output", f"{_LAYER}.attn.Wo", biases=False),
  *entry.norm(
    "layers/attention_norm", f"{_LAYER}.attn_norm", biases=False, first_layer=1
  ),
  *entry.joined(["layers/up", "layers/gate"], f"{_LAYER}.mlp.Wi"),
  *entry.linear("layers/down", f"{_LAYER}.mlp.Wo", biases=False),
  *entry.norm("layers/mlp_norm", f"{_LAYER}.mlp_norm", biases=False),
  *entry.norm("norm", "final_norm", biases=False),
)


def _older(content: dict[str, Any]) -> dict[str, Any]:
  """Says in transformers 4's words what transformers 5 says in its own."""
  content = {
    "global_attn_every_n_layers": 3,
    "global_rope_theta": 160_000.0,
    "local_rope_theta": 10_000.0,
    **content,
  }
  rope = content.get("rope_parameters") or {}
  for kind, key in zip(_KINDS, ("global", "local"), strict=True):
    about = rope.get(kind) or {}
    if about.get("rope_type", "default") != "default":
      raise config_lib.UnknownKind(
        f"config.json has rope_type {about['rope_type']!r} for {kind}; wanted "
        "'default'"
      )
    theta = f"{key}_rope_theta"
    content[theta] = about.get("rope_theta", content[theta])
  kinds = content.get("layer_types")
  if kinds:
    wholes = [i for i, kind in enumerate(kinds) if kind == _KINDS[0]]
    every = wholes[1] if len(wholes) > 1 else max(len(kinds), 2)
    if kinds != [_KINDS[bool(i % every)] for i in range(len(kinds))]:
      raise config_lib.UnknownKind(
        f"config.json has layer_types {kinds}; wanted {_KINDS[0]} at the first "
        "and then at equal distances"
      )
    content["global_attn_every_n_layers"] = every
  return content


MODERNBERT = family.Family(
  name="modernbert",
  architecture="ModernBertModel",
  prefix="model.",
  tensors=TENSORS,
  keys={
    "vocab_size": "vocab_size",
    "width": "hidden_size",
    "layers": "num_hidden_layers",
    "heads": "num_attention_heads",
    "mlp_width": "intermediate_size",
    "max_positions": "max_position_embeddings",
    "activation": "hidden_activation",
    "norm_eps": "norm_eps",
    "dropout": "mlp_dropout",
    "attention_dropout": "attention_dropout",
    "init_range": "initializer_range",
    "rotary_base": "global_rope_theta",
    "local_rotary_base": "local_rope_theta",
    "global_every": "global_attn_every_n_layers",
    "local_attention": "local_attention",
  },
  shape={
    "rotary": True,
    "pre_norm": True,
    "gated": True,
    "biases": False,
    "type_vocab_size": 0,
    "norm_eps": 1e-5,
    "global_every": 3,
    "local_attention": 128,
  },
  required={"attention_bias": False, "mlp_bias": False, "norm_bias": False},
  # The class's own ids lie outside of smaller vocabularies than the first one.
  written={
    "attention_bias": False,
    "mlp_bias": False,
    "norm_bias": False,
    "pad_token_id": 0,
    **dict.fromkeys(
      ["bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id"]
    ),
  },
  ignored=(r"^(head|decoder|classifier)\.",),
  older=_older,
)
