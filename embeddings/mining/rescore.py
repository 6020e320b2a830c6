"""What a cross-encoder of sentence-transformers says of query and document."""

import pathlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import xxhash

from data import program

BATCH_PAIRS = 32


class CrossEncoder:
  """A model that reads query and document together, and gives one number.

  Args:
    name: its folder, or an id on the hub.

  Raises:
    program.BadInput: if sentence-transformers is not installed, or there is no
      such model, or it gives several numbers, or was not trained to.
  """

  def __init__(self, name: str):
    try:
      import sentence_transformers
    except ImportError as error:
      raise program.BadInput(
        f"--cross_encoder={name} needs sentence-transformers ({error}); "
        "install it with `pip install sentence-transformers`, or leave it out"
      ) from error
    try:
      self._model = sentence_transformers.CrossEncoder(name)
    except (OSError, ValueError, KeyError) as error:
      raise program.BadInput(
        f"{name} is no cross-encoder ({str(error)[:150]}); give a folder or "
        "an id of the hub of one, such as cross-encoder/ms-marco-MiniLM-L6-v2"
      ) from error
    if not _has_head(self._model):
      raise program.BadInput(
        f"{name} is no cross-encoder, for it has no weights that score a pair; "
        "give one, such as cross-encoder/ms-marco-MiniLM-L6-v2"
      )
    if self._model.num_labels != 1:
      raise program.BadInput(
        f"the cross-encoder {name} gives {self._model.num_labels} numbers for "
        "a pair, wanted one: give one that was trained to rank"
      )
    self.name = str(pathlib.Path(name).resolve()) if _is_there(name) else name

  def scores(
    self, queries: Sequence[str], documents: Sequence[str]
  ) -> np.ndarray:
    """The score of each query with one document: n texts twice to float32 [n].

    Raises:
      program.BadInput: if one is no finite number.
    """
    if not queries:
      return np.zeros(0, np.float32)
    found = self._model.predict(
      list(zip(queries, documents, strict=True)),
      batch_size=BATCH_PAIRS,
      show_progress_bar=False,
    )
    scores = np.asarray(found, np.float32)
    if not np.isfinite(scores).all():
      raise program.BadInput(
        f"the cross-encoder {self.name} gives scores that are not finite; give "
        "another, or mend its weights"
      )
    return scores

  def digest(self) -> str:
    """Of its weights: another model of this name has another."""
    found = xxhash.xxh3_64()
    for name, weight in sorted(self._model.state_dict().items()):
      found.update(name.encode())
      found.update(weight.detach().cpu().float().numpy().tobytes())
    return found.hexdigest()


def _has_head(model: Any) -> bool:
  """Whether what gives the numbers was trained; else it is made at random.

  sentence-transformers makes a cross-encoder of any model, and only warns.
  """
  names = getattr(model[0].model.config, "architectures", None) or ()
  return len(model) > 1 or any(
    name.endswith("ForSequenceClassification") for name in names
  )


def _is_there(name: str) -> bool:
  """Whether this is a folder rather than an id."""
  return pathlib.Path(name).exists()
