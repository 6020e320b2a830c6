"""The losses by their definitions, pair by pair, in float64.

A text is a place, (column, pair). Nothing here comes from the code under test.
"""

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class World:
  """A batch of texts; see `pairs.Pairs`.

  Attributes:
    vectors: [2 + M, B, E], none of them of length 1.
    names: [2 + M, B], of texts; equal ones are the same text, 0 is none.
    score: [B, 1 + M].
    dataset: [B].
    group: [B], 0 for none.
    target: [2 + M, B, V].
    own: [B].
  """

  vectors: np.ndarray
  names: np.ndarray
  score: np.ndarray
  dataset: np.ndarray
  group: np.ndarray
  target: np.ndarray
  own: np.ndarray

  @property
  def pairs(self):
    return range(self.names.shape[1])

  @property
  def mine(self):
    """The pairs that a loss is averaged over."""
    return [i for i in self.pairs if self.own[i]]

  def hard(self, *pairs):
    """The places of the hard negatives of some pairs; of all by default."""
    return [
      (column, j)
      for column in range(2, len(self.names))
      for j in pairs or self.pairs
      if self.names[column, j]
    ]

  def same(self, *places):
    """Whether all of these places have one text."""
    return len({self.names[place] for place in places}) == 1

  def mates(self, i, j):
    """Whether two pairs are of one group."""
    return bool(self.group[i]) and self.group[i] == self.group[j]


class Alike:
  """Dot products of a world's texts, times a number."""

  def __init__(self, vectors, scale=1.0):
    flat = vectors.reshape(-1, vectors.shape[-1])
    self._pairs = vectors.shape[1]
    self._table = (scale * flat @ flat.T).tolist()

  def __call__(self, one, other):
    first, second = (p[0] * self._pairs + p[1] for p in (one, other))
    return self._table[first][second]


def unit(vectors):
  """Vectors of length 1; zeros stay zeros."""
  lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
  return vectors / np.where(lengths > 0, lengths, 1)


def log_sum_exp(scores):
  most = max(scores)
  return most + math.log(sum(math.exp(score - most) for score in scores))


def softplus(score):
  return max(score, 0) + math.log1p(math.exp(-abs(score)))


def cross_entropy(scores, positives, smoothing):
  """Of the first `positives` scores, with an even share of the target."""
  log_z = log_sum_exp(scores)
  of_positives = sum(log_z - s for s in scores[:positives]) / positives
  if not smoothing:
    return of_positives
  of_all = sum(log_z - score for score in scores) / len(scores)
  return (1 - smoothing) * of_positives + smoothing * of_all


@dataclasses.dataclass(frozen=True)
class InBatch:
  """InfoNCE: what each query, and each document, is to tell apart.

  Attributes:
    scale: None where it is learned.
    near: from the similarity of a pair to the most that a negative may have.
    guided: whether that is by the teacher's cosines.
  """

  scale: float | None = 20.0
  symmetric: bool = True
  queries: bool = False
  documents: bool = False
  joint: bool = False
  smoothing: float = 0.0
  grouped: bool = False
  one_data_set: bool = False
  near: object = None
  guided: bool = False

  def __call__(self, world, vectors, learned):
    scale = self.scale or math.exp(learned["log_scale"])
    alike = Alike(vectors, scale)
    guide = Alike(unit(world.target) if self.guided else vectors)
    values, firsts = [], []
    for i in world.mine:
      query, document = (0, i), (1, i)

      def fair(row, places, i=i):
        return [
          alike(row, place)
          for place in places
          if self._fair(world, guide, row, place, i)
        ]

      own = [alike(query, document)]
      others = [j for j in world.pairs if not excluded(world, i, j)]
      turned = [j for j in world.pairs if not excluded(world, j, i)]
      hard = [
        place
        for place in world.hard()
        if not world.same(place, query) and not world.same(place, document)
      ]
      negatives = fair(query, [*((1, j) for j in others), *hard])
      found = self._mates(world, alike, i, query, 1)
      beside = []
      if self.queries:
        beside += fair(query, [(0, j) for j in alongside(world, i, 0)])
      if self.documents:
        beside += fair(document, [(1, j) for j in alongside(world, i, 1)])
        beside += fair(document, [place for place in hard if place[1] != i])
      back = fair(document, [(0, j) for j in turned])
      found_back = self._mates(world, alike, i, document, 0)
      firsts.append(own[0] >= max([*found, *negatives, -1e9]))
      values.append(
        self._value(own, (found, negatives + beside), (found_back, back))
      )
    return np.mean(values), np.mean(firsts)

  def _value(self, own, forward, backward):
    """The loss of a pair: its own score, and other positives and negatives."""
    if not self.symmetric:
      backward = None
    if self.joint and backward:
      # The pair is in both directions, as in GTE (Li et al. 2023).
      positives = [*own, *forward[0], *own, *backward[0]]
      scores = [*positives, *forward[1], *backward[1]]
      return cross_entropy(scores, len(positives), self.smoothing)
    losses = [
      cross_entropy([*own, *some, *rest], 1 + len(some), self.smoothing)
      for some, rest in filter(None, (forward, backward))
    ]
    return sum(losses) / len(losses)

  def _mates(self, world, alike, i, row, column):
    """The scores of other positives; a text of the pair again is none."""
    if not self.grouped:
      return []
    return [
      alike(row, (column, j))
      for j in world.pairs
      if world.mates(i, j)
      and not world.same((1, j), (1, i))
      and not world.same((column, j), (1 - column, i))
      and self._near_data(world, i, j)
    ]

  def _near_data(self, world, i, j):
    return not self.one_data_set or world.dataset[i] == world.dataset[j]

  def _fair(self, world, guide, row, place, i):
    """Whether data set and filter leave a negative in."""
    if not self._near_data(world, i, place[1]):
      return False
    return self.near is None or (
      guide(row, place) <= self.near(guide((0, i), (1, i)))
    )


