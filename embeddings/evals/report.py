"""Results side by side, as a person reads them."""


def lines(rows: dict[str, dict[str, float]]) -> list[str]:
  """A table with a line for each row and a column for each measure."""
  measures = list(next(iter(rows.values())))
  width = max(len(name) for name in rows)
  head = "  ".join([" " * width, *measures])
  return [head] + [
    "  ".join(
      [name.ljust(width)] + [f"{values[m]:.4f}".rjust(len(m)) for m in measures]
    )
    for name, values in rows.items()
  ]
