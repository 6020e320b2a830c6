"""A digest of a model's parameters, which says whether two models are one."""

import jax
import numpy as np
import xxhash

from embeddings import towers


def of(params: towers.Params) -> str:
  """The digest, 16 hexadecimal digits; the same wherever the model stands."""
  found = xxhash.xxh3_64()
  for path, leaf in jax.tree_util.tree_leaves_with_path(params):
    found.update(jax.tree_util.keystr(path).encode())
    found.update(np.ascontiguousarray(leaf).tobytes())
  return found.hexdigest()
