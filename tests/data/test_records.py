"""Tests of data/records.py."""

import dataclasses
import functools
import itertools
import json
import pathlib
import pickle
import random
import resource
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import hypothesis
import pytest
import xxhash
from hypothesis import strategies

from data import faults
from data import hash_order
from data import kinds
from data import manifest as manifests
from data import program
from data import records
from tests.data import kind_records


def in_order(found: Sequence[records.Record]) -> list[records.Record]:
  """The records in the order in which they are laid down."""

  def key(record: records.Record) -> tuple[int, bytes]:
    encoded = kinds.encode(record)
    return xxhash.xxh3_64_intdigest(encoded), encoded

  return sorted(found, key=key)


PAIRS = in_order([(f"query {i}", f"document {i * i}") for i in range(300)])


def write(
  folder: pathlib.Path, found: Sequence[records.Record], **options: Any
) -> records.DataSet:
  """Writes a data set and opens it."""
  given = {"name": "test", "kind": "pairs", "columns": ("query", "document")}
  with records.Writer(folder, **(given | options)) as writer:
    for record in found:
      writer.write(record)
  return records.DataSet(folder)


@pytest.fixture
def several_shards(tmp_path: pathlib.Path) -> records.DataSet:
  """PAIRS in shards of 1,000 bytes of text."""
  data_set = write(tmp_path / "set", PAIRS, shard_bytes=1000)
  assert len(data_set.manifest.shards) > 5
  return data_set


@hypothesis.settings(max_examples=50, deadline=None)
@hypothesis.given(kind_records.sets(kind_records.good()))
def test_what_is_written_is_read(
  kind_and_records: tuple[str, list[records.Record]],
) -> None:
  kind, found = kind_and_records
  columns = [f"column {i}" for i in range(kind_records.COLUMNS[kind])]
  with tempfile.TemporaryDirectory() as folder:
    data_set = write(
      pathlib.Path(folder) / "set", found, kind=kind, columns=columns
    )
    assert data_set.read(range(len(data_set))) == in_order(found)


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
  kind_records.sets(kind_records.good()),
  strategies.lists(strategies.text(), min_size=1),
)
def test_records_keep_where_they_come_from(
  kind_and_records: tuple[str, list[records.Record]], origins: list[str]
) -> None:
  kind, found = kind_and_records
  columns = [f"column {i}" for i in range(kind_records.COLUMNS[kind])]
  written = list(zip(found, itertools.cycle(origins), strict=False))
  with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "set"
    with records.Writer(
      path, name="x", kind=kind, columns=columns, origin="page"
    ) as writer:
      for record, origin in written:
        writer.write(record, origin)
    data_set = records.DataSet(path)
    every = range(len(data_set))
    read = zip(data_set.read(every), data_set.origins(every), strict=True)
    assert sorted(map(repr, read)) == sorted(map(repr, written))


def test_a_bad_record_has_no_origin(tmp_path: pathlib.Path) -> None:
  folder = tmp_path / "set"
  with records.Writer(
    folder, name="x", kind="pairs", columns=("q", "d"), origin="page"
  ) as writer:
    for pair in PAIRS[:3]:
      writer.write(pair, f"from {pair[0]}")
    order = writer._order
    assert order is not None
    order.add(b'["query","document"]')
  data_set = records.DataSet(folder)
  with pytest.raises(program.BadInput, match="on_bad_record=skip"):
    data_set.origins(range(4))
  skip = faults.Faults("skip")
  pairs = data_set.read(range(4), skip)
  assert data_set.origins(range(4), skip) == [f"from {q}" for q, _ in pairs]


def test_any_order_over_several_shards(several_shards: records.DataSet) -> None:
  order = [299, 0, 150, 150, 7, 298, *range(40, 60)]
  assert several_shards.read(order) == [PAIRS[i] for i in order]
  assert several_shards.read([]) == []


def test_an_open_data_set_travels_to_a_worker(
  several_shards: records.DataSet,
) -> None:
  again = pickle.loads(pickle.dumps(several_shards))
  assert again.read([5, 250]) == [PAIRS[5], PAIRS[250]]


def test_the_manifest_says_what_was_given(tmp_path: pathlib.Path) -> None:
  with records.Writer(
    tmp_path / "set",
    name="faq",
    kind="pairs",
    columns=("q", "d"),
    source="a dump",
    licence="CC BY 4.0",
    filters={"min_chars": 1},
  ) as writer:
    writer.write(PAIRS[0])
    writer.counts = {"kept": 1, "empty": 2}
  data_set = records.DataSet(tmp_path / "set")
  assert (data_set.name, len(data_set)) == ("faq", 1)
  found = dataclasses.asdict(data_set.manifest)
  assert found.pop("shards")[0]["records"] == 1
  assert found == {
    "name": "faq",
    "kind": "pairs",
    "columns": ("q", "d"),
    "source": "a dump",
    "licence": "CC BY 4.0",
    "filters": {"min_chars": 1},
    "counts": {"kept": 1, "empty": 2},
    "origin": "",
    "version": manifests.VERSION,
  }


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_run_that_fails_changes_nothing(
  tmp_path: pathlib.Path, stop: type[BaseException]
) -> None:
  for former in ([], PAIRS[:3]):
    folder = tmp_path / f"set{len(former)}"
    if former:
      write(folder, former)
    before = sorted(tmp_path.rglob("*"))
    with (
      pytest.raises(stop),
      records.Writer(
        folder, name="new", kind="pairs", columns=("a", "b"), shard_bytes=100
      ) as writer,
    ):
      for pair in PAIRS:
        writer.write(pair)
      assert folder.exists() == bool(former)
      raise stop
    assert sorted(tmp_path.rglob("*")) == before
    if former:
      assert records.DataSet(folder).read([0, 1, 2]) == former


