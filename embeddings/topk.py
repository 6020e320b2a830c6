"""The k nearest documents of each query, exactly, in blocks."""

import functools

import jax
import jax.numpy as jnp
import numpy as np


def search(
  queries: np.ndarray,  # [Q, E]
  documents: np.ndarray,  # [N, E]
  k: int,
  *,
  block: int = 8_192,
) -> tuple[np.ndarray, np.ndarray]:
  """The documents with the largest dot products.

  Args:
    queries: the vectors to search with.
    documents: the vectors to search in.
    k: how many to find; all of them if there are fewer.
    block: documents scored at once, so that memory is Q x block at most.

  Returns:
    scores: float32 [Q, k], largest first.
    found: int64 [Q, k], which documents.
  """
  k = min(k, len(documents))
  scores = np.full((len(queries), k), -np.inf, np.float32)
  found = np.full((len(queries), k), -1, np.int64)
  for start in range(0, len(documents), block):
    part = documents[start : start + block]
    near, at = _top(queries, part, min(k, len(part)))
    scores, found = _merge(
      (scores, np.asarray(near)), (found, np.asarray(at) + start), k
    )
  return scores, found


@functools.partial(jax.jit, static_argnames="k")
def _top(
  queries: jax.Array,  # [Q, E]
  documents: jax.Array,  # [N, E]
  k: int,
) -> tuple[jax.Array, jax.Array]:  # [Q, k], [Q, k]
  """The best k of one block, in float32."""
  # By default TPUs and GPUs round the factors of a product to fewer bits.
  scores = jnp.matmul(queries, documents.T, precision=jax.lax.Precision.HIGHEST)
  return jax.lax.top_k(scores, k)


def _merge(
  scores: tuple[np.ndarray, np.ndarray],
  found: tuple[np.ndarray, np.ndarray],
  k: int,
) -> tuple[np.ndarray, np.ndarray]:
  """The best k of two lists; the earlier document first where they tie."""
  both, where = np.concatenate(scores, 1), np.concatenate(found, 1)
  order = np.argsort(-both, axis=1, kind="stable")[:, :k]
  return np.take_along_axis(both, order, 1), np.take_along_axis(where, order, 1)
