"""An exported model gives sentence-transformers our vectors."""

import jax
import numpy as np
import pytest
import sentence_transformers

from data import program
from embeddings import encode
from embeddings import export
from embeddings import model_card
from tests import conftest
from tests.embeddings import texts

TEXTS = [text for pair in conftest.pairs(20) for text in pair] + list(texts.ODD)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
@pytest.mark.parametrize("normalise", [True, False])
def test_its_vectors_are_ours(make_run, tmp_path, pooling, normalise):
  run = make_run(steps=(3, 5), pooling=pooling, normalise=normalise)
  out = tmp_path / "new" / "model"
  assert export.to_sentence_transformers(run.workdir, out) == 5
  ours = encode.load(str(run.workdir.path)).encode(TEXTS)
  theirs = sentence_transformers.SentenceTransformer(str(out), device="cpu")
  assert theirs.max_seq_length == 24
  np.testing.assert_allclose(
    theirs.encode(TEXTS, show_progress_bar=False), ours, rtol=0, atol=1e-5
  )
  lengths = np.linalg.norm(ours, axis=1)
  assert (np.abs(lengths - 1).max() < 1e-5) == normalise
  again = encode.load(str(out))
  np.testing.assert_array_equal(again.encode(TEXTS), ours)
  jax.tree.map(np.testing.assert_array_equal, again.params, run.params[5])
  assert again.model.config == run.model.config
  card = model_card.render(run.workdir, step=5)
  assert (out / "README.md").read_text(encoding="utf-8") == card
  assert not list(out.parent.glob(".*"))


def test_a_new_export_takes_the_old_ones_place(make_run, tmp_path):
  out = tmp_path / "model"
  export.to_sentence_transformers(make_run(name="one").workdir, out)
  assert (out / "2_Normalize").is_dir()
  (out / "stale.txt").write_text("")
  plain = make_run(name="two", normalise=False)
  export.to_sentence_transformers(plain.workdir, out)
  assert not (out / "stale.txt").exists()
  assert not (out / "2_Normalize").exists()


def test_a_failed_export_leaves_what_was_there(make_run, tmp_path, monkeypatch):
  run = make_run()
  export.to_sentence_transformers(run.workdir, tmp_path / "model")
  before = {
    path.relative_to(tmp_path): path.read_bytes()
    for path in sorted((tmp_path / "model").rglob("*"))
    if path.is_file()
  }

  def fail(*_, **__):
    raise OSError("no space left on device")

  monkeypatch.setattr(model_card, "render", fail)
  for name in ("model", "other"):
    with pytest.raises(OSError, match="no space"):
      export.to_sentence_transformers(run.workdir, tmp_path / name)
  assert sorted(p.name for p in tmp_path.iterdir()) == ["model", "run"]
  assert before == {
    path.relative_to(tmp_path): path.read_bytes()
    for path in sorted((tmp_path / "model").rglob("*"))
    if path.is_file()
  }


def test_a_run_without_a_checkpoint_is_named(make_run, tmp_path):
  run = make_run(steps=())
  with pytest.raises(program.BadInput, match="no whole checkpoint; train"):
    export.to_sentence_transformers(run.workdir, tmp_path / "model")
  assert not (tmp_path / "model").exists()
