"""What the tokens of packed rows see, layer by layer.

All layers see within a text. Where a family alternates (ModernBERT), one layer
in `global_every` sees the whole text and the others a window of it, and the
two kinds turn queries and keys by waves of their own.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from embeddings.encoders import attention
from embeddings.encoders import config as config_lib
from embeddings.encoders import inputs
from embeddings.encoders import relative
from embeddings.encoders import rotary


def views(
  rows: inputs.Rows, config: config_lib.EncoderConfig
) -> Callable[[jax.Array], attention.View]:
  """From the number of a layer, which may be traced, to its view.

  What does not depend on the layer is computed once.
  """
  length = rows.tokens.shape[1]
  # Padding sees padding: its rows stay finite, and nothing pools them.
  same_text = rows.text[:, None, :, None] == rows.text[:, None, None, :]
  bias, turns, local_turns, near = None, None, None, None
  if config.relative_buckets:
    bias = relative.RelativeBias(
      config.heads, config.relative_buckets, config.init_range, name="relative"
    )(length)
  if config.rotary:
    turns = rotary.angles(rows.position, config.head_width, config.rotary_base)
  if config.global_every > 1:
    place = np.arange(length)
    near = (
      np.abs(place[:, None] - place[None, :]) <= config.local_attention // 2
    )
    local_turns = rotary.angles(
      rows.position, config.head_width, config.local_rotary_base
    )

  def view(layer: jax.Array) -> attention.View:
    if near is None or local_turns is None or turns is None:
      return attention.View(same_text, bias, turns)
    whole = layer % config.global_every == 0
    return attention.View(
      same_text & (near | whole),
      bias,
      jax.tree.map(
        lambda z, local: jnp.where(whole, z, local), turns, local_turns
      ),
    )

  return view
