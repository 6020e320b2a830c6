"""A batch's texts, shard by shard, become columns of the whole batch."""

import numpy as np

import pytest

from data import batch as batch_lib
from embeddings.losses import pairs

SHARDS, PAIRS, COLUMNS = 3, 2, 4


@pytest.mark.parametrize("given", [True, False])
def test_each_text_finds_its_column_and_pair(given):
  # A text is named by its shard, column and pair.
  names = np.stack(
    np.meshgrid(*map(np.arange, (SHARDS, COLUMNS, PAIRS)), indexing="ij"), -1
  )
  texts = names.reshape(SHARDS, COLUMNS * PAIRS, 3)
  score = np.arange(SHARDS * PAIRS * 3.0).reshape(SHARDS, PAIRS, 3)
  found = pairs.pairs_of(
    texts.astype("f"),
    batch_lib.Batch(
      sides=(),
      present=texts[..., 1] < 3,
      identity=texts[..., :2].astype(np.uint32),
      dataset=names[:, 0, :, 2].astype(np.int32),
      objective=np.zeros((SHARDS, PAIRS), np.int32),
      score=score.astype("f"),
      group=names[:, 0, :, ::2].astype(np.uint32),
      target=texts[..., ::-1].astype("f"),
    ),
    -texts.astype("f") if given else None,
  )
  for column in range(COLUMNS):
    for shard in range(SHARDS):
      for pair in range(PAIRS):
        at = shard * PAIRS + pair
        assert found.vectors[column, at].tolist() == [shard, column, pair]
        assert found.identity[column, at].tolist() == [shard, column]
        assert bool(found.present[column, at]) == (column < 3)
        assert found.score[at].tolist() == score[shard, pair].tolist()
        assert found.dataset[at] == pair
        assert found.group[at].tolist() == [shard, pair]
        target = [-shard, -column, -pair] if given else [pair, column, shard]
        assert found.target[column, at].tolist() == target
  assert found.own.all() and found.own.shape == (SHARDS * PAIRS,)
  assert found.vectors.shape == (COLUMNS, SHARDS * PAIRS, 3)
