"""A few rows at a time is all rows at once: value, gradient, dropout."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import batch as batch_lib
from embeddings import chunked
from embeddings import dropout
from embeddings import partition
from embeddings import pooling
from embeddings import towers
from tests.embeddings import tiny

COLLECTIVE = r"= \S.* all-(?:reduce|gather|to-all)\("
LENGTH = 12
SHARDS, TEXTS = 8, 9


def lay(layout):
  """Eight shards of nine texts in nine rows, [G, R, L]; one is absent."""
  random = np.random.default_rng(0)
  packed = []
  for shard in range(SHARDS):
    lengths = random.integers(1, LENGTH + 1, TEXTS)
    lengths[shard % TEXTS] *= shard != 3
    packed.append(
      layout([random.integers(1, 400, n).astype("i") for n in lengths], LENGTH)
    )
  assert len(packed[0].tokens) == TEXTS or layout is tiny.pack

  def grow(field, empty):
    spare = ((0, TEXTS - len(field)), (0, 0))
    return np.pad(field, spare, constant_values=empty)

  return batch_lib.Packed(
    *(
      np.stack([grow(field, empty) for field in fields])
      for fields, empty in zip(
        zip(*packed, strict=True), (0, -1, 0), strict=True
      )
    )
  )


PADDED, PACKED = lay(tiny.pad), lay(tiny.pack)


CONFIG = towers.ModelConfig(
  tiny.encoder_config(dropout=0.2, attention_dropout=0.2),
  projection=towers.Projection(12),
)


TWO_ON_EIGHT = {
  "remat": "full",
  "towers": "two",
  "side": "document",
  "axes": (("data", 8),),
}


@functools.cache
def compiled(chunk_rows, side="", axes=(), **changes):
  """Value and gradient of a number that depends on each vector."""
  mesh = partition.make_mesh(**dict(axes)) if axes else None
  model = towers.Model(CONFIG.replace(**changes), mesh)

  def loss(params, packed):
    key = jax.random.key(3)
    vectors = model.embed(params, packed, TEXTS, key, side, chunk_rows)
    weights = jnp.sin(jnp.arange(vectors.size)).reshape(vectors.shape)
    return (vectors * weights).sum(), vectors

  jitted = jax.jit(jax.value_and_grad(loss, has_aux=True))
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  if mesh is not None:
    spread = jax.sharding.NamedSharding(mesh, partition.BATCH)
    places = partition.shard_state(shapes, mesh)
    jitted = jax.jit(jitted, in_shardings=(places, spread))
  return jitted.lower(shapes, PADDED).compile()


def assert_same(found, wanted):
  """Compares values, vectors and gradients of two."""
  ((value, vectors), gradient), ((wanted_value, wanted_vectors), whole) = (
    found,
    wanted,
  )
  assert value == pytest.approx(wanted_value, rel=1e-5, abs=1e-5)
  np.testing.assert_allclose(vectors, wanted_vectors, rtol=0, atol=2e-6)
  assert_close(gradient, whole)


def assert_close(gradient, wanted):
  """Compares gradients, by the norm of the whole."""
  leaves = jax.tree.leaves(wanted)
  norm = np.sqrt(sum(np.square(x).sum() for x in leaves))
  assert norm > 0.1
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=2e-6 * norm),
    gradient,
    wanted,
  )


def test_rows_are_cut_and_put_together_again():
  shards, rows, length = PADDED.tokens.shape
  assert (shards, rows, length) == (SHARDS, TEXTS, LENGTH)
  keys = jnp.arange(shards * rows).reshape(shards, rows)
  for chunk_rows, shape in {1: (9, 1), 4: (3, 3), 5: (2, 5), 8: (2, 5)}.items():
    pieces, numbers = chunked.cut(PADDED, keys, chunk_rows)
    assert numbers.shape == (shape[0], shards, shape[1])
    for piece, field, empty in zip(pieces, PADDED, (0, -1, 0), strict=True):
      assert piece.shape == (shape[0], shards, shape[1], length)
      together = np.moveaxis(np.asarray(piece), 0, 1).reshape(
        shards, -1, length
      )
      np.testing.assert_array_equal(together[:, :rows], field)
      assert (together[:, rows:] == empty).all()
    together = np.moveaxis(np.asarray(numbers), 0, 1).reshape(shards, -1)
    np.testing.assert_array_equal(together[:, :rows], keys)


@pytest.mark.parametrize("kind", sorted(pooling.POOLINGS))
def test_a_text_is_in_one_chunk_alone(kind):
  # With a table in place of an encoder, so that all poolings compile quickly.
  pool = pooling.POOLINGS[kind]

  def encode(table, packed, keys, sharding=None):
    hidden = dropout.dropout(
      table[packed.tokens].reshape(-1, LENGTH, 4), 0.3, keys.reshape(-1)
    ).reshape(*packed.tokens.shape, 4)
    return jax.vmap(lambda *one: pool(*one, TEXTS))(
      hidden, packed.text, packed.position
    )

  def loss(table, packed, chunk_rows):
    keys = dropout.row_keys(jax.random.key(1), SHARDS * TEXTS)
    keys = keys.reshape(SHARDS, TEXTS)
    packed = type(packed)(*map(jnp.asarray, packed))
    if chunk_rows:
      found = chunked.add_up(encode, table, packed, keys, chunk_rows)
    else:
      found = encode(table, packed, keys)
    weights = jnp.sin(jnp.arange(found.size)).reshape(found.shape)
    return (found * weights).sum(), found

  table = np.random.default_rng(1).normal(size=(400, 4)).astype("f") - 3
  run = jax.jit(jax.value_and_grad(loss, has_aux=True), static_argnums=2)
  for packed in (PACKED, PADDED):
    whole = jax.device_get(run(table, packed, 0))
    assert_same(jax.device_get(run(table, packed, 4)), whole)
    assert not np.any(whole[0][1][3, 3])  # the absent text


@pytest.fixture(scope="module")
def params():
  model = towers.Model(CONFIG)
  return tiny.noisy(jax.jit(model.init)(jax.random.key(0)))


@pytest.mark.parametrize(
  "packed",
  [
    pytest.param(PADDED, marks=pytest.mark.long, id="padded"),
    pytest.param(PACKED, id="packed"),
  ],
)
@pytest.mark.parametrize(
  "options",
  [
    TWO_ON_EIGHT,
    {"remat": "dots", "axes": (("data", 2), ("fsdp", 2), ("tensor", 2))},
  ],
  ids=["data 8", "2 x 2 x 2"],
)
def test_chunks_are_the_whole(params, packed, options):
  wanted = jax.device_get(compiled(0)(params, packed))
  side = options.get("side", "")
  given = towers.join(dict.fromkeys(towers.SIDES if side else [""], params))
  run = compiled(4, **options)  # 4 of 9 rows
  found, gradient = jax.device_get(run(given, packed))
  assert_same((found, towers.tower_of(gradient, side)), wanted)
  if side:
    other = towers.tower_of(gradient, towers.SIDES[0])
    assert not any(np.any(leaf) for leaf in jax.tree.leaves(other))


def test_devices_with_whole_parameters_meet_once():
  # Gradients are summed over devices after the last chunk, not after each.
  text = compiled(4, **TWO_ON_EIGHT).as_text()
  entry = text[text.index("\nENTRY") :]
  assert len(re.findall(COLLECTIVE, text)) == len(re.findall(COLLECTIVE, entry))
  assert re.search(COLLECTIVE, entry)


def test_more_rows_than_there_are_is_no_chunking():
  model = towers.Model(CONFIG)
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  texts = {
    chunk_rows: jax.jit(
      lambda params, packed, n=chunk_rows: model.embed(
        params, packed, TEXTS, chunk_rows=n
      )
    )
    .lower(shapes, PACKED)
    .as_text()
    for chunk_rows in (0, 1, TEXTS, 1_000)
  }
  whole = texts.pop(0)
  assert [text == whole for text in texts.values()] == [False, True, True]


def test_memory_falls_with_the_chunk():
  encoder = tiny.encoder_config(width=64, mlp_width=256)
  model = towers.Model(towers.ModelConfig(encoder))
  texts = [np.full(48, i + 1, np.int32) for i in range(32)]
  packed = batch_lib.Packed(*(field[None] for field in tiny.pad(texts, 48)))
  shapes = jax.eval_shape(model.init, jax.random.key(0))
  params = tiny.noisy(jax.tree.map(lambda x: np.zeros(x.shape, "f"), shapes))

  def run(chunk_rows):
    def loss(params, packed):
      vectors = model.embed(params, packed, 32, chunk_rows=chunk_rows)
      return (vectors * jnp.arange(64)).sum()

    compiled = jax.jit(jax.grad(loss)).lower(shapes, packed).compile()
    bytes_ = compiled.memory_analysis().temp_size_in_bytes
    return bytes_, compiled(params, packed)

  (whole, wanted), (few, gradient) = run(0), run(2)
  # Beside activations there are gradients and vectors, which do not fall.
  assert 1 / 16 < few / whole < 1.3 / 16, (whole, few)
  assert_close(gradient, wanted)  # on one device too
