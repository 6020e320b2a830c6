"""Tests of data/vectors.py and its writer: what is written is read."""

import json
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

from data import growing
from data import identity
from data import kinds
from data import program
from data import records
from data import vectors
from tests import programs
from tests.data import kind_records
from tests.data import taught
from tests.data import token_caches

TRIPLETS = [
  (f"query {i}", *(f"document {i} {j}" for j in range(2 + i % 3)))
  for i in range(50)
]


@pytest.fixture
def data_set(tmp_path: pathlib.Path) -> records.DataSet:
  """50 triplets."""
  return token_caches.write(tmp_path / "set", "triplets", TRIPLETS)


@hypothesis.settings(max_examples=40, deadline=None)
@hypothesis.given(
  kind_records.sets(kind_records.good()),
  strategies.sampled_from(["all", "query"]),
  strategies.sampled_from(["float16", "float32"]),
  strategies.integers(0, 1000),
)
def test_each_text_has_its_own_vector(found, columns, dtype, seed):
  kind, written = found
  with tempfile.TemporaryDirectory() as folder:
    data_set = token_caches.write(pathlib.Path(folder) / "set", kind, written)
    opened = taught.write(data_set, columns, dtype)
    opened.verify()
    random = np.random.default_rng(seed)
    order = random.integers(0, len(data_set), 9)
    texts = [kinds.texts(kind, record) for record in data_set.read(order)]
    counts = np.array([len(own) for own in texts])
    asked = random.integers(-1, counts[:, None], (9, 4))
    wanted = np.zeros((9, 4, taught.WIDTH), np.float32)
    for place, column in np.ndenumerate(asked):
      if column == 0 or (column > 0 and columns == "all"):
        hashes = identity.hash_texts([texts[place[0]][column]])
        wanted[place] = taught.of(hashes)[0]
    read = opened.read(order, asked)
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, wanted)
    assert opened.contents.records == len(data_set)


def test_a_file_is_rows_of_numbers(data_set):
  opened = taught.write(data_set, dtype="float32")
  found = data_set.read(range(50))
  texts = [text for record in found for text in record]
  stored = np.fromfile(opened.folder / "vectors", "<f4")
  np.testing.assert_array_equal(
    stored.reshape(-1, taught.WIDTH), taught.of(identity.hash_texts(texts))
  )


@pytest.mark.parametrize("columns", ["all", "query"])
@pytest.mark.parametrize("loss", ["journal", "bytes", "nothing"])
def test_what_was_stopped_goes_on_to_the_same_bytes(
  data_set, tmp_path, monkeypatch, columns, loss
):
  monkeypatch.setattr(growing, "JOURNAL_S", 0.0)
  shutil.copytree(data_set.folder, tmp_path / "copy")
  copy = records.DataSet(tmp_path / "copy")
  whole = programs.contents(taught.write(data_set, columns).folder)
  partial = growing.partial(vectors.folder_of(copy, taught.NAME))
  with pytest.raises(KeyboardInterrupt), taught.opened(copy, columns) as writer:
    taught.append(writer, copy, range(20))
    raise KeyboardInterrupt
  with (partial / "vectors").open("ab") as file:
    file.write(b"not yet in the journal")
  if loss == "journal":
    (partial / growing.JOURNAL_FILE).write_text('{"records": ')
  if loss == "bytes":
    (partial / "vectors").write_bytes(b"torn")
  with taught.opened(copy, columns) as writer:
    start = writer.written.records
    assert start == (20 if loss == "nothing" else 0)
    for first in range(start, 50, 15):
      taught.append(writer, copy, range(first, min(first + 15, 50)))
    writer.finish()
  assert programs.contents(vectors.folder_of(copy, taught.NAME)) == whole


def test_other_vectors_begin_anew(data_set, capsys):
  with pytest.raises(KeyboardInterrupt), taught.opened(data_set) as writer:
    taught.append(writer, data_set, range(20))
    raise KeyboardInterrupt
  with taught.opened(data_set, dtype="float32") as writer:
    assert writer.written.records == 0
  assert "is of other vectors: starting again" in capsys.readouterr().err


def test_numbers_that_do_not_fit_are_refused(data_set):
  large = np.full((2, taught.WIDTH), 1e5, np.float32)
  with (
    taught.opened(data_set, "query") as writer,
    pytest.raises(program.BadInput, match="finite in float16; give --dtype=f"),
  ):
    writer.append(large, np.ones(2, np.int64))
  with taught.opened(data_set, "query", "float32") as writer:
    writer.append(large, np.ones(2, np.int64))
    with pytest.raises(program.BadInput, match="finite in float32"):
      writer.append(large * np.nan, np.ones(2, np.int64))


def test_what_is_not_there_is_said_with_the_remedy(data_set):
  with pytest.raises(program.BadInput, match="no vectors 'teacher'") as error:
    vectors.Vectors(data_set, taught.NAME)
  command = shlex.split(str(error.value).split("`")[1])
  assert command[:3] == ["python", "-m", "tools.teach"]
  assert {f"--data={data_set.folder}", "--name=teacher"} <= {*command}
  for name in ("", "../x", "a/b", ".x"):
    with pytest.raises(program.BadInput, match="cannot have the name"):
      vectors.Vectors(data_set, name)


def test_vectors_of_other_texts_are_refused(data_set, tmp_path):
  taught.write(data_set)
  other = token_caches.write(tmp_path / "other", "triplets", TRIPLETS[1:])
  shutil.copytree(data_set.folder / "vectors", other.folder / "vectors")
  with pytest.raises(program.BadInput, match=r"other texts .*tools\.teach"):
    vectors.Vectors(other, taught.NAME)


@pytest.mark.parametrize("name", ["vectors", "first"])
def test_a_damaged_file_is_named(data_set, name):
  opened = taught.write(data_set)
  path = opened.folder / name
  whole = path.read_bytes()
  path.write_bytes(whole[:10] + bytes([whole[10] ^ 1]) + whole[11:])
  with pytest.raises(program.BadInput, match=f"{path} has xxh3-128"):
    opened.verify()
  path.write_bytes(whole[:-1])
  with pytest.raises(
    program.BadInput, match=r"wanted .* bytes; .*tools\.teach"
  ):
    vectors.Vectors(data_set, taught.NAME)
  path.unlink()
  with pytest.raises(program.BadInput, match=f"{path} is missing"):
    vectors.Vectors(data_set, taught.NAME)


@pytest.mark.parametrize(
  "changed",
  [
    {"version": 2},
    {"dtype": "bfloat16"},
    {"columns": "documents"},
    {"width": 0},
    {"width": "5"},
  ],
)
def test_what_vectors_are_of_is_checked(data_set, changed):
  path = taught.write(data_set).folder / vectors.FILE
  content = json.loads(path.read_text())
  path.write_text(json.dumps({**content, "about": content["about"] | changed}))
  with pytest.raises(program.BadInput, match=r"is not the vectors\.json of"):
    vectors.Vectors(data_set, taught.NAME)


def test_pickled_vectors_are_small_and_threads_read_them(data_set):
  opened = taught.write(data_set)
  asked = np.arange(50), np.tile([0, 1], (50, 1))
  whole, sent = opened.read(*asked), pickle.dumps(opened)
  assert len(sent) < 2000
  with futures.ThreadPoolExecutor(4) as threads:
    copies = [pickle.loads(sent) for _ in range(40)]
    for found in threads.map(lambda copy: copy.read(*asked), copies):
      np.testing.assert_array_equal(found, whole)
