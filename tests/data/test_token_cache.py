"""Tests of data/token_cache.py: what is read is what tokenising gives."""

import json
import os
import pathlib
import pickle
import shlex
import shutil
import tempfile
from concurrent import futures

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies

from data import identity
from data import kinds
from data import mapped
from data import program
from data import records
from data import token_cache
from data import token_files
from data import tokens
from tests.data import kind_records
from tests.data import token_caches

_TEXTS = strategies.text(
  strategies.sampled_from("read file?! é字\n"), min_size=1
).filter(str.strip)
_PROMPTS = strategies.sampled_from(
  [
    tokens.Prompts(),
    tokens.Prompts.of("file: ", ""),
    tokens.Prompts.of("read ", "é ").swapped(),
    tokens.Prompts("a ", "b ", "c "),
  ]
)
_SETS = kind_records.sets(
  kind_records.good(_TEXTS, strategies.floats(0, 1, width=32))
)
_NO_PROMPTS = tokens.Prompts()


@pytest.fixture(scope="module")
def bare(
  tokenizer_folder: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> tokens.Tokenizer:
  """A tokenizer that puts nothing round a text, so that it may be empty."""
  folder = tmp_path_factory.mktemp("bare")
  content = json.loads((tokenizer_folder / tokens.FILE).read_text())
  content["post_processor"] = None
  (folder / tokens.FILE).write_text(json.dumps(content))
  return tokens.Tokenizer(folder, max_length=7)


@pytest.fixture
def words(tokenizer_folder: pathlib.Path) -> tokens.Tokenizer:
  """The tests' tokenizer."""
  return tokens.Tokenizer(tokenizer_folder, max_length=16)


@pytest.fixture
def data_set(write_pairs) -> records.DataSet:
  """100 pairs."""
  return records.DataSet(write_pairs(100))


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
  _SETS, _PROMPTS, strategies.integers(0, 1000), strategies.booleans()
)
def test_the_cache_is_what_tokenising_gives(bare, found, prompts, seed, small):
  kind, written = found
  with tempfile.TemporaryDirectory() as folder:
    data_set = token_caches.write(pathlib.Path(folder) / "set", kind, written)
    cache = token_caches.make(data_set, bare, prompts)
    written = data_set.read(range(len(data_set)))  # its order is its own
    order = np.random.default_rng(seed).integers(0, len(written), 9)
    texts = [kinds.texts(kind, written[i]) for i in order]
    counts = cache.counts(order)
    assert counts.tolist() == [len(record) for record in texts]

    ramp = np.arange(counts.max())
    columns = np.where(ramp < counts[:, None], ramp, -1)
    columns = columns[:, :2] if small else columns
    looked = cache.look(order, columns)
    expected = bare.encode(prompts.put(texts))
    lengths = iter([len(ids) for ids in expected])
    hashes = iter(identity.hash_texts([t for record in texts for t in record]))
    length, name = np.zeros((2, 9, counts.max()), np.uint64)
    for i, count in enumerate(counts):
      for j in range(count):
        length[i, j], name[i, j] = next(lengths), next(hashes)
    shown = slice(columns.shape[1])
    np.testing.assert_array_equal(looked.length, length[:, shown])
    np.testing.assert_array_equal(looked.identity, name[:, shown])
    for values in looked:
      assert (values[columns < 0] == 0).all()

    if not small:
      there = columns >= 0
      ids = cache.ids(looked.start[there], looked.length[there])
      np.testing.assert_array_equal(ids, np.concatenate(expected))
      assert ids.dtype == np.int32
    scores = np.zeros(columns.shape, np.float32)
    for i, record in enumerate(order):
      own = kinds.scores(kind, written[record]) or [0] * (counts[i] - 1)
      of_text = [*own[:1], *own]  # the first two texts have one score
      for j in np.flatnonzero(columns[i] >= 0):
        scores[i, j] = of_text[j] if of_text else 0
    np.testing.assert_array_equal(cache.scores(order, columns), scores)
    groups = cache.groups(order)
    assert (groups is None) == (kind != "grouped")
    if groups is not None:
      assert (
        groups.tolist()
        == identity.hash_groups([written[i][2] for i in order]).tolist()
      )
    cache.verify()


def test_a_large_vocabulary_takes_four_bytes(tokenizer_folder, tmp_path):
  content = json.loads((tokenizer_folder / tokens.FILE).read_text())
  content["model"]["vocab"]["zebra"] = 70_000
  (tmp_path / tokens.FILE).write_text(json.dumps(content))
  tokenizer = tokens.Tokenizer(tmp_path, max_length=8)
  data_set = token_caches.write(tmp_path / "set", "pairs", [("zebra", "file")])
  cache = token_caches.make(data_set, tokenizer)
  looked = cache.look(np.array([0]), np.array([[0]]))
  assert 70_000 in cache.ids(looked.start[0], looked.length[0])


