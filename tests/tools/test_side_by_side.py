"""Trained side by side with sentence-transformers, a run is the same run."""

import jax
import numpy as np
import pytest
import sentence_transformers
import torch
from sentence_transformers.sentence_transformer import losses as theirs

from data import layout as layout_lib
from data import tokens
from embeddings import encode
from embeddings import objective as objective_lib
from embeddings import optimizer
from embeddings import partition
from embeddings import pretrained
from embeddings import step as step_lib
from embeddings import towers
from embeddings.losses import contrastive
from embeddings.losses import terms
from tests import conftest
from tests.embeddings import tiny

pytestmark = pytest.mark.long

STEPS, B, WARMUP, RATE = 20, 16, 4, 5e-5
# Each documentation with the code of another noun, so that it is not easy.
_PAIRS = conftest.pairs(STEPS * B)
TEXTS = [
  [words, code]
  for (words, _), (_, code) in zip(
    _PAIRS, _PAIRS[160:] + _PAIRS[:160], strict=True
  )
]
MEASURED = [text for pair in TEXTS[:64] for text in pair]


def ours(folder):
  """The loss of each step, and vectors of some texts at the end."""
  found = pretrained.load(str(folder))
  about = found.description
  encoder = about.config.encoder.replace(dropout=0.0, attention_dropout=0.0)
  config = about.config.replace(encoder=encoder)
  objective = objective_lib.Objective(
    towers.Model(config), (terms.Term("in_batch", contrastive.InBatch()),)
  )
  move = optimizer.make(
    optimizer.OptimizerConfig(
      learning_rate=RATE, warmup_steps=WARMUP, steps=STEPS
    )
  )
  mesh = partition.make_mesh(devices=jax.devices()[:1])
  state = step_lib.init(objective, move, seed=0, mesh=mesh, params=found.params)
  words = tokens.Tokenizer(about.tokenizer, max_length=48)
  layout = layout_lib.Layout(size=B, max_length=48, packing="padded")
  batches = [
    partition.put_batch(tiny.batch(some, words, layout), mesh)
    for some in np.array(TEXTS).reshape(STEPS, B, 2).tolist()
  ]
  made = step_lib.make(objective, move, seed=0, mesh=mesh, state=state)
  step = step_lib.compile_all(made, state, batches[:1])
  values = []
  for batch in batches:
    state, metrics = step(state, batch)
    values.append(float(metrics.loss))
  trained = encode.make(about.replace(max_length=48), state.params)
  return values, trained.encode(MEASURED)


def their(folder):
  """The same by sentence-transformers and torch."""
  model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
  model.max_seq_length = 48
  model.eval()  # no dropout
  first = model.encode(MEASURED)
  loss = theirs.MultipleNegativesRankingLoss(
    model,
    directions=("query_to_doc", "doc_to_query"),
    partition_mode="per_direction",
  )
  adam = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.0)
  schedule = torch.optim.lr_scheduler.LambdaLR(
    adam,
    lambda step: min(step / WARMUP, (STEPS - step) / (STEPS - WARMUP)),
  )
  values = []
  for start in range(0, STEPS * B, B):
    some = TEXTS[start : start + B]
    features = [model.preprocess([t[side] for t in some]) for side in (0, 1)]
    value = loss(features, torch.empty(0))
    adam.zero_grad()
    value.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    adam.step()
    schedule.step()
    values.append(value.item())
  return values, first, model.encode(MEASURED)


def test_twenty_steps_are_the_same(minilm):
  values, vectors = ours(minilm)
  wanted, first, last = their(minilm)
  np.testing.assert_allclose(values, wanted, rtol=0, atol=1e-4)
  assert wanted[-1] < 0.5 < wanted[0]  # it learned
  apart = 1 - (vectors * last).sum(-1)
  assert apart.max() < 1e-3
  # And not because nothing moved.
  assert (1 - (first * last).sum(-1)).max() > 10 * apart.max()
