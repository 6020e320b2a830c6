"""Makes the batches of small mixtures, as a run makes those of its config."""

import pathlib
from typing import Any

from data import faults as faults_lib
from data import gather
from data import layout as layout_lib
from data import loader
from data import mixture
from data import options
from data import targets
from data import tokens
from data import vectors


def batches(
  text: str,
  tokenizer_folder: pathlib.Path,
  *,
  size: int = 16,
  slots: str = "",
  seed: int = 3,
  steps: int = 20,
  kind: str = "text",
  defaults: options.Options = options.PLAIN,
  faults: faults_lib.Faults | None = None,
  order: dict[str, Any] | None = None,
  teacher: str = "",
  **layout: Any,
) -> loader.Batches:
  """The batches of the mixture that `text` says.

  Args:
    text: as `mixture.open_mixture` takes it.
    tokenizer_folder: the tokenizer, which cuts at 32 tokens.
    size, layout: of `layout.Layout`.
    slots, seed, steps, order: of `loader.Batches`.
    kind, faults: of `gather.open_source`.
    defaults: of the data sets.
    teacher: the vectors' name, in the data sets that have some; "" for none.
  """
  opened = mixture.open_mixture(text, defaults=defaults)
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=32)
  negatives = max(options.negatives for options in opened.options)
  taught = [
    vectors.Vectors(data_set, teacher)
    if teacher and vectors.available(data_set, teacher)
    else None
    for data_set in opened.data_sets
  ]
  shape = layout_lib.Layout(
    size=size,
    max_length=32,
    negatives=negatives,
    target_width=targets.width_of(taught),
    **layout,
  )
  return loader.Batches(
    opened,
    gather.open_source(kind, opened, tokenizer, shape.columns, faults, taught),
    shape,
    datasets_per_batch=slots,
    seed=seed,
    steps=steps,
    **(order or {}),
  )
