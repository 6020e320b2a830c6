"""Small indexes of the tests' corpus."""

import json
import pathlib

from embeddings import index_writer
from tests import conftest


def corpus(count: int = 25, mark: str = "") -> dict[str, str]:
  """Documents by id, with some that line breaks could tear.

  Args:
    count: how many.
    mark: stands in front of each id and text.
  """
  return {
    f"{mark}f{i}": f"{mark}{code}\u2028é\r\n"
    for i, (_, code) in enumerate(conftest.pairs(count))
  }


def write_index(
  folder: pathlib.Path, model: pathlib.Path, count: int = 25, mark: str = ""
) -> None:
  """Writes the index of `corpus`, in the place of one that is there."""
  index_writer.build(folder, corpus(count, mark), str(model))


def change(folder: pathlib.Path, **fields: object) -> None:
  """Changes what an index says of itself."""
  path = folder / "index.json"
  about = json.loads(path.read_text(encoding="utf-8"))
  path.write_text(json.dumps({**about, **fields}), encoding="utf-8")
