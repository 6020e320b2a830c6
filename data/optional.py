"""Packages that only some programs need, imported where they are used.

duckdb = optional.load("duckdb", "requirements-data.txt")
"""

import importlib
from types import ModuleType

from data import program


def load(module: str, requirements: str) -> ModuleType:
  """Imports a package that requirements.txt does not name.

  Args:
    module: its dotted name.
    requirements: the file that names it.

  Raises:
    program.BadInput: if it is not installed, or cannot be imported.
  """
  try:
    return importlib.import_module(module)
  except ImportError as error:
    raise program.BadInput(
      f"{module} cannot be imported ({error}); install what this needs: "
      f"`pip install -r {requirements}`"
    ) from error
