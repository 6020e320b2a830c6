"""Vectors of texts of which many are the same, each encoded once."""

from collections.abc import Sequence

import numpy as np

from embeddings.evals import task


def vectors(
  encode: task.EncodeFunction, texts: Sequence[str], side: str = ""
) -> np.ndarray:  # float32 [N, E]
  """The vectors of N texts, equal ones to the last bit where texts are equal.

  Args:
    encode: texts and their side to vectors.
    texts: N texts.
    side: "query", "document" or "" for neither.
  """
  once = {text: number for number, text in enumerate(dict.fromkeys(texts))}
  found = np.asarray(encode(list(once), side), np.float32)
  return found[[once[text] for text in texts]]