@pytest.mark.parametrize(
  "prompts",
  [
    tokens.Prompts.of("a 'b': ", ""),
    tokens.Prompts.of("", "d: ").swapped(),
  ],
)
def test_the_command_of_the_refusal_makes_the_cache(
  data_set, words, prompts, run_program
):
  assert not token_cache.available(data_set, words, prompts)
  with pytest.raises(program.BadInput, match="it has none yet") as error:
    token_cache.TokenCache(data_set, words, prompts)
  command = shlex.split(str(error.value).split("`")[1])
  assert command[:2] == ["python", "-m"]
  assert run_program(*command[2:], "--workers=1").code == 0
  assert token_cache.available(data_set, words, prompts)
  token_cache.TokenCache(data_set, words, prompts)


def test_equal_prompts_swapped_are_the_same_cache(data_set, words):
  prompts = tokens.Prompts.of("text: ", "text: ")
  token_caches.make(data_set, words, prompts)
  assert token_cache.available(data_set, words, prompts.swapped())


def test_another_cache_is_refused_by_what_differs(
  data_set, words, minilm, tmp_path
):
  cache = token_caches.make(data_set, words)
  longer = tokens.Tokenizer(words.folder, max_length=32)
  other = tokens.Tokenizer(minilm, max_length=16)
  short = words.fingerprint
  for given, difference in [
    ((data_set, longer, _NO_PROMPTS), "has max_length 16 in place of 32;"),
    ((data_set, other, _NO_PROMPTS), f"has tokenizer '{short}' in place of "),
    ((data_set, words, tokens.Prompts.of("q", "")), "has prompts ('', '', ''"),
  ]:
    with pytest.raises(program.BadInput) as error:
      token_cache.TokenCache(*given)
    assert difference.rstrip(";") in str(error.value)
  copied = token_caches.write(tmp_path / "set", "pairs", [("a", "b")])
  shutil.copytree(cache.folder.parent, copied.folder / "tokens")
  with pytest.raises(program.BadInput, match="has data '.*' in place of"):
    token_cache.TokenCache(copied, words, _NO_PROMPTS)


@pytest.mark.parametrize("name", ["ids", "texts"])
def test_a_damaged_file_is_named(data_set, words, name):
  cache = token_caches.make(data_set, words)
  path = cache.folder / name
  whole = path.read_bytes()
  path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
  with pytest.raises(program.BadInput, match=f"{path} has xxh3-128"):
    token_cache.TokenCache(data_set, words, _NO_PROMPTS).verify()
  path.write_bytes(whole[:-1])
  with pytest.raises(program.BadInput, match=f"{path} has .* bytes, wanted"):
    token_cache.TokenCache(data_set, words, _NO_PROMPTS)
  path.unlink()
  with pytest.raises(program.BadInput, match=f"{path} is missing"):
    token_cache.TokenCache(data_set, words, _NO_PROMPTS)
  (cache.folder / token_files.FILE).write_text("{}")
  with pytest.raises(program.BadInput, match="is not the tokens.json"):
    token_cache.TokenCache(data_set, words, _NO_PROMPTS)


def read_all(cache: token_cache.TokenCache, count: int) -> np.ndarray:
  """The ids of the first `count` pairs."""
  texts = cache.look(np.arange(count), np.tile([0, 1], (count, 1)))
  return cache.ids(texts.start.ravel(), texts.length.ravel())


def test_a_pickled_cache_is_small_and_threads_read_it(data_set, words):
  cache = token_caches.make(data_set, words)
  whole = read_all(cache, 100)
  sent = pickle.dumps(cache)
  assert len(sent) < 2000
  with futures.ThreadPoolExecutor(4) as threads:
    copies = [pickle.loads(sent) for _ in range(40)]
    for found in threads.map(read_all, copies, [100] * 40):
      np.testing.assert_array_equal(found, whole)


def test_hundreds_of_data_sets_keep_few_files_open(data_set, words, tmp_path):
  token_caches.make(data_set, words)
  whole = read_all(token_caches.make(data_set, words), 100)
  for i in range(150):
    shutil.copytree(data_set.folder, tmp_path / f"{i}")
    copy = records.DataSet(tmp_path / f"{i}")
    cache = token_cache.TokenCache(copy, words, _NO_PROMPTS)
    np.testing.assert_array_equal(read_all(cache, 100), whole)
  fds = pathlib.Path("/proc/self/fd")
  open_ = [os.readlink(fd) for fd in fds.iterdir() if fd.exists()]
  count = sum("/tokens/" in path for path in open_)
  assert 0 < count <= 256


def test_pages_of_large_files_are_let_go(tmp_path):
  path = tmp_path / "ids"
  numbers = np.arange(2**25, dtype=np.uint16)  # 64 MiB
  numbers.tofile(path)
  map_ = mapped.open_file(str(path), "uint16", 1)
  before = resident_bytes()
  for start in range(4):
    places = np.arange(start, len(numbers), 1000)
    np.testing.assert_array_equal(map_[places], numbers[places])
  assert resident_bytes() - before < 8 * 2**20


def resident_bytes() -> int:
  """Bytes of mapped files that this process holds in memory."""
  lines = pathlib.Path("/proc/self/status").read_text().splitlines()
  (line,) = [line for line in lines if line.startswith("RssFile:")]
  return int(line.split()[1]) * 1024
