"""Documentation and code of CodeSearchNet's files, in six languages.

    python -m data.sources.importers.codesearchnet --in=ruby.zip --out=runs/ruby

(Husain et al. 2019, arXiv 1909.09436.) Archives hold gzipped lines of JSON with
docstring, code, func_name, language and url; the hub's names for these are
known too. A pair is the documentation's first paragraph and the code without
it. The rules are those of the paper, each counted: documentation of at least 3
words (`short_documentation`), code of at least 3 lines (`short_code`), no tests
(`test`), no constructors and no methods such as __str__ and toString
(`standard_method`). What still has its documentation in its code is left out
(`documentation_in_code`). An origin is the URL of the code.
"""

import pathlib
import re
from collections.abc import Iterator

import msgspec

from data.sources import importing
from data.sources import line_rows
from data.sources import python_functions
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer

# Constructors, and what every class has.
_STANDARD = {
  *("constructor", "initialize", "init", "construct", "__construct"),
  *("tostring", "to_s", "hashcode", "equals", "clone", "finalize"),
}
# A string of Python where a docstring stands: behind the signature's colon.
_PYTHON_DOCSTRING = re.compile(
  r"""(:[ \t]*(?:\#[^\n]*)?\n)\s*[rRuUbB]{0,2}
  (?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')[ \t]*;?[ \t]*\n""",
  re.VERBOSE | re.DOTALL,
)
_TAGS = re.compile(r"<[^<>]{1,80}>|\{@\w+\s+([^{}]*)\}")


class _Function(msgspec.Struct):
  """A line."""

  documentation: str
  code: str
  name: str = ""
  language: str = ""
  url: str = ""
  split: str = ""


_ALIASES = {
  "documentation": ("docstring", "func_documentation_string"),
  "code": ("code", "func_code_string", "whole_func_string"),
  "name": ("func_name",),
  "language": ("language",),
  "url": ("url", "func_code_url"),
  "split": ("partition", "split_name"),
}


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  split = options["split"]

  def rows_of(number: int, values: dict[str, object]) -> Iterator[rows.Row]:
    try:
      function = _function(values)
    except ValueError as error:
      yield rows.Row(number, fault=str(error))
      return
    if function.split not in ("", split):
      yield rows.Row(number, dropped="other_split")
    else:
      yield _row(number, function)

  return line_rows.of_json(file, dict[str, object], rows_of)


def _function(values: dict[str, object]) -> _Function:
  """The function of a line.

  Raises:
    ValueError: says what is missing.
  """
  found = {}
  for name, aliases in _ALIASES.items():
    alias = next((alias for alias in aliases if alias in values), None)
    if alias is not None and isinstance(values[alias], str):
      found[name] = values[alias]
  try:
    return _Function(**found)
  except TypeError:
    has = ", ".join(list(values)[:12]) or "nothing"
    raise ValueError(f"has {has}; wanted docstring and code") from None


def _row(number: int, function: _Function) -> rows.Row:
  """The row of a function, or why there is none."""
  documentation = _first_paragraph(function.documentation)
  code = _without_docstring(function)
  reason = _refuse(function, documentation, code)
  if reason:
    return rows.Row(number, dropped=reason)
  return rows.Row(number, (documentation, code), origin=function.url)


def _refuse(function: _Function, documentation: str, code: str) -> str:
  """Why these texts make no pair; empty if they do."""
  name = re.split(r"[.:#]", function.name)[-1].lower()
  is_dunder = name.startswith("__") and name.endswith("__")
  owner = re.split(r"[.:#]", function.name.lower())[-2:-1]
  if "test" in name:
    return "test"
  if name in _STANDARD or (is_dunder and name) or [name] == owner:
    return "standard_method"
  if len(documentation.split()) < python_functions.MIN_WORDS:
    return "short_documentation"
  lines = sum(bool(line.strip()) for line in code.split("\n"))
  if lines < python_functions.MIN_LINES:
    return "short_code"
  if documentation in " ".join(code.split()):
    return "documentation_in_code"
  return ""


def _first_paragraph(docstring: str) -> str:
  """The first paragraph on one line, without tags."""
  text = _TAGS.sub(lambda tag: tag[1] or " ", docstring)
  return python_functions.summarise(text)


def _without_docstring(function: _Function) -> str:
  """The code without its documentation, which only Python has inside."""
  if function.language and function.language.lower() != "python":
    return function.code
  return _PYTHON_DOCSTRING.sub(r"\1", function.code, count=1)


IMPORTER = importer.Importer(
  name="codesearchnet",
  kinds={"pairs": ("documentation", "code")},
  wanted=("*_{split}_*.jsonl", "{split}.jsonl"),
  read=read,
  options=(
    importer.Option(
      "split", "train", "Which part.", ("train", "valid", "test")
    ),
  ),
  origin="url",
)


if __name__ == "__main__":
  importing.run(IMPORTER)
