"""An exported model gives sentence-transformers our vectors."""

import json

import jax
import numpy as np
import pytest
import sentence_transformers
import torch
import transformers
from safetensors import numpy as safetensors_numpy

from data import program
from embeddings import description
from embeddings import encode
from embeddings import export
from embeddings import model_card
from embeddings import modules
from embeddings import pretrained
from embeddings import towers
from embeddings import verify
from embeddings import weights
from embeddings import workdir as workdir_lib
from tests import conftest
from tests import programs
from tests.embeddings import texts
from tests.embeddings import tiny
from tests.embeddings import torch_models
from tests.embeddings.encoders import families

TEXTS = [text for pair in conftest.pairs(20) for text in pair] + list(texts.ODD)
SIDES = ("", *towers.SIDES)
POOLER = ("pooler.", "pooler.dense.")


def load_theirs(folder):
  """sentence-transformers' vectors of TEXTS, as those of a side."""
  model = sentence_transformers.SentenceTransformer(str(folder), device="cpu")
  assert model.max_seq_length == 24

  def theirs(side):
    method = getattr(model, f"encode_{side}" if side else "encode")
    return method(TEXTS, show_progress_bar=False)

  return theirs


def random_params(config):
  """Parameters none of which is 0 or 1; those of two towers differ."""
  random = np.random.default_rng(0)
  shapes = jax.eval_shape(towers.Model(config).init, jax.random.key(0))
  return jax.tree.map(
    lambda x: random.normal(0.1, 0.4, x.shape).astype("f"), shapes
  )


@pytest.fixture
def keep(tmp_path, tokenizer_folder):
  """Keeps a model of random weights and gives its workdir."""

  def keep(prompts=None, default_prompt="", name="kept", **changes):
    config = towers.ModelConfig(tiny.encoder_config(), **changes)
    about = description.Description(
      config, 24, tokenizer_folder, prompts or {}, default_prompt
    )
    found = description.Pretrained(about, random_params(config))
    pretrained.keep(found, tmp_path / name)
    return workdir_lib.Workdir(tmp_path / name)

  return keep


QUICK = ("mpnet", "modernbert")  # the others are long tests

# Each pooling and each activation once, and once each of the other choices.
MODELS = [
  {
    "pooling": "mean",
    "projection": towers.Projection(8, "identity", biases=False),
    "normalise": False,
  },
  {"pooling": "cls", "truncate": 6},
  {
    "pooling": "max",
    "projection": towers.Projection(8, "tanh"),
    "prompts": {"query": "find ", "passage": "code: "},
  },
  {
    "pooling": "last",
    "projection": towers.Projection(24, "relu", biases=False),
    "truncate": 10,
    "normalise": False,
    "similarity": "dot",
    "prompts": {"a": "A "},
    "default_prompt": "a",
  },
  {
    "pooling": "weighted_mean",
    "projection": towers.Projection(8, "gelu"),
    "prompts": {"query": "", "b": "B "},
    "default_prompt": "b",
  },
  {
    "pooling": "max",
    "projection": towers.Projection(12, "silu"),
    "truncate": 5,
    "towers": "two",
    "prompts": {"query": "find "},
  },
  {
    "pooling": "mean",
    "projection": towers.Projection(9, "sigmoid"),
    "normalise": False,
    "towers": "two",
  },
]


@pytest.mark.parametrize("choices", MODELS, ids=lambda c: str(c)[:60])
def test_its_vectors_are_ours(keep, tmp_path, choices):
  workdir, out = keep(**choices), tmp_path / "new" / "model"
  assert export.to_sentence_transformers(workdir, out) == 0
  ours, again = encode.load(str(workdir.path)), encode.load(str(out))
  theirs = load_theirs(out)
  for side in SIDES:
    vectors = ours.encode(TEXTS, side=side)
    scale = max(1, np.abs(vectors).max())
    np.testing.assert_allclose(theirs(side), vectors, rtol=0, atol=1e-5 * scale)
    # Half a product may be added up in another order.
    spare = 1e-6 * scale if choices.get("truncate") else 0
    np.testing.assert_allclose(
      again.encode(TEXTS, side=side), vectors, rtol=0, atol=spare
    )
  about, config = workdir.model(), again.model.config
  assert config.similarity == about.config.similarity
  if not about.config.truncate:  # which becomes a projection
    assert config == about.config
    jax.tree.map(np.testing.assert_array_equal, again.params, ours.params)
  card = model_card.render(workdir, step=0)
  assert (out / "README.md").read_text(encoding="utf-8") == card
  assert not list(out.parent.glob(".*"))