def excluded(world, i, j):
  """Whether document j is no negative of query i."""
  return (
    i == j
    or world.same((1, j), (1, i))
    or world.same((0, j), (0, i))
    or world.same((1, j), (0, i))
    or world.mates(i, j)
  )


def alongside(world, i, column):
  """The pairs whose query (or document) is a negative of the query of i."""
  return [
    j
    for j in world.pairs
    if not world.mates(i, j)
    and not world.same((0, j), (0, i))
    and not world.same((1, j), (1, i))
    and not world.same((column, j), (1 - column, i))
  ]


@dataclasses.dataclass(frozen=True)
class Sigmoid:
  """Of each query and document, whether they are a pair."""

  scale: float | None = None
  bias: float | None = None
  one_data_set: bool = False

  def __call__(self, world, vectors, learned):
    scale = self.scale or math.exp(learned["log_scale"])
    bias = self.bias if self.bias is not None else learned["bias"]
    alike = Alike(vectors, scale)
    values, firsts = [], []
    for i in world.mine:
      own = alike((0, i), (1, i)) + bias
      others = [
        alike((0, i), (1, j)) + bias
        for j in world.pairs
        if not excluded(world, i, j)
        and (not self.one_data_set or world.dataset[i] == world.dataset[j])
      ]
      values.append(softplus(-own) + sum(map(softplus, others)))
      firsts.append(own >= max(others))
    return np.mean(values), np.mean(firsts)


def cosine_of(first, second):
  lengths = np.linalg.norm(first) * np.linalg.norm(second)
  return first @ second / lengths


def angle_of(first, second):
  """The absolute sum of both parts of a product of complex vectors."""
  size = -(-len(first) // 2)
  one, other = (
    np.pad(x / np.linalg.norm(x), (0, 2 * size - len(x)))
    for x in (first, second)
  )
  one, other = (x[:size] + 1j * x[size:] for x in (one, other))
  product = (one * other.conj()).sum()
  return abs(product.real + product.imag)


@dataclasses.dataclass(frozen=True)
class Ordered:
  """CoSENT, by some similarity."""

  alike: object
  scale: float = 20.0

  def __call__(self, world, vectors, learned):
    scores = [self.alike(vectors[0, i], vectors[1, i]) for i in world.pairs]
    terms = [
      self.scale * (scores[i] - scores[j])
      for i in world.mine
      for j in world.mine
      if world.score[i, 0] < world.score[j, 0]
    ]
    return log_sum_exp([0.0, *terms]), math.nan


def cosine(world, vectors, learned):
  errors = [
    (cosine_of(vectors[0, i], vectors[1, i]) - world.score[i, 0]) ** 2
    for i in world.mine
  ]
  return np.mean(errors), math.nan


@dataclasses.dataclass(frozen=True)
class Triplet:
  """The margin between two distances."""

  margin: float
  distance: object

  def __call__(self, world, vectors, learned):
    values, firsts = [], []
    for column, i in world.hard(*world.mine):
      query = vectors[0, i]
      near = self.distance(query, vectors[1, i])
      far = self.distance(query, vectors[column, i])
      values.append(max(0, near - far + self.margin))
      firsts.append(near <= far)
    return np.mean(values), np.mean(firsts)


def euclidean(first, second):
  return np.linalg.norm(first - second)


def teacher_scores(world, i, places, vectors):
  """A teacher's scores of the texts of a pair with its query."""
  if vectors:
    return [world.target[0, i] @ world.target[place] for place in places]
  return [world.score[i, column - 1] for column, _ in places]


@dataclasses.dataclass(frozen=True)
class MarginMse:
  """The error of differences of scores."""

  vectors: bool = False

  def __call__(self, world, vectors, learned):
    values, firsts = [], []
    for column, i in world.hard(*world.mine):
      places = [(1, i), (column, i)]
      near, far = (vectors[0, i] @ vectors[place] for place in places)
      wanted = teacher_scores(world, i, places, self.vectors)
      values.append((near - far - (wanted[0] - wanted[1])) ** 2)
      firsts.append(near >= far)
    return np.mean(values), np.mean(firsts)


@dataclasses.dataclass(frozen=True)
class Divergence:
  """KL from the teacher's distribution over a pair's texts to the model's."""

  vectors: bool = False
  student: float = 1.0
  teacher: float = 1.0

  def __call__(self, world, vectors, learned):
    values, firsts = [], []
    for i in world.mine:
      places = [(1, i), *world.hard(i)]
      raw = [vectors[0, i] @ vectors[place] for place in places]
      ours = [score / self.student for score in raw]
      theirs = [
        score / self.teacher
        for score in teacher_scores(world, i, places, self.vectors)
      ]
      log_p = [score - log_sum_exp(theirs) for score in theirs]
      log_q = [score - log_sum_exp(ours) for score in ours]
      values.append(
        sum(math.exp(p) * (p - q) for p, q in zip(log_p, log_q, strict=True))
      )
      firsts.append(raw[0] >= max(raw))
    return self.student**2 * np.mean(values), np.mean(firsts)


def vector_mse(world, vectors, learned):
  errors = [
    (vectors[column, i] - world.target[0, i]) ** 2
    for i in world.mine
    for column in (0, 1)
  ]
  return np.mean(errors), math.nan
