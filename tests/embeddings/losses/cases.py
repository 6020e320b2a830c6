"""The table of losses: each with its formula, over which the contracts run.

A case is a loss as a run has it, a term, and what it is by its definition. A
loss that sentence-transformers has too says how it is called there.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from embeddings.losses import blockwise
from embeddings.losses import contrastive
from embeddings.losses import distillation
from embeddings.losses import pairs as pairs_lib
from embeddings.losses import scored
from embeddings.losses import sigmoid
from embeddings.losses import terms
from embeddings.losses import triplet
from tests.embeddings.losses import formulas

B, E, M, V = 16, 4, 2, 3  # every mesh of eight devices divides B


@dataclasses.dataclass(frozen=True)
class Case:
  """A loss and its definition.

  Attributes:
    loss: with settings that bring out what it does.
    formula: from a world, vectors as they are compared in float64, and what
      is learned, to value and accuracy.
    learned: what is learned, away from where it begins.
    widths: from how many numbers of a vector to their weight; none for all.
    similarity: of the model.
  """

  loss: Any
  formula: Callable[..., tuple[float, float]]
  learned: tuple[tuple[str, float], ...] = ()
  widths: tuple[tuple[int, float], ...] = ()
  similarity: str = "cosine"

  @property
  def term(self) -> terms.Term:
    """The loss as a run has it."""
    return terms.Term(
      "tested",
      self.loss,
      widths=tuple(width for width, _ in self.widths),
      width_weights=tuple(weight for _, weight in self.widths),
    )

  @property
  def world(self) -> formulas.World:
    """A batch for it: only some want a teacher of their own width."""
    return world(E if self.loss.vectors == "raw" else V)

  def plain(
    self, world: formulas.World, vectors: np.ndarray, learned: dict[str, float]
  ) -> tuple[float, float]:
    """Value and accuracy by the definition, of vectors as a model gives them.

    The accuracy is that of the greatest width.
    """
    raw = self.similarity == "dot" or self.loss.vectors == "raw"
    if not raw:
      world = dataclasses.replace(world, target=formulas.unit(world.target))
    value, accuracy = 0.0, np.nan
    for width, weight in sorted(self.widths or ((vectors.shape[-1], 1.0),)):
      cut = vectors[..., :width]
      cut = cut if raw else formulas.unit(cut)
      one, accuracy = self.formula(world, cut, learned)
      value += weight * one
    return value, accuracy


IN_BATCH, PLAIN = contrastive.InBatch, formulas.InBatch

CASES = {
  "in_batch": Case(IN_BATCH(), PLAIN()),
  "one-way": Case(IN_BATCH(symmetric=False), PLAIN(symmetric=False)),
  "learned scale": Case(
    IN_BATCH(scale=5, max_scale=30),
    PLAIN(scale=None),
    learned=(("log_scale", 1.3),),
  ),
  "dot products": Case(
    IN_BATCH(scale=1, symmetric=False),
    PLAIN(scale=1, symmetric=False),
    similarity="dot",
  ),
  "queries": Case(
    IN_BATCH(scale=5, contrast="queries"), PLAIN(scale=5, queries=True)
  ),
  "documents": Case(
    IN_BATCH(scale=5, contrast="documents", symmetric=False),
    PLAIN(scale=5, documents=True, symmetric=False),
  ),
  "GTE": Case(
    IN_BATCH(scale=5, contrast="queries,documents", partition="joint"),
    PLAIN(scale=5, queries=True, documents=True, joint=True),
  ),
  "joint": Case(
    IN_BATCH(scale=5, partition="joint"), PLAIN(scale=5, joint=True)
  ),
  "smoothed": Case(
    IN_BATCH(scale=5, label_smoothing=0.2), PLAIN(scale=5, smoothing=0.2)
  ),
  "groups": Case(
    IN_BATCH(scale=5, positives="group"), PLAIN(scale=5, grouped=True)
  ),
  "own data set": Case(
    IN_BATCH(scale=5, negatives_from="dataset"),
    PLAIN(scale=5, one_data_set=True),
  ),
  "absolute filter": Case(
    IN_BATCH(scale=5, filter="absolute", filter_margin=0.2),
    PLAIN(scale=5, near=lambda own: own - 0.2),
  ),
  "relative filter": Case(
    IN_BATCH(scale=5, filter="relative", filter_margin=0.3),
    PLAIN(scale=5, near=lambda own: own - 0.3 * abs(own)),
  ),
  "GIST": Case(
    IN_BATCH(
      scale=5,
      symmetric=False,
      contrast="queries,documents",
      filter="relative",
      filter_margin=0.1,
      guide="teacher",
    ),
    PLAIN(
      scale=5,
      symmetric=False,
      queries=True,
      documents=True,
      near=lambda own: own - 0.1 * abs(own),
      guided=True,
    ),
  ),
  "all at once": Case(
    IN_BATCH(
      scale=5,
      contrast="queries,documents",
      partition="joint",
      label_smoothing=0.1,
      positives="group",
      negatives_from="dataset",
      filter="absolute",
      filter_margin=-0.3,
      guide="teacher",
    ),
    PLAIN(
      scale=5,
      queries=True,
      documents=True,
      joint=True,
      smoothing=0.1,
      grouped=True,
      one_data_set=True,
      near=lambda own: own + 0.3,
      guided=True,
    ),
  ),
  "Matryoshka": Case(
    IN_BATCH(scale=5), PLAIN(scale=5), widths=((4, 1.0), (2, 0.5))
  ),
  "sigmoid": Case(
    sigmoid.Sigmoid(),
    formulas.Sigmoid(),
    learned=(("log_scale", 1.1), ("bias", -2.5)),
  ),
  "fixed sigmoid": Case(
    sigmoid.Sigmoid(scale=3, max_scale=0, bias=-1.0, negatives_from="dataset"),
    formulas.Sigmoid(scale=3, bias=-1.0, one_data_set=True),
  ),
  "triplet": Case(
    triplet.Triplet(margin=0.5), formulas.Triplet(0.5, formulas.euclidean)
  ),
  "cosine triplet": Case(
    triplet.Triplet(margin=0.2, distance="cosine"),
    formulas.Triplet(0.2, lambda x, y: 1 - formulas.cosine_of(x, y)),
    similarity="dot",
  ),
  "cosent": Case(
    scored.CoSent(scale=30), formulas.Ordered(formulas.cosine_of, scale=30)
  ),
  "angle": Case(
    scored.Angle(scale=7),
    formulas.Ordered(formulas.angle_of, scale=7),
    widths=((4, 1.0), (3, 2.0)),  # an odd one too
  ),
  "cosine": Case(scored.Cosine(), formulas.cosine, similarity="dot"),
  "margin_mse": Case(distillation.MarginMse(), formulas.MarginMse()),
  "margin_mse of vectors": Case(
    distillation.MarginMse(teacher="vectors"),
    formulas.MarginMse(vectors=True),
    similarity="dot",
  ),
  "kl": Case(
    distillation.Divergence(temperature=0.5),
    formulas.Divergence(student=0.5, teacher=0.5),
  ),
  "kl of vectors": Case(
    distillation.Divergence(
      teacher="vectors", temperature=2.0, teacher_temperature=0.7
    ),
    formulas.Divergence(vectors=True, student=2.0, teacher=0.7),
  ),
  "vector_mse": Case(distillation.VectorMse(), formulas.vector_mse),
}

# Of the places (column, pair): these are the same text.
EQUAL = (
  ((1, 4), (1, 13)),  # d_j = d_i
  ((0, 1), (0, 10)),  # q_j = q_i
  ((0, 2), (1, 15)),  # d_j = q_i
  ((0, 5), (1, 5)),  # d_i = q_i
  ((2, 7), (1, 7)),  # a hard negative is its own document
  ((3, 9), (0, 3)),  # or another's query
  ((2, 11), (1, 0)),  # or another's document
  ((2, 1), (3, 14)),  # or another's hard negative
)


@functools.cache
def world(width: int = V, seed: int = 0) -> formulas.World:
  """A batch with all that may be in one: equal texts, absent ones, groups."""
  random = np.random.default_rng(seed)
  shape = (2 + M, B)
  names = 1 + np.arange((2 + M) * B).reshape(shape)
  for one, other in EQUAL:
    names[other] = names[one]
  # From 0 to M hard negatives; a last one may be there without a first.
  names[2:, [6, 12]], names[3, [0, 8, 11]], names[2, 13] = 0, 0, 0
  group = np.zeros(B, int)
  group[[2, 8, 9]], group[[4, 13]], group[[10, 14]] = 3, 5, 7
  own = np.ones(B, bool)
  own[[3, 8]] = False
  there = names > 0
  vectors = random.normal(size=(*shape, E))
  vectors[1] += vectors[0]  # so that some queries find their documents
  return formulas.World(
    vectors=vectors * there[..., None],
    names=names,
    score=random.normal(size=(B, 1 + M)).round(1),  # some are equal
    dataset=np.arange(B) % 3 // 2,
    group=group,
    target=random.normal(size=(*shape, width)) * there[..., None],
    own=own,
  )


def plain_world(negatives: int = M, seed: int = 0) -> formulas.World:
  """A batch of texts that all differ, all there, of one data set."""
  found = world(E, seed)
  columns = 2 + negatives
  random = np.random.default_rng(seed + 1)
  return dataclasses.replace(
    found,
    vectors=random.normal(size=(columns, B, E)),
    names=1 + np.arange(columns * B).reshape(columns, B),
    score=found.score[:, : 1 + negatives],
    dataset=0 * found.dataset,
    group=0 * found.group,
    target=random.normal(size=(columns, B, E)),
    own=np.ones(B, bool),
  )


def pairs_of(world: formulas.World) -> pairs_lib.Pairs:
  """The same as a loss takes it."""

  def hashes(names: np.ndarray) -> jax.Array:  # uint32 [..., 2]
    # They share a word with others; only both make a name.
    words = np.stack([names // 4, names % 4 + 9], -1)
    return jnp.asarray(words * (names > 0)[..., None], jnp.uint32)

  return pairs_lib.Pairs(
    vectors=jnp.asarray(world.vectors, jnp.float32),
    identity=hashes(world.names),
    present=jnp.asarray(world.names > 0),
    score=jnp.asarray(world.score, jnp.float32),
    dataset=jnp.asarray(world.dataset, jnp.int32),
    group=hashes(world.group),
    target=jnp.asarray(world.target, jnp.float32),
    own=jnp.asarray(world.own),
  )


@functools.cache
def compiled(
  term: terms.Term, similarity: str, spread: blockwise.Spread
) -> Any:
  """From vectors, learned numbers and pairs to values and gradients."""

  def of(
    vectors: jax.Array, learned: dict[str, jax.Array], pairs: pairs_lib.Pairs
  ) -> pairs_lib.Loss:
    # Traced once: `pairs` goes without vectors of its own.
    return term(learned, similarity, spread, pairs._replace(vectors=vectors))

  def value(*given: Any) -> tuple[jax.Array, jax.Array]:
    found = of(*given)
    return found.value, found.accuracy

  return jax.jit(jax.value_and_grad(value, argnums=(0, 1), has_aux=True))


def run(
  case: Case,
  world: formulas.World,
  spread: blockwise.Spread = blockwise.ONE_DEVICE,
) -> tuple[float, float, np.ndarray, dict[str, float]]:
  """Value, accuracy, and the gradients by vectors and by learned numbers."""
  pairs = pairs_of(world)
  learned = {name: jnp.float32(number) for name, number in case.learned}
  call = compiled(case.term, case.similarity, spread)
  (value, accuracy), (by_vectors, by_learned) = call(
    pairs.vectors, learned, pairs._replace(vectors=None)
  )
  return (
    float(value),
    float(accuracy),
    np.asarray(by_vectors),
    {name: float(number) for name, number in by_learned.items()},
  )
