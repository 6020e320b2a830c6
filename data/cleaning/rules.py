"""What the rules of cleaning are set to; data/cleaning/cleaner.py has them."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from data import program

CHOICES = ("keep", "strip", "drop")


@dataclasses.dataclass(frozen=True)
class Rules:
  """Which texts may stand in a record, and what is taken out of them.

  Attributes:
    min_chars: fewest characters of a text, spaces around it not counted.
    max_chars: most characters of a text.
    min_tokens: fewest tokens of a text.
    max_tokens: most tokens of a text; 0 for no limit.
    tokenizer: a folder whose tokenizer cuts texts into tokens; "" for words
      between spaces.
    languages: the codes (ISO 639-1) of those that texts may be in; none: all.
    min_confidence: how likely another language must be to drop a text, 0 to 1.
    urls: what becomes of them: they stay, are stripped, or drop the record.
    max_url_share: with `drop`, the most of a text's characters that may belong
      to URLs.
    markup: what becomes of HTML tags and of the marks of wikis and Markdown.
    decontaminate: folders of evaluations, FOLDER or FOLDER@SPLIT, whose texts
      may not be in a data set.
    ngram: as many words in a row, in common with a text of an evaluation, drop
      a record; 0 for whole texts alone.
  """

  min_chars: int = 1
  max_chars: int = 100_000
  min_tokens: int = 0
  max_tokens: int = 0
  tokenizer: str = ""
  languages: tuple[str, ...] = ()
  min_confidence: float = 0.8
  urls: str = "keep"
  max_url_share: float = 0.0
  markup: str = "keep"
  decontaminate: tuple[str, ...] = ()
  ngram: int = 13

  def check(self) -> None:
    """Raises BadInput if no text could pass, or a value is none of the known.

    Raises:
      program.BadInput: names the flag.
    """
    for low, high in (("min_chars", "max_chars"), ("min_tokens", "max_tokens")):
      least, most = getattr(self, low), getattr(self, high)
      if least < 0 or most < 0:
        raise program.BadInput(
          f"--{low}={least} --{high}={most}: wanted numbers from 0 on"
        )
      if least > most and (most or high == "max_chars"):
        raise program.BadInput(
          f"--{low}={least} is more than --{high}={most}, so that no text "
          "fits; lower it"
        )
    for name in ("urls", "markup"):
      if getattr(self, name) not in CHOICES:
        raise program.BadInput(
          f"--{name}={getattr(self, name)}: wanted one of {', '.join(CHOICES)}"
        )
    for name in ("min_confidence", "max_url_share"):
      if not 0 <= getattr(self, name) <= 1:
        raise program.BadInput(
          f"--{name}={getattr(self, name)}: wanted a share from 0 to 1"
        )
    if self.ngram < 0:
      raise program.BadInput(
        f"--ngram={self.ngram}: wanted words in a row, or 0 for none"
      )

  def as_dict(self) -> dict[str, Any]:
    """The settings as JSON has them, for manifests."""
    found = dataclasses.asdict(self)
    return {
      name: list(value) if isinstance(value, tuple) else value
      for name, value in found.items()
    }

  @classmethod
  def of(cls, settings: Mapping[str, Any]) -> "Rules":
    """The rules that `as_dict` gave.

    >>> Rules.of(Rules(languages=("en",)).as_dict()).languages
    ('en',)
    """
    values: dict[str, Any] = {
      name: tuple(value) if isinstance(value, list) else value
      for name, value in settings.items()
    }
    return cls(**values)
