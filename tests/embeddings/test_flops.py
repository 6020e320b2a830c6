"""Operations by formula are those that XLA counts, of real tokens alone."""

import jax
import numpy as np
import pytest

from data import batch as batch_lib
from embeddings import flops
from embeddings import objective as objective_lib
from embeddings import towers
from embeddings.losses import contrastive
from embeddings.losses import scored
from embeddings.losses import sigmoid
from embeddings.losses import terms
from tests.embeddings import tiny

LENGTH = 64
# Wide, so that products of matrices are what takes operations.
WIDE = {"width": 256, "heads": 4, "mlp_width": 1_024}


def whole_batch(pairs=4, texts=8, sides=1):
  """A batch of one shard, without padding, one text a row."""
  rows = np.arange(texts // sides, dtype=np.int32)
  position = np.broadcast_to(np.arange(LENGTH), (1, len(rows), LENGTH))
  tokens = np.ones_like(position)
  packed = [
    batch_lib.Packed(
      tokens,
      np.broadcast_to((rows + s * len(rows))[:, None], position.shape)[0][None],
      position,
    )
    for s in range(sides)
  ]
  return around(tuple(packed), pairs, texts)


def around(sides, pairs, texts):
  """The batch of these rows."""
  return batch_lib.Batch(
    sides,
    present=np.ones((1, texts), bool),
    identity=np.arange(2 * texts, dtype=np.uint32).reshape(1, texts, 2),
    dataset=np.zeros((1, pairs), np.int32),
    objective=np.arange(pairs, dtype=np.int32)[None] % 2,
    score=np.zeros((1, pairs, texts // pairs - 1), np.float32),
    group=np.zeros((1, pairs, 2), np.uint32),
    target=np.zeros((1, texts, 0), np.float32),
  )


def objective(loss=None, objectives=(0, 1), **changes):
  """One loss of a model without parameters."""
  config = towers.ModelConfig(
    tiny.encoder_config(**WIDE | changes), projection=towers.Projection(128)
  )
  term = terms.Term("it", loss or contrastive.InBatch(), 1.0, objectives)
  return objective_lib.Objective(towers.Model(config), (term,))


def counted(objective, batch, of=lambda f: f):
  """What XLA counts."""
  params = jax.eval_shape(objective.model.init, jax.random.key(0))
  value = of(lambda params: objective(params, batch).value)
  return jax.jit(value).lower(params).cost_analysis()["flops"]


@pytest.mark.parametrize(
  "changes",
  [
    {},
    {"gated": True, "biases": False, "pre_norm": True},
    {"input_width": 64, "shared_layers": False},
    {"layers": 3, "mlp_width": 64},
  ],
)
def test_xla_counts_as_many(changes):
  given, batch = objective(**changes), whole_batch()
  found = float(flops.of_step(given, batch))
  # XLA counts softmax, norms and activations as well.
  assert 1 <= counted(given, batch) / (found / 3) < 1.06
  assert 1 <= counted(given, batch, jax.grad) / found < 1.04


def test_so_does_it_of_the_compiled_program():
  given, batch = objective(layers=1), whole_batch()
  params = jax.eval_shape(given.model.init, jax.random.key(0))
  step = jax.jit(jax.grad(lambda params: given(params, batch).value))
  found = step.lower(params).compile().cost_analysis()
  assert 1 <= found["flops"] / float(flops.of_step(given, batch)) < 1.05


def test_padding_and_packing_cost_nothing():
  random = np.random.default_rng(0)
  texts = [np.ones(n, np.int32) for n in random.integers(1, LENGTH, 16)]
  model = objective(global_every=2, local_attention=6).model.config
  packed, padded = (
    around((jax.tree.map(lambda x: x[None], lay(texts, LENGTH)),), 8, 16)
    for lay in (tiny.pack, tiny.pad)
  )
  assert packed.sides[0].tokens.size < padded.sides[0].tokens.size / 1.5
  assert flops.of_texts(model, packed) == flops.of_texts(model, padded)


@pytest.mark.parametrize(("every", "window"), [(1, 128), (2, 6), (3, 0)])
def test_tokens_see_their_text_or_a_window_of_it(every, window):
  lengths = [1, 2, 7, 30]
  side = tiny.pad([np.ones(n, np.int32) for n in lengths], LENGTH)
  batch = around((jax.tree.map(lambda x: x[None], side),), 2, 4)
  changes = {"global_every": every, "local_attention": window, "layers": 5}
  config = tiny.encoder_config(**WIDE | changes)
  pairs = 0
  for layer in range(5):
    for n in lengths:
      apart = np.abs(np.arange(n)[:, None] - np.arange(n))
      reach = n if layer % every == 0 else window // 2
      pairs += (apart <= reach).sum()
  found = flops.of_texts(towers.ModelConfig(config), batch)
  rest = flops.a_token(config) * sum(lengths)
  assert float(found) == pytest.approx(rest + 4 * 256 * pairs, rel=1e-6)


def test_two_towers_are_as_one():
  given = objective()
  one = flops.of_step(given, whole_batch())
  two = flops.of_step(given, whole_batch(sides=2))
  assert float(one) == float(two)


def test_a_teacher_is_run_forward():
  given, batch = objective(), whole_batch()
  taught = given.replace(teacher=given.model)
  more = flops.of_step(taught, batch) - flops.of_step(given, batch)
  assert float(more) == float(flops.of_texts(given.model.config, batch))


@pytest.mark.parametrize(
  ("loss", "products"),  # of 4 pairs with a hard negative each
  [
    (contrastive.InBatch(), 4 * 8),
    (contrastive.InBatch(contrast="queries"), 4 * 12),
    (contrastive.InBatch(contrast="documents"), 4 * 16),
    (sigmoid.Sigmoid(), 4 * 4),
    (scored.CoSent(), 0),
  ],
)
def test_similarities(loss, products):
  batch = whole_batch(texts=12)
  given = objective(loss)
  encoded = 3 * flops.of_texts(given.model.config, batch)
  found = float(flops.of_step(given, batch) - encoded)
  assert found == pytest.approx(3 * 2 * 128 * products, abs=1024)


def test_of_a_loss_of_some_pairs():
  batch = whole_batch()
  model = objective().model.config
  encoded = 3 * float(flops.of_texts(model, batch))
  some, every = (
    float(flops.of_step(objective(objectives=o), batch)) - encoded
    for o in ((1,), (0, 1))
  )
  assert some == pytest.approx(every / 2, abs=1024) and some > 1024