def test_a_data_set_takes_the_place_of_another(tmp_path: pathlib.Path) -> None:
  write(tmp_path / "set", PAIRS, shard_bytes=1000)
  data_set = write(tmp_path / "set", PAIRS[5:7])
  assert data_set.read([0, 1]) == PAIRS[5:7]
  files = [path.name for path in sorted(tmp_path.rglob("*"))]
  assert files == ["set", "00000.array_record", "manifest.json"]


def test_a_link_is_followed(tmp_path: pathlib.Path) -> None:
  (tmp_path / "disk").mkdir()
  (tmp_path / "link").symlink_to(tmp_path / "disk" / "set")
  for pairs in (PAIRS[:1], PAIRS[1:2]):
    assert write(tmp_path / "link", pairs).read([0]) == pairs
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "disk").iterdir()] == ["set"]


@pytest.mark.parametrize("what", ["file", "folder"])
def test_nothing_else_is_replaced(tmp_path: pathlib.Path, what: str) -> None:
  path = tmp_path / "mine"
  if what == "file":
    path.write_text("precious")
  else:
    path.mkdir()
  with pytest.raises(program.BadInput, match="mine exists and is not a data s"):
    write(path, PAIRS[:1])
  assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_place_where_nothing_can_be_written(tmp_path: pathlib.Path) -> None:
  (tmp_path / "file").write_text("")
  with pytest.raises(program.BadInput, match="cannot write to"):
    write(tmp_path / "file" / "set", PAIRS[:1])


@pytest.mark.parametrize(
  "record",
  [
    ("one",),
    ("one", "two", "three"),
    ("one", " \n"),
    ("one", 2),
    ("one", None),
  ],
)
def test_a_record_that_could_not_be_read(
  tmp_path: pathlib.Path, record: records.Record
) -> None:
  with pytest.raises(AssertionError):
    write(tmp_path / "set", [record])


@pytest.mark.parametrize(
  "kind, record",
  [
    ("texts", ("one", "two")),
    ("scored", ("one", "two", float("nan"))),
    ("scored", ("one", "two", "3")),
    ("scored_triplets", ("one", "two", (1.0,))),
    ("scored_triplets", ("one", "two", "three", (1.0,))),
    ("scored_triplets", ("one", "two", "three", (1.0, float("inf")))),
    ("scored_triplets", ("one", "two", "three", 1.0)),
    ("grouped", ("one", "two", 1.0)),
    ("grouped", ("one", "two", True)),
    ("grouped", ("one", "two", "")),
    ("grouped", ("one", "two", 2**63)),
    ("grouped", ("one", "two", "three", "group")),
  ],
)
def test_a_record_that_is_not_of_its_kind(
  tmp_path: pathlib.Path, kind: str, record: records.Record
) -> None:
  columns = [f"column {i}" for i in range(kind_records.COLUMNS[kind])]
  with pytest.raises(AssertionError):
    write(tmp_path / "set", [record], kind=kind, columns=columns)


@pytest.fixture
def small_files() -> Iterator[None]:
  """Files may not grow past 256 KiB: the nearest thing to a full disk."""
  handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
  limits = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (2**18, limits[1]))
  yield
  resource.setrlimit(resource.RLIMIT_FSIZE, limits)
  signal.signal(signal.SIGXFSZ, handler)


@pytest.fixture
def large_pairs(small_files: None) -> list[records.Record]:
  """Pairs of 1.8 MB, which no compression makes fit."""
  draw = random.Random(0)
  return [(str(i), draw.randbytes(200_000).hex()) for i in range(9)]


@pytest.mark.parametrize("shard_bytes", [2**20, 2**30])
def test_a_disk_that_is_full(
  tmp_path: pathlib.Path, large_pairs: list[records.Record], shard_bytes: int
) -> None:
  # The error shows in `write` where a shard is full, else at the end.
  with pytest.raises(RuntimeError, match="File too large") as error:
    write(tmp_path / "set", large_pairs, shard_bytes=shard_bytes)
  assert list(tmp_path.iterdir()) == []
  del error  # Kept until here, and with it the writer.


def test_a_disk_that_is_full_while_runs_are_written(
  tmp_path: pathlib.Path,
  large_pairs: list[records.Record],
  monkeypatch: pytest.MonkeyPatch,
) -> None:
  spilling = functools.partial(hash_order.HashOrder, run_bytes=2**20)
  monkeypatch.setattr(hash_order, "HashOrder", spilling)
  with pytest.raises(OSError, match="File too large"):
    write(tmp_path / "set", large_pairs)
  assert list(tmp_path.iterdir()) == []


