"""Results side by side, as a person reads them."""

from collections.abc import Mapping, Sequence

from embeddings.evals import bootstrap


def lines(
  rows: Mapping[str, Mapping[str, float]],
  columns: Sequence[str] = (),
  *,
  percent: bool = False,
) -> list[str]:
  """A table with a line for each row and a column for each measure.

  Args:
    rows: by the row's name, its values.
    columns: the names of the values that are shown; all, unless told.
    percent: show values x 100 with two decimals, as papers do, and not as they
      are with four.

  Returns:
    The head and a line for each row; "-" stands where a row has no such value.
  """
  if not columns:
    columns = list(dict.fromkeys(name for row in rows.values() for name in row))
  first = max(len(name) for name in rows)
  widths = {name: max(len(name), 6) for name in columns}
  head = [" " * first, *(name.rjust(widths[name]) for name in columns)]
  return ["  ".join(head)] + [
    "  ".join(
      [row.ljust(first)]
      + [_shown(values.get(c), percent).rjust(widths[c]) for c in columns]
    )
    for row, values in rows.items()
  ]


def fitting(
  rows: Mapping[str, Mapping[str, float]],
  columns: Sequence[str],
  *,
  width: int = 100,
  percent: bool = False,
) -> list[str]:
  """The table, with a line for each measure where that is the less wide one.

  Args:
    rows: by the row's name, its values.
    columns: the names of the values that are shown.
    width: the characters up to which each row has its line.
    percent: as of `lines`.
  """
  found = lines(rows, columns, percent=percent)
  if len(found[0]) <= width or len(columns) <= len(rows):
    return found
  turned = {
    column: {
      row: values[column] for row, values in rows.items() if column in values
    }
    for column in columns
  }
  return lines(turned, list(rows), percent=percent)


def interval(found: bootstrap.Interval) -> str:
  """A difference of two models x 100, and how sure it is."""
  if found.low is None or found.high is None or found.better is None:
    return f"{100 * found.value:+.2f}  (no interval: it gives no items to draw)"
  return (
    f"{100 * found.value:+.2f}  [{100 * found.low:+.2f}, "
    f"{100 * found.high:+.2f}]  {found.better:.0%}"
  )


def _shown(value: float | None, percent: bool) -> str:
  """A number of the table."""
  if value is None:
    return "-"
  return f"{100 * value:.2f}" if percent else f"{value:.4f}"
