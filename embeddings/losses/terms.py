"""The losses of a run: each of some data sets, with a weight, in one step."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from embeddings import towers
from embeddings.losses import blockwise
from embeddings.losses import pairs as pairs_lib

_PLACE = "loss"  # of learned numbers among the parameters


@dataclasses.dataclass(frozen=True)
class Term:
  """A loss of the pairs of some data sets.

  Attributes:
    name: in reports and among the parameters; no two have the same.
    loss: over these pairs.
    weight: of it in the sum.
    objectives: the numbers in `Batch.objective` of the pairs that it is of.
    widths: how many of the first numbers of a vector are to be good vectors as
      well, each with a loss of its own (Matryoshka: Kusupati et al. 2022,
      arXiv 2205.13147); empty for the whole vector alone.
    width_weights: of these in the sum; 1 each if empty.
  """

  name: str
  loss: pairs_lib.LossFunction
  weight: float = 1.0
  objectives: tuple[int, ...] = (0,)
  widths: tuple[int, ...] = ()
  width_weights: tuple[float, ...] = ()

  def __call__(
    self,
    learned: pairs_lib.Learned,
    similarity: str,
    spread: blockwise.Spread,
    pairs: pairs_lib.Pairs,
  ) -> pairs_lib.Loss:
    """The loss, not yet times its weight; `vectors` are raw."""
    whole = pairs.vectors.shape[-1]
    widths = self.widths or (whole,)
    weights = self.width_weights or (1.0,) * len(widths)
    value, accuracy = jnp.zeros(()), jnp.full((), jnp.nan)
    for width, weight in sorted(zip(widths, weights, strict=True)):
      seen = pairs._replace(vectors=pairs.vectors[..., :width])
      if similarity == "cosine" and self.loss.vectors == "compared":
        seen = seen._replace(
          vectors=towers.normalise(seen.vectors),
          target=towers.normalise(seen.target),
        )
      found = self.loss(seen, learned, spread)
      value, accuracy = value + weight * found.value, found.accuracy
    return pairs_lib.Loss(value, accuracy)


class Total(NamedTuple):
  """The sum of a run's losses, and what is worth reporting of each."""

  value: jax.Array  # []
  accuracy: jax.Array  # [], of the first loss that has one; else nan
  # Where there are several, "loss/NAME", nan where the batch has no pair of it;
  # "scale/NAME" where one is learned.
  details: dict[str, jax.Array]  # []


def total(
  terms: Sequence[Term],
  pairs: pairs_lib.Pairs,
  objective: jax.Array,  # int32 [B]
  params: Mapping[str, Any],
  *,
  similarity: str,
  spread: blockwise.Spread = blockwise.ONE_DEVICE,
) -> Total:
  """The losses of a batch, each averaged over its own pairs.

  Args:
    terms: the losses.
    pairs: of the whole batch, with vectors as the model gives them.
    objective: of each pair.
    params: the parameters, with those of the losses among them.
    similarity: "cosine" or "dot".
    spread: over which devices.
  """
  value, accuracy = jnp.zeros(()), jnp.full((), jnp.nan)
  details: dict[str, jax.Array] = {}
  every = {number for term in terms for number in term.objectives}
  for term in terms:
    learned = params.get(place(term), term.loss.learned())
    run = functools.partial(term, learned, similarity, spread)
    own = jnp.isin(objective, jnp.array(term.objectives))
    if set(term.objectives) == every:
      found = run(pairs)
    else:  # Batches without its pairs do not pay for it.
      found = jax.lax.cond(own.any(), run, _nothing, pairs._replace(own=own))
    value += term.weight * found.value
    accuracy = jnp.where(jnp.isnan(accuracy), found.accuracy, accuracy)
    if len(terms) > 1:
      details[f"loss/{term.name}"] = jnp.where(own.any(), found.value, jnp.nan)
    if "log_scale" in learned:
      details[f"scale/{term.name}"] = jnp.exp(learned["log_scale"])
  return Total(value, accuracy, details)


def learned(terms: Sequence[Term]) -> dict[str, dict[str, jax.Array]]:
  """The parameters of the losses as they begin, by module."""
  found = {place(term): term.loss.learned() for term in terms}
  return {
    name: {key: jnp.float32(value) for key, value in numbers.items()}
    for name, numbers in found.items()
    if numbers
  }


def ceilings(terms: Sequence[Term]) -> dict[str, float]:
  """The greatest scale of each loss that learns one, by module."""
  most = {place(term): getattr(term.loss, "max_scale", 0.0) for term in terms}
  return {name: ceiling for name, ceiling in most.items() if ceiling}


def place(term: Term) -> str:
  """The module of a loss's parameters."""
  return f"{_PLACE}/{term.name}"


def learned_of(params: Mapping[str, Any]) -> dict[str, Any]:
  """What losses have learned, among the parameters of a run."""
  return {k: dict(v) for k, v in params.items() if k.startswith(f"{_PLACE}/")}


def _nothing(pairs: pairs_lib.Pairs) -> pairs_lib.Loss:
  """The loss of a batch without its pairs."""
  del pairs
  return pairs_lib.Loss.of(jnp.zeros(()))
