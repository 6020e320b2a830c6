"""The losses by the names that configs choose them by."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from data import program
from embeddings.losses import contrastive
from embeddings.losses import distillation
from embeddings.losses import pairs
from embeddings.losses import scored
from embeddings.losses import sigmoid
from embeddings.losses import triplet

LOSSES: dict[str, Any] = {
  "in_batch": contrastive.InBatch,
  "sigmoid": sigmoid.Sigmoid,
  "triplet": triplet.Triplet,
  "cosent": scored.CoSent,
  "angle": scored.Angle,
  "cosine": scored.Cosine,
  "margin_mse": distillation.MarginMse,
  "kl": distillation.Divergence,
  "vector_mse": distillation.VectorMse,
}


def make(name: str, settings: Mapping[str, Any]) -> pairs.LossFunction:
  """A loss by its name.

  Args:
    name: a key of LOSSES.
    settings: fields of the loss; what is not given is as it is by default.

  Raises:
    program.BadInput: names the loss, the setting that it has not or the value
      that it cannot take, and what it has.
  """
  if name not in LOSSES:
    raise program.BadInput(
      f"the loss {name!r} is not known; wanted one of {', '.join(LOSSES)}"
    )
  known = [field.name for field in dataclasses.fields(LOSSES[name])]
  for key, value in settings.items():
    if key not in known:
      raise program.BadInput(
        f"the loss {name} has no {key} (found {key}={value!r}); it has "
        f"{', '.join(known) or 'no settings'}"
      )
  try:
    return LOSSES[name](**settings)
  except program.BadInput as error:
    raise program.BadInput(f"the loss {name}: {error}") from error
