"""Our vectors are sentence-transformers' vectors, whatever the texts."""

import jax
import numpy as np
import pytest
import sentence_transformers
import tokenizers
from tokenizers import models
from tokenizers import pre_tokenizers

from data import program
from data import tokens
from embeddings import calls
from embeddings import encode
from embeddings import partition
from embeddings import pretrained
from tests import conftest
from tests.embeddings import texts as texts_lib
from tests.embeddings import tiny
from tests.embeddings import torch_models


@pytest.fixture(scope="module")
def ours(minilm):
  return encode.load(str(minilm))


@pytest.fixture(scope="module")
def theirs(minilm):
  return sentence_transformers.SentenceTransformer(str(minilm), device="cpu")


@pytest.mark.parametrize(
  "source",
  [texts_lib.made, pytest.param(texts_lib.shared, marks=pytest.mark.long)],
)
def test_the_real_model_gives_sentence_transformers_vectors(
  ours, theirs, source
):
  if source is texts_lib.shared and not texts_lib.SHARED.exists():
    pytest.skip(f"{texts_lib.SHARED} is not on this machine")
  texts = source(100)
  vectors = ours.encode(texts)
  wanted = theirs.encode(texts, batch_size=16, show_progress_bar=False)
  assert vectors.shape == wanted.shape == (100, 384)
  assert vectors.dtype == np.float32
  np.testing.assert_allclose(vectors, wanted, rtol=0, atol=1e-5)


@pytest.fixture(scope="module")
def small(bert_folder, tmp_path_factory):
  """A small model with prompts, for both."""
  folder = tmp_path_factory.mktemp("small") / "model"
  model = torch_models.sentence_transformer(
    folder,
    bert_folder,
    max_length=20,
    prompts={"query": "find the ", "document": ""},
    default_prompt="query",
  )
  return encode.load(str(folder)), model


TEXTS = [text for pair in conftest.pairs(30) for text in pair]


@pytest.mark.parametrize("prompt", [None, "query", "document"])
def test_prompts_stand_before_each_text(small, prompt):
  ours, theirs = small
  vectors = ours.encode(TEXTS, prompt)
  wanted = theirs.encode(TEXTS, prompt_name=prompt, show_progress_bar=False)
  np.testing.assert_allclose(vectors, wanted, rtol=0, atol=1e-5)
  by_hand = [ours.prompts[prompt or "query"] + text for text in TEXTS]
  np.testing.assert_allclose(
    vectors, ours.encode(by_hand, ""), rtol=0, atol=1e-6
  )


def test_a_prompt_that_is_not_there_is_named(small):
  with pytest.raises(
    program.BadInput, match="no prompt 'passage'; it has document, query"
  ):
    small[0].encode(TEXTS, "passage")


def test_a_side_that_is_not_there_is_named(small):
  with pytest.raises(program.BadInput, match="no side 'passage'; wanted one"):
    small[0].encode(TEXTS, side="passage")


def test_vectors_come_in_the_order_of_the_texts(small, monkeypatch):
  # Over several stretches and calls to the device, and one by one.
  encoder = small[0]
  whole = encoder.encode(TEXTS)
  monkeypatch.setattr(encode, "STRETCH", 25)
  monkeypatch.setattr(encode, "_AT_ONCE", 10)
  monkeypatch.setattr(calls, "CPU_SLOTS", 80)
  order = np.random.default_rng(0).permutation(len(TEXTS))
  mixed = encoder.encode([TEXTS[i] for i in order])
  np.testing.assert_allclose(mixed, whole[order], rtol=0, atol=1e-6)
  for i in (0, 7, 31):
    one = encoder.encode([TEXTS[i]])
    np.testing.assert_allclose(one[0], whole[i], rtol=0, atol=1e-6)
  apart = whole @ whole.T - 2 * np.eye(len(TEXTS))
  assert apart.max() < 0.99999  # each is known from the others


def test_few_calls_are_there_at_once(small, monkeypatch):
  encoder = small[0]
  monkeypatch.setattr(encode, "STRETCH", 10)
  monkeypatch.setattr(calls, "CPU_SLOTS", 40)
  wanted = encoder.encode(TEXTS)
  events, embed, put = [], encoder.embed, encode._put

  def embedded(*given):
    events.append(1)
    return embed(*given)

  def fetched(*given):
    events.append(-1)
    put(*given)

  monkeypatch.setattr(encoder, "embed", embedded)
  monkeypatch.setattr(encode, "_put", fetched)
  np.testing.assert_array_equal(encoder.encode(TEXTS), wanted)
  at_work = np.cumsum(events)
  assert len(events) > 12 and at_work[-1] == 0
  assert at_work.max() == encode._AHEAD + 1


def test_no_texts_are_no_vectors(small):
  vectors = small[0].encode([])
  assert vectors.shape == (0, torch_models.WIDTH)
  assert vectors.dtype == np.float32


def test_one_text_that_is_no_list_is_refused(small):
  with pytest.raises(program.BadInput, match="one text; wanted a list"):
    small[0].encode("find the file")