@pytest.mark.parametrize(
  ("dtype", "sides"), [("float16", "two"), ("bfloat16", "shared")]
)
def test_weights_of_half_precision(keep, tmp_path, dtype, sides):
  workdir = keep(
    pooling="weighted_mean", projection=towers.Projection(8), towers=sides
  )
  out, largest = tmp_path / "model", []

  def check(folder, found):
    largest.append(verify.check(folder, found, dtype))

  export.to_sentence_transformers(workdir, out, dtype=dtype, check=check)
  assert 1e-4 < largest[0] < verify.TOLERANCES[dtype]
  for path in out.rglob(weights.FILE):
    for name, tensor in safetensors_numpy.load_file(path).items():
      if not name.startswith(POOLER):
        assert tensor.dtype.name == dtype, name
  side = "document"
  np.testing.assert_allclose(
    encode.load(str(out)).encode(TEXTS, side=side),
    encode.load(str(workdir.path)).encode(TEXTS, side=side),
    atol=2 * verify.TOLERANCES[dtype],
  )


def test_a_model_folder_gives_its_tokenizer_alone(bert_folder, tmp_path):
  found = pretrained.load(str(bert_folder))  # its tokenizer is in that folder
  (tmp_path / "model").mkdir()
  export.write(tmp_path / "model", *found, "bfloat16")
  assert verify.check(tmp_path / "model", found, "bfloat16") > 1e-4
  tensors = weights.read(tmp_path / "model")
  name = "embeddings.word_embeddings.weight"
  assert tensors[name].dtype.name == "bfloat16"


def test_two_towers_as_two_folders(keep, tmp_path):
  workdir, out = keep(towers="two", pooling="cls"), tmp_path / "model"
  export.to_sentence_transformers(
    workdir,
    out,
    layout="folders",
    check=lambda folder, found: verify.check(folder, found, "float32"),
  )
  assert sorted(path.name for path in out.iterdir()) == [
    "README.md",
    "document",
    "query",
  ]
  ours = encode.load(str(workdir.path))
  joined = encode.load(str(out))
  assert joined.model.config == ours.model.config
  for side in towers.SIDES:
    vectors = ours.encode(TEXTS, side=side)
    np.testing.assert_allclose(
      load_theirs(out / side)(side), vectors, rtol=0, atol=1e-5
    )
    alone = encode.load(str(out / side))
    np.testing.assert_array_equal(alone.encode(TEXTS), vectors)
    np.testing.assert_array_equal(joined.encode(TEXTS, side=side), vectors)
    card = (out / side / "README.md").read_text(encoding="utf-8")
    assert card == (out / "README.md").read_text(encoding="utf-8")
  assert 'SentenceTransformer("FOLDER_OR_ID/query")' in card
  one = keep(name="shared")
  with pytest.raises(program.BadInput, match="leave --towers=folders out"):
    export.to_sentence_transformers(one, tmp_path / "two", layout="folders")


@pytest.mark.parametrize(
  "family",
  [
    pytest.param(family, marks=[] if family in QUICK else pytest.mark.long)
    for family in families.FAMILIES
  ],
)
def test_a_family_goes_out_as_it_came_in(tokenizer_folder, tmp_path, family):
  source, out = tmp_path / "source", tmp_path / "model"
  torch_models.family(source, tokenizer_folder, family)
  found = pretrained.load(str(source))
  about = found.description.replace(max_length=24)
  pretrained.keep(found._replace(description=about), tmp_path / "kept")
  workdir = workdir_lib.Workdir(tmp_path / "kept")
  export.to_sentence_transformers(workdir, out)
  ours = encode.load(str(workdir.path)).encode(TEXTS)
  np.testing.assert_allclose(load_theirs(out)(""), ours, rtol=0, atol=1e-5)
  np.testing.assert_array_equal(encode.load(str(out)).encode(TEXTS), ours)
  before, after = (
    safetensors_numpy.load_file(folder / weights.FILE)
    for folder in (source, out)
  )
  assert before.keys() == after.keys()
  jax.tree.map(np.testing.assert_array_equal, before, after)
  was, now = (
    json.loads((folder / "config.json").read_text()) for folder in (source, out)
  )
  assert now["dtype"] == "float32"
  for key in ("dtype", "architectures"):
    was.pop(key), now.pop(key)
  assert was == now


