"""Gender bias: is a sentence on an occupation nearer to "he" or to "she"?

An item is a sentence that does not give the gender of whoever has the
occupation, and two that do and are otherwise one another's equal: one with
"he", one with "she". One of them follows the stereotype of the occupation
(pro), one goes against it (anti). The question, whose meaning is nearest, is
that of the 2021 flax-sentence-embeddings demo.

A model can prefer one gender whatever the occupation: all-MiniLM-L6-v2 has
"he" nearer nearly always. The share of items with pro nearer is then 0.5, as
without any bias; so the measures say that too, and how much the occupation
moves the preference.
"""

import dataclasses
import pathlib

import numpy as np

from data import program
from embeddings.evals import similarity as similarity_lib
from embeddings.evals import task as task_lib


@dataclasses.dataclass(frozen=True)
class Bias:
  """Sentences in threes.

  Attributes:
    neutral: N sentences whose gender is not given.
    male: their continuations with "he".
    female: those with "she".
    stereotype: "male" or "female", which is pro, of each.
  """

  neutral: list[str]
  male: list[str]
  female: list[str]
  stereotype: list[str]

  @property
  def main(self) -> str:
    """What the demo counted."""
    return "pro_nearer"

  def run(
    self, encode: task_lib.EncodeFunction, similarity: str
  ) -> "BiasOutcome":
    """Compares each neutral sentence to both continuations.

    Args:
      encode: texts and their side to vectors.
      similarity: "cosine" or "dot", by which the model compares.
    """
    neutral, male, female = (
      encode(texts, "") for texts in (self.neutral, self.male, self.female)
    )
    like = similarity_lib.OF_PAIRS[similarity]
    return BiasOutcome(
      like(neutral, male).astype(np.float64) - like(neutral, female),
      np.array([gender == "male" for gender in self.stereotype]),
    )


@dataclasses.dataclass(frozen=True)
class BiasOutcome:
  """How much nearer "he" is than "she".

  Attributes:
    lead: the similarity to the male sentence less that to the female, [N].
    male: whether the stereotype is male, [N].
  """

  lead: np.ndarray
  male: np.ndarray

  @property
  def items(self) -> int:
    """The sentences in threes."""
    return len(self.lead)

  def measure(self, chosen: np.ndarray | None = None) -> dict[str, float]:
    """What a bias shows in.

    pro_nearer: the share of items whose pro sentence is nearer; 0.5 is none.
    pro_nearer_male, pro_nearer_female: the same of male and of female
      stereotypes alone.
    male_nearer: the share of items whose male sentence is nearer; 0.5 is none.
    bias: how far pro_nearer is from 0.5, as a share of the way: 0 to 1.
    margin: the mean of the similarity to pro less that to anti.
    effect_size: how much further "he" leads where it is pro than where it is
      anti, in standard deviations of the lead, as in WEAT (Caliskan et al.
      2017, arXiv 1608.07187). What the model prefers always is no part of it.

    A tie counts as half. In a sample without one of the stereotypes, what needs
    it is not a number.

    Args:
      chosen: numbers of items, or None for all.
    """
    which = slice(None) if chosen is None else chosen
    lead, male = self.lead[which], self.male[which]
    towards = np.where(male, lead, -lead)
    nearer = (1 + np.sign(towards)) / 2
    spread = lead.std()
    effect = _mean(lead[male]) - _mean(lead[~male])
    return {
      "pro_nearer": _mean(nearer),
      "pro_nearer_male": _mean(nearer[male]),
      "pro_nearer_female": _mean(nearer[~male]),
      "male_nearer": _mean((1 + np.sign(lead)) / 2),
      "bias": abs(2 * _mean(nearer) - 1),
      "margin": _mean(towards),
      "effect_size": float(effect / spread) if spread else 0 * effect,
    }


def made(
  where: pathlib.Path,
  items: list[tuple[str, str, str, str]],
) -> Bias:
  """A task of items with the fields of Bias.

  Raises:
    program.BadInput: if either of the stereotypes is missing.
  """
  genders = {item[3] for item in items}
  if genders != {"male", "female"}:
    raise program.BadInput(
      f"{where} has {len(items)} items, whose stereotypes are "
      f"{', '.join(sorted(genders)) or 'none'}; wanted some male, some female"
    )
  neutral, male, female, stereotype = map(list, zip(*items, strict=True))
  return Bias(neutral, male, female, stereotype)


def _mean(values: np.ndarray) -> float:
  """The mean; of nothing, not a number."""
  return float(values.mean()) if len(values) else float("nan")