@pytest.mark.parametrize("bad", [None, float("nan"), "\ud800"], ids=repr)
def test_what_is_no_text_is_named(small, bad):
  with pytest.raises(program.BadInput) as raised:
    small[0].encode(["find", bad, "the file"])
  assert str(raised.value).startswith(f"{bad!r} is no text that can be")


def test_texts_without_a_token_are_zeros(tmp_path):
  # A tokenizer that puts nothing round a text.
  bare = tokenizers.Tokenizer(models.WordLevel({"?": 0, "file": 1}, "?"))
  bare.pre_tokenizer = pre_tokenizers.Whitespace()
  bare.save(str(tmp_path / "tokenizer.json"))
  encoder = encode.Encoder(
    tiny.model(), tiny.params(), tokens.Tokenizer(tmp_path, max_length=8)
  )
  assert not encoder.encode(["", " "]).any()
  vectors = encoder.encode(["", "file", ""])
  assert not vectors[[0, 2]].any() and vectors[1].any()


def test_a_run_gives_its_newest_parameters_or_its_first(make_run):
  run = make_run(steps=(2, 5))
  embed = jax.jit(run.model.embed, static_argnums=2)
  tokenizer = tokens.Tokenizer(run.workdir.tokenizer, max_length=24)
  packed = tiny.pad(tokenizer.encode(TEXTS), 24)
  one_shard = tuple(field[None] for field in packed)
  packed = type(packed)(*one_shard)
  for untrained, step in ((False, 5), (True, 0)):
    encoder = encode.load(str(run.workdir.path), untrained=untrained)
    wanted = embed(run.params[step], packed, len(TEXTS))[0]
    np.testing.assert_allclose(encoder.encode(TEXTS), wanted, rtol=0, atol=2e-6)
  assert encoder.width == 16


MESHES = [
  {},
  {"fsdp": 2, "tensor": 2},
  {"data": 1, "fsdp": 2, "devices": 2},
  {"data": 1, "tensor": 2, "devices": 2},
]


@pytest.mark.parametrize("axes", MESHES, ids=str)
def test_devices_share_the_texts(bert_folder, axes):
  # As they do where a run is evaluated, whose parameters are cut up.
  encoder = encode.load(str(bert_folder))
  wanted = encoder.encode(TEXTS)
  axes = dict(axes)
  devices = jax.devices()[: axes.pop("devices", 8)]
  mesh = partition.make_mesh(**axes, devices=devices)
  about = pretrained.load(str(bert_folder)).description
  cut = jax.device_put(
    encoder.params, partition.shard_state(encoder.params, mesh)
  )
  shared = encode.make(about, cut, mesh)
  shards = []
  apply = shared._jit

  def spy(out):
    def call(params, packed, *others):
      shards.append(packed.tokens.sharding.shard_shape(packed.tokens.shape))
      assert len(packed.tokens) == partition.batch_shards(mesh)
      found = apply(out)(params, packed, *others)
      assert found.is_fully_replicated
      return found

    return call

  shared._jit = spy
  np.testing.assert_allclose(shared.encode(TEXTS), wanted, rtol=0, atol=2e-6)
  assert shards and all(shape[0] == 1 for shape in shards)


def test_a_folder_is_loaded_onto_a_mesh(bert_folder):
  mesh = partition.make_mesh(devices=jax.devices()[:4])
  shared = encode.load(str(bert_folder), mesh=mesh)
  alone = encode.load(str(bert_folder))
  for leaf in jax.tree.leaves(shared.params):
    assert leaf.is_fully_replicated and len(leaf.devices()) == 4
  for texts in (TEXTS, TEXTS[:1]):  # one text leaves three devices empty
    np.testing.assert_allclose(
      shared.encode(texts), alone.encode(texts), rtol=0, atol=2e-6
    )
  assert shared.encode([]).shape == (0, alone.width)


def test_parameters_alone_may_be_spread_over_devices(bert_folder):
  encoder = encode.load(str(bert_folder))
  wanted = encoder.encode(TEXTS)
  mesh = partition.make_mesh(fsdp=2, tensor=2)
  place = partition.shard_state(encoder.params, mesh)
  encoder.params = jax.device_put(encoder.params, place)
  np.testing.assert_allclose(encoder.encode(TEXTS), wanted, rtol=0, atol=2e-6)


def test_an_untrained_run_that_began_with_a_model_is_that_model(
  make_run, bert_folder
):
  run = make_run(init=str(bert_folder))
  encoder = encode.load(str(run.workdir.path), untrained=True)
  model = encode.load(str(bert_folder))
  jax.tree.map(np.testing.assert_array_equal, encoder.params, model.params)
  assert encoder.tokenizer.max_length == 24


@pytest.mark.parametrize(
  ("name", "message"),
  [
    ("", "has no config.json; give the folder of"),
    ("/no/such/folder", "neither a folder nor a model that the hub gives"),
  ],
)
def test_a_model_that_is_not_there_is_named(name, message, tmp_path):
  with pytest.raises(program.BadInput, match=message):
    encode.load(name or str(tmp_path))


def test_a_run_without_a_checkpoint_is_named(make_run):
  run = make_run(steps=())
  with pytest.raises(program.BadInput, match="no whole checkpoint; train"):
    encode.load(str(run.workdir.path))
  encode.load(str(run.workdir.path), untrained=True)
