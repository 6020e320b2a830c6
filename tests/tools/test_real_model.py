"""The real all-MiniLM-L6-v2 comes in and goes out as it is."""

import json

import numpy as np
import pytest
import sentence_transformers
from safetensors import numpy as safetensors_numpy

from embeddings import encode
from tests.embeddings import texts as texts_lib


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folders(run_program, minilm, tmp_path_factory):
  """The model as it was, imported, and exported again."""
  kept = tmp_path_factory.mktemp("minilm") / "kept"
  out = kept.with_name("out")
  for command in (
    ["tools.from_huggingface", f"--model={minilm}", f"--out={kept}"],
    ["tools.to_sentence_transformers", f"--workdir={kept}", f"--out={out}"],
  ):
    ended = run_program(*command)
    assert ended.code == 0, ended
  return minilm, kept, out


def test_the_weights_and_the_config_come_back(folders):
  source, _, out = folders
  ours, theirs = (
    safetensors_numpy.load_file(folder / "model.safetensors")
    for folder in (out, source)
  )
  buffers = {"embeddings.position_ids"}
  assert ours.keys() == theirs.keys() - buffers
  for name, tensor in ours.items():
    np.testing.assert_array_equal(tensor, theirs[name], err_msg=name)
  configs = [
    json.loads((folder / "config.json").read_text()) for folder in (out, source)
  ]
  for content in configs:
    for key in ("dtype", "torch_dtype", "architectures"):
      content.pop(key, None)
  assert configs[0] == configs[1]


def test_a_thousand_sentences_have_the_same_vectors(folders):
  if not texts_lib.SHARED.exists():
    pytest.skip(f"{texts_lib.SHARED} is not on this machine")
  texts = texts_lib.shared(1_000)
  lengths = [len(text) for text in texts]
  assert min(lengths) < 20 and max(lengths) > 600
  wanted, *others = (
    sentence_transformers.SentenceTransformer(str(folder), device="cpu").encode(
      texts, batch_size=32, show_progress_bar=False
    )
    for folder in (folders[0], folders[2])
  )
  for vectors in (*others, encode.load(str(folders[1])).encode(texts)):
    np.testing.assert_allclose(vectors, wanted, rtol=0, atol=1e-5)
