"""Distances have the buckets that transformers gives them."""

import numpy as np
import pytest
import torch
from transformers.models.mpnet import modeling_mpnet

from embeddings.encoders import relative
from tests.embeddings.encoders import families

DISTANCES = np.arange(-600, 601)


@pytest.mark.parametrize("count", [32, 64])
def test_buckets_are_transformers(count):
  wanted = modeling_mpnet.MPNetEncoder.relative_position_bucket(
    torch.from_numpy(DISTANCES), num_buckets=count
  )
  found = relative.buckets(DISTANCES, count)
  np.testing.assert_array_equal(found, wanted.numpy())
  assert len(np.unique(found)) == count - 1  # distance 0 has one direction


def test_a_far_buckets_number_is_for_far_tokens():
  twins, far = families.twins("mpnet"), 16 + 12  # keys 32 to 45 tokens after
  texts = families.texts((32, 40, 33))
  packed = families.pack(texts)
  table = twins.params["encoder/relative"]["buckets"].copy()
  table[far] += 1.0
  other = twins._replace(
    params={**twins.params, "encoder/relative": {"buckets": table}}
  )
  moved = families.hidden(other, packed) - families.hidden(twins, packed)
  apart = [np.abs(x).max() for x in families.by_text(moved, packed)]
  assert apart[0] == 0 and min(apart[1:]) > 1e-3
