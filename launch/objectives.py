"""The losses that a config and its mixture describe, and what they want.

A loss is that of the config, `config.loss`, or one that a data set of a
mixture file names itself: `"loss": "cosent"`, `"loss": {"name": "in_batch",
"scale": 50}`, or a list of these, whose sum it is.
"""

import dataclasses
import itertools
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from data import mixture as mixture_lib
from data import program
from embeddings import towers
from embeddings.losses import pairs
from embeddings.losses import table
from embeddings.losses import terms as terms_lib

Config = Any  # the `loss` of a ConfigDict, known at run time only
_OF_TERM = ("name", "weight", "widths", "width_weights")
_WITH_NEGATIVES = ("triplets", "scored_triplets")


@dataclasses.dataclass(frozen=True)
class Objectives:
  """The losses of a run.

  Attributes:
    terms: each loss once.
    of_data_set: the number of each data set's objective, see `Batch.objective`.
  """

  terms: tuple[terms_lib.Term, ...]
  of_data_set: tuple[int, ...]

  def of(self, data_set: int) -> list[terms_lib.Term]:
    """The losses of a data set."""
    number = self.of_data_set[data_set]
    return [term for term in self.terms if number in term.objectives]

  def wants_vectors(self, data_set: int) -> bool:
    """Whether a data set's losses want a teacher's vectors."""
    return any(term.loss.of_teacher == "vectors" for term in self.of(data_set))


def find(
  config: Config,
  mixture: mixture_lib.Mixture,
  known: Sequence[terms_lib.Term] = (),
) -> Objectives:
  """The losses of a run.

  Args:
    config: `loss` of a config.
    mixture: whose data sets may have losses of their own.
    known: losses that have their names already, and maybe numbers that they
      have learned; one that is the same is known by that name.

  Raises:
    program.BadInput: names the data set, the loss, the setting and the remedy.
  """
  default = _given(config)
  described = [
    json.loads(options.loss) if options.loss else [default]
    for options in mixture.options
  ]
  keys = [json.dumps(one, sort_keys=True) for one in described]
  numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
  members: dict[str, list[int]] = {}
  for key, number in numbers.items():
    for one in json.loads(key):
      members.setdefault(json.dumps(one, sort_keys=True), []).append(number)
  found: list[terms_lib.Term] = []
  for key, of in members.items():
    term = _term(json.loads(key), tuple(dict.fromkeys(of)))
    name = _known_as(term, known)
    name = name or _free(term.name, {one.name for one in (*known, *found)})
    found.append(dataclasses.replace(term, name=name))
  return Objectives(tuple(found), tuple(numbers[key] for key in keys))


def check(
  objectives: Objectives,
  mixture: mixture_lib.Mixture,
  model: towers.ModelConfig,
) -> None:
  """Checks that losses, data sets and model fit together.

  Raises:
    program.BadInput: names the data set, the loss and the remedy.
  """
  for index, name in enumerate(mixture.names):
    kind = mixture.data_sets[index].manifest.kind
    negatives = mixture.options[index].negatives
    for term in objectives.of(index):
      wrong = _unfit(term.loss, kind, negatives, model)
      if wrong:
        raise program.BadInput(
          f"data set {name!r} of {kind} and the loss {term.name}: {wrong}"
        )
  for term in objectives.terms:
    _check_widths(term, model)


