"""Folders of small Python packages for tests."""

import pathlib
from collections.abc import Mapping


def function(word: str, documentation: str = "", indent: str = "") -> str:
  """A good function; those of two words are no near copies."""
  documentation = documentation or f"Adds {word} to the other one."
  lines = (
    f"def {word}(first_{word}, second_{word}):",
    f'  """{documentation}"""',
    f"  {word}_sum = first_{word} + second_{word}",
    f"  return {word}_sum",
  )
  return "".join(f"{indent}{line}\n" for line in lines)


def code(word: str) -> str:
  """The code of that function, as it is mined."""
  lines = function(word).splitlines()
  return "\n".join([lines[0], *lines[2:]])


def write(folder: pathlib.Path, sources: Mapping[str, str]) -> pathlib.Path:
  """Writes the sources, by their names below the folder, and returns it."""
  for name, source in sources.items():
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
  return folder
