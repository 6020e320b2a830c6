"""The teacher's vectors of a batch's texts, read for the texts asked for.

A mixture's data sets may bring vectors that a teacher made of their texts
beforehand (data/vectors.py), so that no teacher runs beside the model.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from data import mixture as mixture_lib
from data import program
from data import vectors as vectors_lib

OfDataSets = Sequence[vectors_lib.Vectors | None]


@dataclasses.dataclass(frozen=True)
class Targets:
  """Which vectors the texts of a batch have.

  Attributes:
    vectors: of each data set of the mixture; None where it has none.
    data_set, record: [B], which record each pair is.
    columns: [B, 2 + M], which text of the record each text is; -1 for none.
  """

  vectors: OfDataSets
  data_set: np.ndarray
  record: np.ndarray
  columns: np.ndarray

  def read(self, pair: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The vectors of some texts.

    Args:
      pair, column: [N], which texts.

    Returns:
      float32 [N, V], zeros where there is none.
    """
    found = np.zeros((len(pair), width_of(self.vectors)), np.float32)
    data_set, text = self.data_set[pair], self.columns[pair, column]
    for index in np.unique(data_set).tolist():
      own = self.vectors[index]
      if own is not None:
        places = np.flatnonzero(data_set == index)
        record = self.record[pair[places]]
        found[places] = own.read(record, text[places, None])[:, 0]
    return found


def width_of(vectors: OfDataSets) -> int:
  """V, numbers in a vector; 0 if no data set has any."""
  return next((own.width for own in vectors if own is not None), 0)


def check(mixture: mixture_lib.Mixture, vectors: OfDataSets) -> None:
  """Raises BadInput unless the vectors are such as go into one batch."""
  width = width_of(vectors)
  pairs = zip(mixture.names, mixture.options, vectors, strict=True)
  for name, options, own in pairs:
    if own is None:
      continue
    if own.width != width:
      raise program.BadInput(
        f"the vectors {own.name!r} of data set {name!r} have {own.width} "
        f"numbers and those of another {width}; make all with one teacher"
      )
    if options.swap and own.contents.about.columns == "query":
      raise program.BadInput(
        f"data set {name!r} has vectors {own.name!r} of its queries alone and "
        f"swap {options.swap}; set swap to 0, or make them with --columns=all"
      )
