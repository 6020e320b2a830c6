"""What encodes texts by a model: Gigapair, or sentence-transformers.

    engine = engines.load("intfloat/e5-small-v2")
    engine.encode(["query words"], "query")     # [1, E]

Gigapair serves the families that WORKSPACE.md names. Other models that
sentence-transformers can load (T5, CNN, static embeddings, more modules) are
served by it, where it is installed.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tokenizers

from data import program
from data import tokens
from embeddings import encode
from embeddings.encoders import config as config_lib
from embeddings.evals import task as task_lib

# What it raises for a folder that it cannot make sense of.
_ERRORS = (
  OSError,
  RuntimeError,
  ImportError,
  LookupError,
  TypeError,
  ValueError,
)

OURS, THEIRS = "gigapair", "sentence_transformers"
NAMES = ("auto", OURS, THEIRS)


@dataclasses.dataclass(frozen=True)
class Engine:
  """A model that is ready to encode.

  Attributes:
    name: the library that serves it.
    encode: texts and their side to vectors [N, E].
    similarity: "cosine" or "dot", by which it compares.
    words: cuts a text into words, as its tokenizer does (for BM25).
  """

  name: str
  encode: task_lib.EncodeFunction
  similarity: str
  words: Callable[[str], list[str]]


def load(name: str, engine: str = "auto", *, untrained: bool = False) -> Engine:
  """A model by the engine that serves it.

  Args:
    name: a run's workdir, a model folder or a hub id.
    engine: "gigapair" or "sentence_transformers", or "auto": the second where
      the first knows no such kind of model, with a note.
    untrained: of a workdir, the parameters that the run began with.

  Raises:
    program.BadInput: if there is no such model, or the engine cannot serve it.
  """
  assert engine in NAMES, engine
  if engine == THEIRS and not untrained:
    return _theirs(name)
  try:
    return _ours(encode.load(name, untrained=untrained))
  except config_lib.UnknownKind as error:
    if engine == OURS:
      raise
    program.note_line(f"{name} is served by sentence-transformers: {error}")
    try:
      return _theirs(name)
    except program.BadInput as second:
      raise program.BadInput(f"{error}; and {second}") from second


def _ours(encoder: encode.Encoder) -> Engine:
  """An encoder of ours."""
  return Engine(
    OURS,
    lambda texts, side: encoder.encode(texts, side=side),
    encoder.model.config.similarity,
    encoder.tokenizer.words,
  )


def _theirs(name: str) -> Engine:
  """A model of sentence-transformers'."""
  try:
    import sentence_transformers  # Here: no requirement, and slow to import.
  except ImportError as error:
    raise program.BadInput(
      f"sentence-transformers, which could serve {name}, is not installed; "
      "pip install sentence-transformers"
    ) from error
  try:
    model = sentence_transformers.SentenceTransformer(name)
  except _ERRORS as error:
    reason = " ".join(str(error).split())[:200]
    raise program.BadInput(
      f"sentence-transformers cannot load {name} ({reason}); give the folder "
      "or the id of a model that it can"
    ) from error
  similarity = model.similarity_fn_name
  if similarity not in ("cosine", "dot"):
    program.note_line(
      f"{name} compares by {similarity}, which no evaluation here ranks by; "
      "cosine is taken in its place"
    )
    similarity = "cosine"
  ways = {
    "": model.encode,
    "query": model.encode_query,
    "document": model.encode_document,
  }

  def vectors(texts: Sequence[str], side: str) -> np.ndarray:
    found = ways[side](list(texts), show_progress_bar=False)
    return np.asarray(found, np.float32)

  return Engine(THEIRS, vectors, str(similarity), _words_of(model.tokenizer))


def _words_of(tokenizer: Any) -> Callable[[str], list[str]]:
  """What cuts texts into words: the tokenizer's rules, or blanks if slow."""
  fast = getattr(tokenizer, "backend_tokenizer", tokenizer)
  if isinstance(fast, tokenizers.Tokenizer):
    return lambda text: tokens.words(fast, text)
  return str.split
