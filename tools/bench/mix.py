"""Real pairs as the batches that two trainers are given, in both their forms.

The data sets below a folder (`NAME/pairs.jsonl.gz`) are mixed evenly and drawn,
cut and packed by the loader that training has. The other form is what
sentence-transformers' data collator makes of the same texts: queries and
documents, each padded to their longest.
"""

import pathlib
from typing import NamedTuple

import numpy as np

from data import batch as batch_lib
from data import gather
from data import layout as layout_lib
from data import loader
from data import mixture as mixture_lib
from data import program
from data import tokens
from tools.bench import corpus

_FILE = "pairs.jsonl.gz"
_SHAPES = 10  # as many as a config's
_RUN_STEPS = 100_000  # shapes are chosen for a run, of which this is the start


class Column(NamedTuple):
  """One side of a batch's pairs, padded to its longest text."""

  ids: np.ndarray  # int64 [B, longest], 0 in padding
  mask: np.ndarray  # int64 [B, longest], 1 where a token is real


class Work(NamedTuple):
  """The same batches in two forms.

  Attributes:
    packed: what our step takes.
    padded: queries and documents, what sentence-transformers' loss takes.
    layout: of the packed ones.
  """

  packed: list[batch_lib.Batch]
  padded: list[tuple[Column, Column]]
  layout: layout_lib.Layout

  @property
  def tokens(self) -> list[int]:
    """Real tokens of each batch."""
    return [
      sum(int(column.mask.sum()) for column in columns)
      for columns in self.padded
    ]

  @property
  def slots(self) -> dict[str, int]:
    """Tokens with padding of all batches, by form."""
    return {
      "packed": sum(s.text.size for batch in self.packed for s in batch.sides),
      "padded": sum(c.ids.size for columns in self.padded for c in columns),
    }


def open_mixture(
  data: str, out: pathlib.Path, most: int
) -> mixture_lib.Mixture:
  """The pairs below a folder, a data set of each file, weighted evenly.

  Args:
    data: where the files of pairs are.
    out: takes the data sets.
    most: pairs of each file; 0 for all.

  Raises:
    program.BadInput: if there are none.
  """
  paths = sorted(pathlib.Path(data).rglob(_FILE))
  if not paths:
    raise program.BadInput(
      f"--data={data} has no file named {_FILE}; wanted one in it, or in each "
      "of the folders below it"
    )
  pairs = corpus.read(paths, most)
  folders = [corpus.write(out / name, found) for name, found in pairs.items()]
  evenly = [1.0] * len(folders)
  return corpus.open_mixture(out / "even.json", list(pairs), folders, evenly)


def make(
  mixture: mixture_lib.Mixture,
  tokenizer: tokens.Tokenizer,
  *,
  size: int,
  count: int,
  datasets_per_batch: str,
) -> Work:
  """The first batches of a run.

  Args:
    mixture: open data sets.
    tokenizer: cuts their texts.
    size: B, pairs a batch.
    count: how many batches.
    datasets_per_batch: see `schedule.slots_of_a_batch`.
  """
  layout = layout_lib.Layout(size, tokenizer.max_length)

  def batches(layout: layout_lib.Layout) -> loader.Batches:
    return loader.Batches(
      mixture,
      gather.open_source("text", mixture, tokenizer, layout.columns),
      layout,
      datasets_per_batch=datasets_per_batch,
      seed=0,
      steps=_RUN_STEPS,
    )

  layout = batches(layout).choose_shapes(_SHAPES)
  source = batches(layout)
  return Work(
    [_apart(source[step]) for step in range(count)],
    [_pad(source.tokens(step)[1]) for step in range(count)],
    layout,
  )


def _apart(batch: batch_lib.Batch) -> batch_lib.Batch:
  """The batch as if no two texts were equal.

  Equal texts are no negatives of each other in our loss and are in
  sentence-transformers'; with hashes of their own they are in both, and the
  work is the same.
  """
  number = np.arange(batch.identity.size // 2, dtype=np.uint32)
  words = np.stack([number, number], axis=1)
  return batch._replace(identity=words.reshape(batch.identity.shape))


def _pad(found: batch_lib.Tokens) -> tuple[Column, Column]:
  """Queries and documents, padded."""
  return _column(found, 0), _column(found, 1)


def _column(found: batch_lib.Tokens, column: int) -> Column:
  """One side of a batch, padded to its longest text."""
  lengths = found.lengths[:, column]
  pairs = np.arange(len(lengths))
  mask = np.arange(lengths.max()) < lengths[:, None]
  ids = np.zeros(mask.shape, np.int64)
  ids[mask] = found.ids(pairs, np.full_like(pairs, column))
  return Column(ids, mask.astype(np.int64))
