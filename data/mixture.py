"""Which data sets a run draws from, in which proportion, and how.

A mixture is written `FOLDER[=WEIGHT],...`, or stands in a JSON file: a list
with an object for each data set,

    [{"folder": "faq", "weight": 3},
     {"folder": "titles", "weight": 1.5, "max_epochs": 2, "swap": 0.5,
      "prompts": {"query": "query: ", "document": "passage: "},
      "negatives": 4, "choose_negatives": "random",
      "loss": {"name": "cosent", "scale": 10}}]

Folders are beside the file, or below a root that is given. The file that the
2021 project trained with, data_config.json with `name`, `lines` and `weight`,
is such a list: a name without its .jsonl.gz is the folder, and the lines count
where there is no folder, as in a preview. What a data set does not say, it has
from the config. A `loss` is a name, an object with a name, or a list of those.
"""

import dataclasses
import json
import pathlib
from typing import Any

from data import manifest
from data import options as options_lib
from data import program
from data import records
from data import shares

_SUFFIX = ".jsonl.gz"


@dataclasses.dataclass(frozen=True)
class Entry:
  """A data set as a mixture names it; it need not be there.

  Attributes:
    name: in reports; no two have the same.
    folder: of the data set.
    weight: as it was given.
    records: how many it holds.
    options: how its records become pairs.
  """

  name: str
  folder: pathlib.Path
  weight: float
  records: int
  options: options_lib.Options


@dataclasses.dataclass(frozen=True)
class Mixture:
  """Data sets in the order given, and their whole-number weights.

  Attributes:
    entries: as they were written.
    weights: whole numbers; see data/shares.py.
    data_sets: open for reading; none where the mixture was only planned.
  """

  entries: tuple[Entry, ...]
  weights: tuple[int, ...]
  data_sets: tuple[records.DataSet, ...] = ()

  @property
  def names(self) -> tuple[str, ...]:
    """The data sets' names."""
    return tuple(entry.name for entry in self.entries)

  @property
  def sizes(self) -> tuple[int, ...]:
    """Records in each data set."""
    return tuple(entry.records for entry in self.entries)

  @property
  def options(self) -> tuple[options_lib.Options, ...]:
    """How each data set's records become pairs."""
    return tuple(entry.options for entry in self.entries)


def open_mixture(
  text: str,
  *,
  root: str = "",
  temperature: float = 0.0,
  defaults: options_lib.Options = options_lib.PLAIN,
) -> Mixture:
  """A mixture with its data sets opened; see `plan` for the arguments.

  Raises:
    program.BadInput: for what `plan` refuses, and a folder that is no data set.
  """
  planned = plan(text, root=root, temperature=temperature, defaults=defaults)
  return dataclasses.replace(
    planned,
    data_sets=tuple(records.DataSet(e.folder) for e in planned.entries),
  )


def plan(
  text: str,
  *,
  root: str = "",
  temperature: float = 0.0,
  defaults: options_lib.Options = options_lib.PLAIN,
) -> Mixture:
  """What a mixture says, without opening its data sets.

  Args:
    text: `FOLDER[=WEIGHT],...` or a JSON file.
    root: the folder that a file's folders are below; empty for the file's own.
    temperature: see `shares.tempered`.
    defaults: of data sets that do not say otherwise.

  Raises:
    program.BadInput: for an empty mixture, a weight that is no positive
      number, a name that stands twice, an option that is none, or a data set
      that is not there and whose lines are not given.
  """
  if text.strip().endswith(".json"):
    entries = _read_file(pathlib.Path(text.strip()), root, defaults)
  else:
    folders = [_parse(entry) for entry in text.split(",") if entry.strip()]
    entries = [
      _entry({"folder": folder, "weight": weight}, pathlib.Path(), defaults)
      for folder, weight in folders
    ]
  if not entries:
    raise program.BadInput(
      "the mixture is empty; name data set folders, as in "
      "--config.data.train=FOLDER,FOLDER=2"
    )
  names = [entry.name for entry in entries]
  twice = sorted({name for name in names if names.count(name) > 1})
  if twice:
    raise program.BadInput(
      f"the data set name {twice[0]!r} stands twice in the mixture; name each "
      "once, with the sum of its weights"
    )
  for entry in entries:
    shares.check(entry.weight, entry.name)
  sizes = [entry.records for entry in entries]
  weights = [entry.weight for entry in entries]
  return Mixture(
    tuple(entries),
    shares.integer_weights(shares.tempered(weights, sizes, temperature), names),
  )


def _read_file(
  path: pathlib.Path, root: str, defaults: options_lib.Options
) -> list[Entry]:
  """The data sets of a JSON file."""
  try:
    content = json.loads(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    raise program.BadInput(
      f"cannot read the mixture {path} ({error}); wanted a JSON file with a "
      "list of data sets, or FOLDER=WEIGHT,..."
    ) from error
  if not isinstance(content, list) or not all(
    isinstance(fields, dict) for fields in content
  ):
    raise program.BadInput(
      f"the mixture {path} holds no list of objects; wanted "
      '[{"folder": "FOLDER", "weight": 1}, ...]'
    )
  base = pathlib.Path(root) if root else path.parent
  entries = []
  for number, fields in enumerate(content, 1):
    try:
      entries.append(_entry(fields, base, defaults))
    except program.BadInput as error:
      raise program.BadInput(f"data set {number} of {path}: {error}") from error
  return entries


def _entry(
  fields: dict[str, Any], base: pathlib.Path, defaults: options_lib.Options
) -> Entry:
  """One data set, its options checked."""
  fields = dict(fields)
  name, folder = fields.pop("name", ""), fields.pop("folder", "")
  weight, lines = fields.pop("weight", 1.0), fields.pop("lines", None)
  if not all(isinstance(text, str) for text in (name, folder)) or not (
    name or folder
  ):
    raise program.BadInput(
      f"it has folder {folder!r} and name {name!r}; give one of them"
    )
  name = name.removesuffix(_SUFFIX)
  place = base / (folder or name)
  options = options_lib.read(fields, defaults)
  if (place / manifest.FILE).exists() or lines is None:
    found = manifest.read(place)
    options = options_lib.of_kind(options, found.kind)
    return Entry(name or found.name, place, weight, found.records, options)
  if not isinstance(lines, int) or lines < 1:
    raise program.BadInput(f"it has lines {lines!r}; wanted how many it holds")
  return Entry(name or folder, place, weight, lines, options)


def _parse(entry: str) -> tuple[str, float]:
  """Folder and weight of `FOLDER[=WEIGHT]`."""
  folder, equals, weight = entry.strip().partition("=")
  if not equals:
    return folder, 1.0
  try:
    return folder, float(weight)
  except ValueError:
    raise program.BadInput(
      f"the weight in {entry.strip()!r} is not a number; write FOLDER=WEIGHT"
    ) from None
