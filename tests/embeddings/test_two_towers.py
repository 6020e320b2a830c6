"""Two towers are one shared encoder until their parameters part."""

import jax
import numpy as np
import pytest

from data import layout as layout_lib
from data import tokens
from embeddings import encode
from embeddings import towers
from tests import conftest
from tests.embeddings import tiny

CONFIG = towers.ModelConfig(
  tiny.encoder_config(), projection=towers.Projection(8), normalise=False
)
SHARED = towers.Model(CONFIG)
TWO = towers.Model(CONFIG.replace(towers="two"))


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder):
  return tokens.Tokenizer(tokenizer_folder, max_length=24)


@pytest.fixture(scope="module")
def gradients(tokenizer):
  """Loss and gradient of both, by the number of sides of the batch."""
  texts = [list(pair) for pair in conftest.pairs(12)]
  texts[3].append(texts[4][1])
  params = tiny.noisy(SHARED.init(jax.random.key(0)))
  both = towers.join(dict.fromkeys(towers.SIDES, params))
  found = {}
  for sides, model, start in ((1, SHARED, params), (2, TWO, both)):
    layout = layout_lib.Layout(
      size=12, max_length=24, pack_shards=2, negatives=1, sides=sides
    )
    batch = tiny.batch(texts, tokenizer, layout)

    def loss(params, model=model, batch=batch):
      return tiny.objective(model)(params, batch).value

    found[sides] = jax.jit(jax.value_and_grad(loss))(start)
  return found


def test_equal_towers_give_the_shared_loss(gradients):
  assert float(gradients[2][0]) == pytest.approx(float(gradients[1][0]), 1e-5)


def test_the_shared_gradient_is_the_sum_of_both(gradients):
  by_side = [towers.tower_of(gradients[2][1], side) for side in towers.SIDES]
  total = jax.tree.map(lambda a, b: a + b, *by_side)
  for name, values in gradients[1][1].items():
    for key, value in values.items():
      np.testing.assert_allclose(
        total[name][key], value, rtol=1e-3, atol=2e-5, err_msg=f"{name}/{key}"
      )
  sizes = [max(np.abs(x).max() for x in jax.tree.leaves(t)) for t in by_side]
  assert min(sizes) > 1e-2


def test_each_side_has_its_tower_and_its_prompt(tokenizer):
  one = tiny.noisy(SHARED.init(jax.random.key(0)), seed=1)
  two = tiny.noisy(SHARED.init(jax.random.key(0)), seed=2)
  prompts = {"query": "find the ", "passage": "code of "}
  params = dict(zip(towers.SIDES, (one, two), strict=True))
  encoder = encode.Encoder(TWO, towers.join(params), tokenizer, prompts)
  texts = [text for pair in conftest.pairs(4) for text in pair]
  for side, name in (("query", "query"), ("document", "passage")):
    alone = encode.Encoder(SHARED, params[side], tokenizer)
    wanted = alone.encode([prompts[name] + text for text in texts])
    np.testing.assert_allclose(
      encoder.encode(texts, side=side), wanted, rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(
      encoder.comparable(texts, side),
      wanted / np.linalg.norm(wanted, axis=1, keepdims=True),
      rtol=0,
      atol=1e-6,
    )
  # What is neither has no prompt, and is a document.
  alone = encode.Encoder(SHARED, two, tokenizer)
  np.testing.assert_allclose(
    encoder.encode(texts), alone.encode(texts), rtol=0, atol=1e-6
  )


def test_a_tower_must_be_named():
  packed = tiny.pack([np.arange(1, 5, dtype=np.int32)], 8)
  one_shard = type(packed)(*(field[None] for field in packed))
  with pytest.raises(ValueError, match="side '' of a model with two towers"):
    TWO.embed(TWO.init(jax.random.key(0)), one_shard, 1)
