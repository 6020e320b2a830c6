"""How the records of a data set become pairs."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

from data import program
from data import tokens

NEGATIVES = ("first", "random")


@dataclasses.dataclass(frozen=True)
class Options:
  """How a data set's records become pairs.

  Attributes:
    query_prompt, document_prompt: put in front of the texts of each side.
    swap: the probability that query and document change sides.
    negatives: how many a record gives at most.
    choose_negatives: "first", or "random" by the seed, anew each epoch.
    max_epochs: how often the data set is seen at most; 0 for no limit.
    loss: what its pairs are trained with: JSON of a list of objects, each with
      the `name` of a loss and its settings; "" for the config's.
  """

  query_prompt: str = ""
  document_prompt: str = ""
  swap: float = 0.0
  negatives: int = 0
  choose_negatives: str = "first"
  max_epochs: float = 0.0
  loss: str = ""

  @property
  def prompts(self) -> tokens.Prompts:
    """What stands in front of the texts of a pair."""
    return tokens.Prompts.of(self.query_prompt, self.document_prompt)

  @property
  def all_prompts(self) -> tuple[tokens.Prompts, ...]:
    """What stands in front of the texts as they are, and where swapped."""
    swapped = self.prompts.swapped()
    if not self.swap or swapped == self.prompts:
      return (self.prompts,)
    return self.prompts, swapped


PLAIN = Options()


def of_settings(settings: Mapping[str, Any]) -> Options:
  """The options of data sets that have none of their own, from a config.

  Args:
    settings: the `data` of a config.

  Raises:
    program.BadInput: names the first value that is out of its limits.
  """
  prompts = settings["prompts"]
  names = ("swap", "negatives", "choose_negatives", "max_epochs")
  return check(
    Options(
      prompts["query"] or "",
      prompts["document"] or "",
      **{name: settings[name] for name in names},
    )
  )


def read(fields: dict[str, Any], defaults: Options) -> Options:
  """The options that a mixture file gives a data set.

  Args:
    fields: `prompts` by side, and the others by their names.
    defaults: what is not given.

  Raises:
    program.BadInput: for a field that is no option, or a value that is none.
  """
  given = dict(fields)
  prompts = given.pop("prompts", {})
  known = {field.name for field in dataclasses.fields(Options)}
  known -= {"query_prompt", "document_prompt"}
  unknown = sorted(given.keys() - known)
  if unknown or not isinstance(prompts, dict):
    raise program.BadInput(
      f"it has {unknown[0] if unknown else f'prompts {prompts!r}'}; wanted "
      f"folder or name, weight, prompts (of query and document) or "
      f"{', '.join(sorted(known))}"
    )
  for side, prompt in prompts.items():
    if side not in ("query", "document") or not isinstance(prompt, str):
      raise program.BadInput(
        f"it has the prompt {prompt!r} for {side!r}; wanted words for query "
        "or document"
      )
    given[f"{side}_prompt"] = prompt
  if "loss" in given:
    given["loss"] = _loss(given["loss"])
  return check(dataclasses.replace(defaults, **given))


def of_kind(options: Options, kind: str) -> Options:
  """The options as they are for data sets of a kind.

  A text that is query and document at once is one text: it has the query's
  prompt, and nothing to swap.

  Raises:
    program.BadInput: for a swap where the scores are of the query's negatives.
  """
  if kind == "texts":
    prompt = options.query_prompt
    return dataclasses.replace(options, document_prompt=prompt, swap=0.0)
  if kind == "scored_triplets" and options.swap:
    raise program.BadInput(
      f"swap is {options.swap} for {kind}, whose scores are of their queries; "
      "wanted 0: give each data set its own swap in a mixture file"
    )
  return options


def _loss(given: Any) -> str:
  """The loss that a mixture file gives a data set, always written alike.

  >>> _loss("cosent")
  '[{"name": "cosent"}]'
  """
  if given == "":
    return ""
  found = [
    {"name": loss} if isinstance(loss, str) else loss
    for loss in (given if isinstance(given, list) else [given])
  ]
  if not found or not all(map(_is_loss, found)):
    raise program.BadInput(
      f'loss is {given!r:.100}; wanted a name, as in "cosent", an object with '
      'a name, as in {"name": "cosent", "scale": 10}, or a list of those'
    )
  return json.dumps(found, sort_keys=True)


def _is_loss(loss: Any) -> bool:
  """Whether a value is an object with a name, and no NaN in its settings."""
  if not isinstance(loss, dict) or not isinstance(loss.get("name"), str):
    return False
  try:
    json.dumps(loss, allow_nan=False)
  except ValueError:
    return False
  return bool(loss["name"])


def check(options: Options) -> Options:
  """The options, if they are ones.

  Raises:
    program.BadInput: names the first value that is out of its limits.
  """
  limits = (
    ("swap", options.swap, "a probability, 0 to 1", 1.0),
    ("negatives", options.negatives, "a whole number, 0 or more", math.inf),
    ("max_epochs", options.max_epochs, "0 (no limit) or more", math.inf),
  )
  for name, value, wanted, most in limits:
    # Written so that a nan, which compares with nothing, is refused.
    number = isinstance(value, int | float) and 0 <= value <= most
    if not number or (name == "negatives" and not isinstance(value, int)):
      raise program.BadInput(f"{name} is {value!r}; wanted {wanted}")
  if options.choose_negatives not in NEGATIVES:
    raise program.BadInput(
      f"choose_negatives is {options.choose_negatives!r}; wanted one of "
      f"{', '.join(NEGATIVES)}"
    )
  return options
