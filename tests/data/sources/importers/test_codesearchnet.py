"""Tests of data/sources/importers/codesearchnet.py."""

import json
import pathlib

import pytest

from data.sources import raw
from data.sources import rows
from data.sources.importers import codesearchnet

_BODY = "  b = a + 1\n  return b\n"


def row_of(folder: pathlib.Path, **given: str) -> rows.Row:
  """The row of a function."""
  function = {
    "docstring": "Adds one to a number.",
    "code": f"def add(a):\n{_BODY}",
    "func_name": "add",
    "language": "python",
    "partition": "train",
    "url": "there",
  }
  path = folder / "t.jsonl"
  path.write_text(json.dumps(function | given))
  options = codesearchnet.IMPORTER.settings({}) | {"kind": "pairs"}
  (row,) = codesearchnet.read(raw.File(path), options, folder)
  return row


@pytest.mark.parametrize(
  "docstring",
  [
    '"""Adds one to a number."""',
    "'''Adds one to a number.\n\n  More.'''",
    'r"""Adds one\n  to a number."""',
    '"Adds one to a number."',
    'u"""\n  Adds one to a number.\n  """',
  ],
)
@pytest.mark.parametrize(
  "head", ["def add(a):", "def add(a, b={1: 2}):  # a comment"]
)
def test_a_docstring_of_python_goes(
  docstring: str, head: str, tmp_path: pathlib.Path
) -> None:
  row = row_of(tmp_path, code=f"{head}\n  {docstring}\n{_BODY}")
  assert row == rows.Row(
    1, ("Adds one to a number.", f"{head}\n{_BODY}"), origin="there"
  )


@pytest.mark.parametrize(
  "given, reason",
  [
    ({"func_name": "Sum.test_add"}, "test"),
    ({"func_name": "Sum.__init__"}, "standard_method"),
    ({"func_name": "Sum.Sum"}, "standard_method"),
    ({"func_name": "Sum.hashCode"}, "standard_method"),
    ({"docstring": "Adds one."}, "short_documentation"),
    ({"docstring": ""}, "short_documentation"),
    ({"code": "def add(a):\n  return a + 1\n"}, "short_code"),
    ({"partition": "valid"}, "other_split"),
    (
      {"code": f"def add(a):\n  # Adds one to a number.\n{_BODY}"},
      "documentation_in_code",
    ),
  ],
)
def test_what_is_left_out(
  given: dict[str, str], reason: str, tmp_path: pathlib.Path
) -> None:
  assert row_of(tmp_path, **given) == rows.Row(1, dropped=reason)


def test_first_paragraph_without_tags(tmp_path: pathlib.Path) -> None:
  row = row_of(
    tmp_path,
    language="java",
    docstring="Adds <code>one</code> to {@code it}.\n\n<p>More.\n@param a",
  )
  assert row.values[0] == "Adds one to it."
