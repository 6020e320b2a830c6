"""Which copies of records are left out, as flags; data/cleaning/unique.py."""

import dataclasses

from absl import flags

from data import program


@dataclasses.dataclass(frozen=True)
class Settings:
  """Which copies are left out.

  Attributes:
    duplicates: "drop" or "keep" records whose texts are another's.
    near_duplicates: the least Jaccard similarity of near copies; 0 keeps them.
    not_in: folders of data sets whose records are left out.
  """

  duplicates: str = "drop"
  near_duplicates: float = 0.0
  not_in: tuple[str, ...] = ()


def define() -> None:
  """Defines the flags."""
  flags.DEFINE_enum(
    "duplicates", "drop", ["drop", "keep"], "Records that repeat another."
  )
  flags.DEFINE_float(
    "near_duplicates",
    0.0,
    "The share of words from which on records are near copies, as in 0.8; 0 "
    "keeps them.",
    0,
    1,
  )
  flags.DEFINE_list("not_in", [], "Data sets whose records are left out.")


def read() -> Settings:
  """What the flags say.

  Raises:
    program.BadInput: if near copies go and copies stay.
  """
  given = flags.FLAGS
  if given.near_duplicates and given.duplicates == "keep":
    raise program.BadInput(
      f"--near_duplicates={given.near_duplicates} beside --duplicates=keep: "
      "copies are near copies too; leave one of the two out"
    )
  return Settings(given.duplicates, given.near_duplicates, tuple(given.not_in))
