"""Small data sets to mine, with many equal texts, and vectors for them."""

import pathlib
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies

from data import kinds
from data import records
from embeddings.mining import by_vectors
from embeddings.mining import collected
from embeddings.mining import miner
from embeddings.mining import rules
from tests.data import raw_set

# Few texts, so that queries come again, and some equal but for case or spaces.
_TEXTS = strategies.sampled_from(
  [form.format(n) for n in range(12) for form in ("text {}", "Text  {}")]
)
RECORDS = strategies.lists(
  strategies.lists(_TEXTS, min_size=3, max_size=5).map(tuple),
  min_size=1,
  max_size=25,
)
RULES = strategies.builds(
  rules.Rules,
  num_negatives=strategies.integers(1, 3),
  range_min=strategies.integers(0, 3),
  range_max=strategies.integers(6, 12),
  max_score=strategies.none() | strategies.floats(0, 0.9),
  min_score=strategies.none() | strategies.floats(-0.9, 0),
  absolute_margin=strategies.none() | strategies.floats(-0.5, 0.5),
  relative_margin=strategies.none() | strategies.floats(-0.5, 0.5),
  margin_from=strategies.sampled_from(rules.MARGIN_FROM),
  sampling=strategies.sampled_from(rules.SAMPLING),
  seed=strategies.integers(0, 9),
  existing=strategies.sampled_from(rules.EXISTING),
)


def data_set(
  folder: pathlib.Path, found: Sequence[kinds.Record], kind: str = "triplets"
) -> records.DataSet:
  """A data set of these records, in this order."""
  columns = ("query", "document", "negative")[: 3 if kind == "triplets" else 2]
  return raw_set.write(
    folder, [kinds.encode(r) for r in found], kind=kind, columns=columns
  )


def collect(
  folder: pathlib.Path,
  found: Sequence[kinds.Record],
  kind: str = "triplets",
  existing: str = "keep",
  corpus: Sequence[str] = (),
) -> collected.Collected:
  """The texts of these records."""
  given = data_set(folder / "set", found, kind)
  return collected.collect(
    folder / "texts", given, corpus, {}, existing=existing
  )


def vectors(count: int, seed: int, width: int = 8) -> np.ndarray:
  """Random vectors of length 1, float32 [count, width]."""
  found = np.random.default_rng(seed).normal(size=(count, width))
  found /= np.linalg.norm(found, axis=1, keepdims=True)
  return found.astype(np.float32)


def miner_of(
  texts: collected.Collected, how: rules.Rules, *, block: int = 8_192
) -> miner.Miner:
  """A miner of texts with random vectors."""
  ranking = by_vectors.ByVectors(
    vectors(len(texts.queries), 0),
    vectors(len(texts.documents), 1),
    block=block,
  )
  return miner.Miner(texts, ranking, how)