def test_the_first_error_counts(
  tmp_path: pathlib.Path, large_pairs: list[records.Record]
) -> None:
  with (
    pytest.raises(KeyboardInterrupt),
    records.Writer(
      tmp_path / "set", name="a", kind="pairs", columns=("a", "b")
    ) as writer,
  ):
    for pair in large_pairs:
      writer.write(pair)
    raise KeyboardInterrupt
  assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_manifest(tmp_path: pathlib.Path) -> None:
  for folder in (tmp_path, tmp_path / "nowhere"):
    with pytest.raises(program.BadInput, match=r"it has no manifest\.json"):
      records.DataSet(folder)


def change_manifest(
  folder: pathlib.Path, change: Callable[[dict[str, Any]], object]
) -> None:
  """Edits the manifest of a data set in place."""
  path = folder / manifests.FILE
  content = json.loads(path.read_text())
  change(content)
  path.write_text(json.dumps(content))


@pytest.mark.parametrize(
  "change, message",
  [
    (lambda m: m.pop("shards"), "not a manifest of this schema"),
    (lambda m: m.pop("kind"), "not a manifest of this schema"),
    (lambda m: m.update(colour="red"), "'colour'"),
    (lambda m: m.update(version=99), "version 99"),
    (lambda m: m.update(kind="quadruplets"), "kind 'quadruplets'"),
    (lambda m: m.update(shards=[]), "holds no records"),
    (lambda m: m["shards"][0].update(records=-1), "not a manifest of this"),
    (lambda m: m["shards"][0].update(records="3"), "not a manifest of this"),
    (lambda m: m["shards"][0].update(file="../x"), "not a manifest of this"),
    (lambda m: m["shards"][0].update(file=".."), "not a manifest of this"),
    (lambda m: m.update(columns=["query"]), "not a manifest of this schema"),
    (lambda m: m.update(columns=["query", 2]), "not a manifest of this schema"),
    (lambda m: m.update(columns=[]), "not a manifest of this schema"),
    (lambda m: m.update(kind="grouped"), "query, document are too few for gro"),
    (lambda m: m["shards"][0].update(bytes=7), "has .* bytes, wanted 7 bytes"),
    (lambda m: m["shards"][0].update(file="x"), "x is missing"),
    (lambda m: m["shards"][0].update(age=4), "'age'"),
  ],
)
def test_a_manifest_that_does_not_fit(
  tmp_path: pathlib.Path,
  change: Callable[[dict[str, Any]], object],
  message: str,
) -> None:
  write(tmp_path / "set", PAIRS[:3])
  change_manifest(tmp_path / "set", change)
  with pytest.raises(program.BadInput, match=message):
    records.DataSet(tmp_path / "set")


@pytest.mark.parametrize("content", [b"", b"[1]", b"{", b"\xff\xfe"])
def test_a_manifest_that_is_none(
  tmp_path: pathlib.Path, content: bytes
) -> None:
  (tmp_path / manifests.FILE).write_bytes(content)
  with pytest.raises(program.BadInput, match="not a manifest of this schema"):
    records.DataSet(tmp_path)


def test_an_empty_data_set_says_its_counts(tmp_path: pathlib.Path) -> None:
  with records.Writer(
    tmp_path / "set", name="none", kind="pairs", columns=("a", "b")
  ) as writer:
    writer.counts = {"too_short": 12}
  with pytest.raises(program.BadInput, match="'too_short': 12"):
    records.DataSet(tmp_path / "set")


def test_the_order_given_leaves_no_trace(
  tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
  folders = [tmp_path / name / "set" for name in ("one", "other", "spilled")]
  for folder, given in zip(folders, (PAIRS, PAIRS[::-1]), strict=False):
    write(folder, given, shard_bytes=1000)
  spilling = functools.partial(hash_order.HashOrder, run_bytes=4000)
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(hash_order, "HashOrder", spilling)
    write(folders[2], random.Random(0).sample(PAIRS, 300), shard_bytes=1000)
  assert capsys.readouterr().err.startswith("writing: 300 of 300 records")
  one, other, spilled = (
    {path.name: path.read_bytes() for path in folder.iterdir()}
    for folder in folders
  )
  assert one == other == spilled
  assert len(one) > 5
  assert records.DataSet(folders[2]).read(range(300)) == PAIRS


def test_a_text_that_is_too_long(tmp_path: pathlib.Path) -> None:
  fits = "x" * kinds.MAX_TEXT_CHARS
  data_set = write(tmp_path / "set", [("query", fits)])
  assert data_set.read([0]) == [("query", fits)]
  with pytest.raises(program.BadInput, match="1,000,001 characters .* 1,000,0"):
    write(tmp_path / "set", [("query", fits + "x")])
  assert records.DataSet(tmp_path / "set").read([0]) == [("query", fits)]


def test_an_index_that_is_none(several_shards: records.DataSet) -> None:
  for index in (-1, 300):
    with pytest.raises(AssertionError, match=f"{index}"):
      several_shards.read([0, index])