def test_the_real_model_goes_out_as_it_came_in(minilm, tmp_path):
  pretrained.keep(pretrained.load(str(minilm)), tmp_path / "kept")
  workdir, out = workdir_lib.Workdir(tmp_path / "kept"), tmp_path / "model"
  export.to_sentence_transformers(workdir, out)
  before, after = (weights.read(folder) for folder in (minilm, out))
  assert before.keys() - after.keys() <= {"embeddings.position_ids"}
  for name, tensor in after.items():
    np.testing.assert_array_equal(tensor, before[name], err_msg=name)
  for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
    assert (out / name).read_bytes() == (minilm / name).read_bytes()
  for name in ("config.json", "modules.json", "sentence_bert_config.json"):
    was, now = (json.loads((f / name).read_text()) for f in (minilm, out))
    if name == "config.json":
      assert now.pop("dtype") == "float32"
    assert was == now
  assert modules.read(minilm)[""] == modules.read(out)[""]._replace(
    encoder=minilm
  )


def test_a_new_export_takes_the_old_ones_place(keep, make_run, tmp_path):
  out = tmp_path / "model"
  export.to_sentence_transformers(keep(), out)
  assert (out / "2_Normalize").is_dir()
  (out / "stale.txt").write_text("")
  plain = make_run(steps=(3, 5), name="two", normalise=False)
  assert export.to_sentence_transformers(plain.workdir, out) == 5
  assert not (out / "stale.txt").exists()
  assert not (out / "2_Normalize").exists()
  params = encode.load(str(out)).params
  jax.tree.map(np.testing.assert_array_equal, params, plain.params[5])


def test_a_failed_export_leaves_what_was_there(keep, tmp_path, monkeypatch):
  workdir = keep()
  export.to_sentence_transformers(workdir, tmp_path / "model")
  before = programs.contents(tmp_path / "model")

  def fail(*_, **__):
    raise OSError("no space left on device")

  def wrong(folder, found):
    """The check of a folder whose weights are not those of the model."""
    path = folder / weights.FILE
    tensors = safetensors_numpy.load_file(path)
    tensors["encoder.layer.0.output.dense.weight"] *= -1
    weights.write(path, tensors)
    verify.check(folder, found, "bfloat16")

  for name in ("model", "other"):
    with pytest.raises(program.BadInput, match="nothing is written; try"):
      export.to_sentence_transformers(workdir, tmp_path / name, check=wrong)
  monkeypatch.setattr(model_card, "render", fail)
  for name in ("model", "other"):
    with pytest.raises(OSError, match="no space"):
      export.to_sentence_transformers(workdir, tmp_path / name)
  assert sorted(p.name for p in tmp_path.iterdir()) == ["kept", "model"]
  assert before == programs.contents(tmp_path / "model")


def test_a_weight_too_large_for_float16_is_named(keep, tmp_path):
  workdir = keep()
  found = pretrained.load(str(workdir.path))
  params = jax.tree.map(lambda x: np.asarray(x) * 1e6, found.params)
  pretrained.keep(found._replace(params=params), tmp_path / "large")
  large = workdir_lib.Workdir(tmp_path / "large")
  with pytest.raises(program.BadInput, match="float16 ends at 6.6e.04; export"):
    export.to_sentence_transformers(large, tmp_path / "out", dtype="float16")
  assert not list(tmp_path.glob("*out*"))


def test_a_run_without_a_checkpoint_is_named(make_run, tmp_path):
  run = make_run(steps=())
  with pytest.raises(program.BadInput, match="no whole checkpoint; train"):
    export.to_sentence_transformers(run.workdir, tmp_path / "model")
  assert not (tmp_path / "model").exists()


def test_half_precision_without_a_pooler_goes_out_so(bert_folder, tmp_path):
  model = transformers.BertModel.from_pretrained(
    bert_folder, add_pooling_layer=False
  )
  model.to(torch.bfloat16).save_pretrained(tmp_path / "source")
  for path in bert_folder.glob("*tok*"):
    (tmp_path / "source" / path.name).write_bytes(path.read_bytes())
  pretrained.keep(pretrained.load(str(tmp_path / "source")), tmp_path / "kept")
  workdir = workdir_lib.Workdir(tmp_path / "kept")
  export.to_sentence_transformers(workdir, tmp_path / "out", dtype="bfloat16")
  before, after = (
    safetensors_numpy.load_file(tmp_path / name / weights.FILE)
    for name in ("source", "out")
  )
  assert before.keys() == after.keys()
  for name, tensor in before.items():
    assert after[name].dtype == tensor.dtype
    np.testing.assert_array_equal(after[name], tensor)