def _unfit(
  loss: pairs.LossFunction,
  kind: str,
  negatives: int,
  model: towers.ModelConfig,
) -> str:
  """Why a loss cannot learn from a data set of a kind; empty if it can."""
  if kind not in loss.kinds:
    if kind in _WITH_NEGATIVES and "pairs" in loss.kinds:
      if not negatives:
        return ""  # Those that there are do not come into the batch.
      return "it takes no negatives; set negatives=0 for the data set"
    return f"it learns from {', '.join(loss.kinds)}; give it such a data set"
  if "pairs" not in loss.kinds and kind in _WITH_NEGATIVES and not negatives:
    return "it needs negatives; set negatives=1 or more for the data set"
  if loss.of_teacher == "scores" and kind != "scored_triplets":
    return (
      "the data set has no teacher's scores; write it as scored_triplets, or "
      "set teacher=vectors"
    )
  if kind == "grouped" and getattr(loss, "positives", "group") != "group":
    return (
      "a query has several positives and the loss takes one; set "
      "positives=group, or write the data set as pairs"
    )
  encoder = model.encoder
  dropout = encoder.dropout or encoder.attention_dropout
  if kind == "texts" and loss.vectors == "compared" and not dropout:
    return (
      "a text and itself differ by dropout alone, which is 0; set "
      "--config.model.encoder.dropout=0.1"
    )
  return ""


def _known_as(term: terms_lib.Term, known: Sequence[terms_lib.Term]) -> str:
  """The name of a known term of the same loss, best of all else too; or ""."""
  same = [one for one in known if one.loss == term.loss]
  alike = dataclasses.replace(term, name="", objectives=())
  same.sort(
    key=lambda one: dataclasses.replace(one, name="", objectives=()) != alike
  )
  return same[0].name if same else ""


def _given(config: Config) -> dict[str, Any]:
  """What a config says of its loss."""
  settings = {k: v for k, v in config.to_dict().items() if v is not None}
  if settings.get("weight") == 1.0:
    del settings["weight"]
  for name in ("widths", "width_weights"):
    if not settings[name]:
      del settings[name]
  return settings


def _term(
  given: Mapping[str, Any], objectives: tuple[int, ...]
) -> terms_lib.Term:
  """The loss that is described."""
  settings = {k: v for k, v in given.items() if k not in _OF_TERM}
  name, weight = given.get("name"), given.get("weight", 1.0)
  if not isinstance(name, str):
    raise program.BadInput(
      f"the loss {dict(given)} has no name; wanted one of "
      f"{', '.join(table.LOSSES)}"
    )
  number = isinstance(weight, int | float) and not isinstance(weight, bool)
  if not number or not 0 < weight < math.inf:
    raise program.BadInput(
      f"the loss {name} has weight {weight!r}; wanted a number above 0"
    )
  return terms_lib.Term(
    name=name,
    loss=table.make(name, settings),
    weight=float(weight),
    objectives=objectives,
    widths=_numbers(given, "widths"),
    width_weights=_numbers(given, "width_weights"),
  )


def _numbers(given: Mapping[str, Any], key: str) -> tuple[Any, ...]:
  """A list of a loss that is described; empty if it has none."""
  found = given.get(key, ())
  if not isinstance(found, list | tuple):
    raise program.BadInput(
      f"the loss {given['name']} has {key} {found!r}; wanted a list of numbers"
    )
  return tuple(found)


def _check_widths(term: terms_lib.Term, model: towers.ModelConfig) -> None:
  """Raises BadInput unless the widths are ones that a vector can be cut to."""
  widths, weights = term.widths, term.width_weights
  if not widths and not weights:
    return
  if term.loss.vectors == "raw":
    raise program.BadInput(
      f"the loss {term.name} has widths {widths} and learns a teacher's whole "
      "vectors; leave widths out"
    )
  fits = all(isinstance(w, int) and 0 < w <= model.width for w in widths)
  if not fits or len(set(widths)) < len(widths):
    raise program.BadInput(
      f"the loss {term.name} has widths {widths}; wanted different whole "
      f"numbers from 1 to {model.width}, the model's width"
    )
  positive = all(
    isinstance(w, int | float) and 0 < w < math.inf for w in weights
  )
  if weights and (not positive or len(weights) != len(widths)):
    raise program.BadInput(
      f"the loss {term.name} has width_weights {weights} for widths {widths}; "
      "wanted a number above 0 for each, or none for 1 each"
    )


def _free(name: str, taken: Collection[str]) -> str:
  """The name, with a number where it is taken."""
  names = itertools.chain([name], (f"{name}_{n}" for n in itertools.count(2)))
  return next(one for one in names if one not in taken)
