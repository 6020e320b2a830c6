"""The rules of cleaning as flags, the same in every program that has them."""

import dataclasses

from absl import flags

from data.cleaning import languages
from data.cleaning import rules as rules_lib

Rules = rules_lib.Rules


def define() -> None:
  """Defines a flag for each rule."""
  flags.DEFINE_integer("min_chars", 1, "Fewest characters of a text.", 1)
  flags.DEFINE_integer("max_chars", 100_000, "Most characters of a text.", 1)
  flags.DEFINE_integer("min_tokens", 0, "Fewest tokens of a text.", 0)
  flags.DEFINE_integer("max_tokens", 0, "Most tokens; 0 for no limit.", 0)
  flags.DEFINE_string(
    "tokenizer", "", "A folder with the tokenizer that counts; else words do."
  )
  flags.DEFINE_list(
    "languages", [], "Codes of the languages wanted, as in en,de; none: all."
  )
  flags.DEFINE_float(
    "min_confidence", 0.8, "From which on another language counts.", 0, 1
  )
  flags.DEFINE_enum(
    "urls", "keep", rules_lib.CHOICES, "Keep them, strip them, or drop records."
  )
  flags.DEFINE_float(
    "max_url_share", 0.0, "With --urls=drop: of a text's characters.", 0, 1
  )
  flags.DEFINE_enum(
    "markup", "keep", rules_lib.CHOICES, "Of HTML, wikis and Markdown."
  )
  flags.DEFINE_list(
    "decontaminate", [], "Evaluation folders, as FOLDER or FOLDER@test."
  )
  flags.DEFINE_integer(
    "ngram", 13, "So many words of an evaluation in a row; 0: whole texts.", 0
  )


def read() -> Rules:
  """The rules that the flags ask for.

  Raises:
    program.BadInput: if no text could pass them, or a language is not known.
  """
  given = {}
  for field in dataclasses.fields(Rules):
    value = getattr(flags.FLAGS, field.name)
    given[field.name] = tuple(value) if isinstance(value, list) else value
  rules = Rules(**given)
  rules.check()
  # Before hours go into parsing.
  languages.judge(rules.languages, rules.min_confidence)
  return rules
