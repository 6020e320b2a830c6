"""Rows by the names of their values: JSON objects, or a table with a header.

    named_rows.read(file, {"premise": ("sentence1", "premise")}, rows_of)

Files of one kind name their columns differently; each value is asked for by all
the names that it goes by.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from data import program
from data.sources import line_rows
from data.sources import raw
from data.sources import rows

Names = Mapping[str, Sequence[str]]
RowsOf = Callable[[int, dict[str, Any]], Iterable[rows.Row]]


def read(
  file: raw.File,
  names: Names,
  rows_of: RowsOf,
  *,
  header: Sequence[str] = (),
  quoted: bool = False,
  delimiter: str = "\t",
) -> Iterator[rows.Row]:
  """The rows of a file of JSON objects, or of fields.

  Args:
    file: JSON if its first line begins with a brace.
    names: value -> the names it goes by; one that ends in "?" may be absent.
    rows_of: the rows of a line, by its number and its values.
    header: the names of the fields, where the file has no line of them.
    quoted: whether fields may be in double quotes.
    delimiter: between fields.

  Raises:
    program.BadInput: if a table has no such column.
  """
  if line_rows.header(file).lstrip().startswith("{"):
    return _objects(file, names, rows_of)
  table = _Table(file, names, rows_of, header)
  reader = line_rows.of_quoted if quoted else line_rows.of_fields
  return reader(file, table.rows_of, delimiter)


def _objects(
  file: raw.File, names: Names, rows_of: RowsOf
) -> Iterator[rows.Row]:
  """The rows of objects."""

  def rows_of_object(number: int, value: dict[str, Any]) -> Iterable[rows.Row]:
    found = {}
    for wanted, aliases in names.items():
      name = next((alias for alias in aliases if alias in value), None)
      if name is not None:
        found[wanted.removesuffix("?")] = value[name]
      elif not wanted.endswith("?"):
        has = ", ".join(list(value)[:9]) or "nothing"
        return [rows.Row(number, fault=f"has {has}; wanted {aliases[0]}")]
    return rows_of(number, found)

  return line_rows.of_json(file, dict[str, Any], rows_of_object)


class _Table:
  """A table, whose first line may say what its fields are."""

  def __init__(
    self,
    file: raw.File,
    names: Names,
    rows_of: RowsOf,
    header: Sequence[str],
  ):
    self._file, self._names, self._rows_of = file, names, rows_of
    self._places = self._find(header) if header else {}
    self._fields = len(header)
    self._may_have_more = bool(header)  # STS-B's training set does.

  def rows_of(self, number: int, fields: list[str]) -> Iterable[rows.Row]:
    """The rows of a line."""
    if not self._places:
      self._places = self._find([field.strip() for field in fields])
      self._fields = len(fields)
      return []
    count, wanted = len(fields), self._fields
    if count < wanted or (count > wanted and not self._may_have_more):
      fault = f"has {count} fields, wanted {wanted}"
      return [rows.Row(number, fault=fault)]
    values = {name: fields[place] for name, place in self._places.items()}
    return self._rows_of(number, values)

  def _find(self, header: Sequence[str]) -> dict[str, int]:
    """Where the values stand."""
    found = {}
    for wanted, aliases in self._names.items():
      name = next((alias for alias in aliases if alias in header), None)
      if name is not None:
        found[wanted.removesuffix("?")] = header.index(name)
      elif not wanted.endswith("?"):
        raise program.BadInput(
          f"{self._file.name} has the columns {', '.join(header)[:200]}; "
          f"wanted {' or '.join(aliases)}: read it with `python -m "
          "data.sources.tabular --columns=...`"
        )
    return found
