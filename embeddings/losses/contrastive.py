"""In-batch contrastive learning, exact over the global batch.

Each query is to find its document among all documents of the batch, hard
negatives included (InfoNCE: van den Oord et al. 2018, arXiv 1807.03748;
MultipleNegativesRankingLoss: Henderson et al. 2017, arXiv 1705.00652). Texts
that are equal are known by their hash and never count as negatives.
"""

import jax
import jax.numpy as jnp

from embeddings.losses import pairs as pairs_lib

_NEVER = -1e30  # a similarity whose exponential is 0
# By default TPUs and GPUs round the factors of a product to fewer bits.
_FLOAT32 = jax.lax.Precision.HIGHEST


def in_batch(
  pairs: pairs_lib.Pairs, *, scale: float = 20.0, symmetric: bool = True
) -> pairs_lib.Loss:
  """Cross entropy of each pair over the texts of the batch.

  Args:
    pairs: with vectors of length 1 for cosine similarity.
    scale: similarities are multiplied by it (the inverse temperature).
    symmetric: whether each document is to find its query as well; the two
      directions are averaged.

  Returns:
    The loss, averaged over the pairs of the whole batch.
  """
  queries, documents = pairs.vectors[0], pairs.vectors[1]  # [B, E]
  negatives = pairs.vectors[2:].reshape(-1, queries.shape[-1])  # [M B, E]
  logits = scale * jnp.matmul(queries, documents.T, precision=_FLOAT32)
  chosen = jnp.diagonal(logits)  # [B]
  logits = jnp.where(same_pair(pairs), _NEVER, logits)
  hard = scale * jnp.matmul(queries, negatives.T, precision=_FLOAT32)
  hard = jnp.where(not_negative(pairs), _NEVER, hard)
  forward = jnp.concatenate([logits, hard], axis=1)
  value = (jax.nn.logsumexp(forward, axis=1) - chosen).mean()
  if symmetric:
    backward = (jax.nn.logsumexp(logits, axis=0) - chosen).mean()
    value = (value + backward) / 2
  first = chosen >= forward.max(1)
  return pairs_lib.Loss(value, first.astype(jnp.float32).mean())


def same_pair(
  pairs: pairs_lib.Pairs,
) -> jax.Array:  # bool [B, B]
  """Whether document j is no negative of query i, for j != i.

  That is where d_j = d_i, q_j = q_i or d_j = q_i; read the other way (query i
  for document j) it is the same rule.
  """
  queries, documents = pairs.identity[0], pairs.identity[1]  # [B, 2]
  others = ~jnp.eye(queries.shape[0], dtype=bool)
  return others & (
    _equal(documents, documents)
    | _equal(queries, queries)
    | _equal(queries, documents)
  )


def not_negative(
  pairs: pairs_lib.Pairs,
) -> jax.Array:  # bool [B, M B]
  """Whether a hard negative is a text of pair i, or is not there."""
  queries, documents = pairs.identity[0], pairs.identity[1]  # [B, 2]
  negatives = pairs.identity[2:].reshape(-1, 2)  # [M B, 2]
  absent = ~pairs.present[2:].reshape(-1)  # [M B]
  return (
    _equal(documents, negatives) | _equal(queries, negatives) | absent[None]
  )


def _equal(
  left: jax.Array,  # uint32 [N, 2]
  right: jax.Array,  # uint32 [K, 2]
) -> jax.Array:  # bool [N, K]
  """Which hashes are the same."""
  return (left[:, None] == right[None]).all(-1)
