"""Whether sentence-transformers makes the vectors of an exported model."""

import logging
import pathlib
from typing import Any

import jax
import numpy as np

from data import program
from embeddings import description
from embeddings import encode
from embeddings import towers

# The largest difference allowed, in lengths of the vector; half precision
# rounds each weight and each layer's output to 11 and 8 bits.
TOLERANCES = {"float32": 1e-5, "float16": 5e-3, "bfloat16": 5e-2}

TEXTS = (
  "",
  " ",
  "a",
  "How do I read a file line by line?",
  "def read(path):\n  with open(path) as file:\n    return file.readlines()",
  "Zürich, Straße, naïve café: ÀÉÎõü ﬁ",
  "日本語の文章とEnglishが混ざる。 مرحبا بالعالم 😀",
  "[CLS] special [SEP] tokens [MASK] in text [PAD] <s> </s> <pad>",
  "The quick brown fox jumps over the lazy dog. " * 6,
  "longer than any model takes " * 2_000,
)

_MISSING = (
  "--verify needs sentence-transformers; install it (pip install "
  "sentence-transformers), or leave --verify out"
)


def reference() -> Any:
  """sentence-transformers.

  Raises:
    program.BadInput: if it is not installed.
  """
  try:
    import sentence_transformers  # Here: no requirement, and slow to import.

    return sentence_transformers
  except ImportError as error:
    raise program.BadInput(f"{_MISSING} ({error})") from error


def check(
  folder: pathlib.Path, found: description.Pretrained, dtype: str
) -> float:
  """Compares sentence-transformers' vectors of some texts with ours.

  Args:
    folder: the exported model, or the folders of its two towers.
    found: the model that was exported.
    dtype: of the exported weights.

  Returns:
    The largest difference, in lengths of the vector.

  Raises:
    program.BadInput: if they differ by more than the dtype explains.
  """
  largest = difference(folder, found)
  if not largest <= TOLERANCES[dtype]:  # as NaN is not either
    raise program.BadInput(
      f"sentence-transformers' vectors differ from ours by {largest:.1e}, "
      f"which is more than the {TOLERANCES[dtype]:.0e} of {dtype}; nothing is "
      "written; try another --dtype, or export without --verify and compare"
    )
  return largest


def difference(folder: pathlib.Path, found: description.Pretrained) -> float:
  """The largest difference of two vectors of a text, in lengths of ours."""
  about = found.description
  config = about.config.replace(dtype="float32")
  ours = encode.make(about.replace(config=config), jax.device_put(found.params))
  largest = []
  # Where matrix products of float32 are rounded, sentence-transformers' on the
  # CPU are not.
  with jax.default_matmul_precision("highest"):
    for side, theirs in _theirs(folder).items():
      wanted = ours.encode(TEXTS, side=side)
      lengths = np.linalg.norm(wanted, axis=1, keepdims=True)
      apart = np.abs(_vectors(theirs, side) - wanted)
      largest.append(apart / np.maximum(lengths, 1e-6))
  return float(np.max(largest))


def _theirs(folder: pathlib.Path) -> dict[str, Any]:
  """sentence-transformers' models of each side and of what is neither."""
  if (folder / "modules.json").exists():
    return dict.fromkeys(("", *towers.SIDES), _load(folder))
  found = {side: _load(folder / side) for side in towers.SIDES}
  return {"": found[towers.SIDES[-1]], **found}


def _load(folder: pathlib.Path) -> Any:
  """A SentenceTransformer, without what is said while it loads."""
  import transformers.utils.logging as bars  # Here, for it takes seconds.

  log = logging.getLogger("sentence_transformers")
  level, shown = log.level, bars.is_progress_bar_enabled()
  log.setLevel(logging.ERROR)
  bars.disable_progress_bar()
  try:
    return reference().SentenceTransformer(str(folder), device="cpu")
  finally:
    log.setLevel(level)
    if shown:
      bars.enable_progress_bar()


def _vectors(theirs: Any, side: str) -> np.ndarray:  # float32 [N, E]
  """sentence-transformers' vectors of TEXTS."""
  method = getattr(theirs, f"encode_{side}" if side else "encode")
  return np.asarray(method(list(TEXTS), show_progress_bar=False), np.float32)
