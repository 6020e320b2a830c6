"""Tests of data/faults.py, and of each kind of bad input by name."""

import concurrent.futures
import json
import pathlib
import pickle
import random
import tempfile
from collections.abc import Callable
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies

from data import faults as faults_lib
from data import kinds
from data import manifest as manifests
from data import program
from data import records
from tests.data import raw_set

GOOD = [(f"query {i:06d}", f"document {i:06d}") for i in range(400)]
ENCODED = [json.dumps(record).encode() for record in GOOD]
SHARD = "00001.array_record"
BAD = b'["query", 2]'


def data_set(folder: pathlib.Path, bad: dict[int, bytes]) -> records.DataSet:
  """GOOD in four shards of a hundred, with other bytes for some records."""
  encoded = [bad.get(i, record) for i, record in enumerate(ENCODED)]
  data_set = raw_set.write(folder, encoded, shard_records=100)
  assert [shard.records for shard in data_set.manifest.shards] == [100] * 4
  return data_set


def skip(most: int) -> faults_lib.Faults:
  return faults_lib.Faults(policy="skip", most=most)


# What is wrong with record 117, which is number 17 of the second shard.
RECORDS = {
  "no JSON": (b"query\tdocument", r"holds b'query\\tdocument' \(JSON is malf"),
  "another value": (b'{"a": "b"}', "Expected `array`, got `object`"),
  "an empty text": (b'["query", ""]', r"holds b'\[\"query\", \"\"\]' \(has an"),
  "a blank text": (b'["query", " \\n"]', "has an empty text"),
  "a number": (BAD, "Expected `str`, got `int`"),
  "no UTF-8": (b'["query", "\xe4"]', r"\\xe4\"\]' \('utf-8' codec can't"),
  "10 MB": (b'["query", "%s"]' % (b"x" * 10**7), "xxx' .has a text of 10,000,"),
  "a column less": (b'["query"]', "Expected `array` of length 2"),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_bad_record_is_named(
  tmp_path: pathlib.Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
  encoded, found = RECORDS[name]
  bad = data_set(tmp_path / "set", {117: encoded})
  message = (
    rf"record 17 of .*set/{SHARD} .*{found}.*; wanted pairs of query, document"
    ": a JSON list of 2.*; copy or write the data set again, or give "
    "on_bad_record=skip"
  )
  others = [0, 399, 116, 118]
  for faults in (None, faults_lib.Faults(), skip(0)):
    with pytest.raises(program.BadInput, match=message) as error:
      bad.read([*others, 117], faults)
    assert len(str(error.value)) < 600
    assert bad.read(others, faults) == [GOOD[i] for i in others]
  faults = skip(1)
  for _ in range(2):
    assert bad.read([117, 0, 117], faults) == [GOOD[118], GOOD[0], GOOD[118]]
  assert faults.met == 1
  assert capsys.readouterr().err.count("record 17 of ") == 1


def test_damage_within_a_file_is_named(tmp_path: pathlib.Path) -> None:
  bad = data_set(tmp_path / "set", {})
  path = tmp_path / "set" / SHARD
  content = bytearray(path.read_bytes())
  content[1000] ^= 1  # Among the records: 3 kB of them, and then an index.
  path.write_bytes(content)
  bad = records.DataSet(tmp_path / "set")
  with pytest.raises(
    program.BadInput,
    match=rf"record \d+ of .*{SHARD} cannot be read .Corrupted .*wanted pa",
  ):
    bad.read(range(400))
  faults = skip(4)
  found = bad.read(range(400), faults)
  wrong = [i for i in range(400) if found[i] != GOOD[i]]
  # A chunk is four records, for all of which the next good one stands.
  assert wrong == list(range(wrong[0], wrong[0] + 4))
  assert {found[i] for i in wrong} == {GOOD[wrong[-1] + 1]}
  assert faults.met == 4
  with pytest.raises(program.BadInput, match="4 bad records were met and at m"):
    bad.read(range(400), skip(3))


def lie(**changed: Any) -> Callable[[pathlib.Path], None]:
  """Changes what the manifest says of the second shard."""

  def edit(folder: pathlib.Path) -> None:
    path = folder / manifests.FILE
    content = json.loads(path.read_text())
    content["shards"][1].update(changed)
    path.write_text(json.dumps(content))

  return edit


def replace(change: Callable[[bytes], bytes]) -> Callable[[pathlib.Path], None]:
  """Changes the bytes of the second shard."""

  def edit(folder: pathlib.Path) -> None:
    path = folder / SHARD
    path.write_bytes(change(path.read_bytes()))

  return edit


def flip(content: bytes) -> bytes:
  return content[:1000] + bytes([content[1000] ^ 1]) + content[1001:]


def remove(folder: pathlib.Path) -> None:
  (folder / SHARD).unlink()


# How a file is spoiled, the step in which that shows, and what is said.
FILES = {
  "missing": (remove, "open", "is missing .No such file"),
  "cut short": (
    replace(lambda content: content[:-1]),
    "open",
    r"has \d+ bytes, wanted \d+ bytes",
  ),
  "longer": (
    replace(lambda content: content + b"x"),
    "open",
    r"has \d+ bytes, wanted \d+ bytes",
  ),
  "zeros": (
    replace(lambda content: bytes(len(content))),
    "read",
    "holds 0 records and its manifest says 100",
  ),
  "a lie": (lie(records=99), "read", "holds 100 records and its manifest"),
  "a flipped byte": (replace(flip), "verify", "has sha256 .*, wanted .*"),
  "another checksum": (
    lie(sha256="0" * 64),
    "verify",
    "has .*wanted 0000000000",
  ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_named_and_never_skipped(
  tmp_path: pathlib.Path, name: str
) -> None:
  spoil, shows, message = FILES[name]
  data_set(tmp_path / "set", {}).verify()
  spoil(tmp_path / "set")
  steps: dict[str, Callable[[records.DataSet], object]] = {
    "open": lambda _: None,
    "read": lambda bad: bad.read(range(len(bad)), skip(10)),
    "verify": records.DataSet.verify,
  }
  done = []
  with pytest.raises(program.BadInput, match=f"set/{SHARD} {message}"):
    bad = records.DataSet(tmp_path / "set")
    for step, work in steps.items():
      done.append(step)
      work(bad)
  assert done == {"open": [], "read": ["open", "read"]}.get(shows, [*steps])
  if shows == "read":  # The whole is looked at by `verify`, too.
    with pytest.raises(program.BadInput, match=SHARD):
      records.DataSet(tmp_path / "set").verify()


def test_nothing_is_good(tmp_path: pathlib.Path) -> None:
  bad = raw_set.write(tmp_path / "set", [BAD] * 50)
  with pytest.raises(program.BadInput, match="none of the 50 records of .*set"):
    bad.read([7], skip(50))
  with pytest.raises(program.BadInput, match="10 bad records .* at most 9 are"):
    bad.read([7], skip(9))


def test_the_end_goes_on_at_the_beginning(tmp_path: pathlib.Path) -> None:
  bad = data_set(tmp_path / "set", {399: BAD, 0: BAD})
  assert bad.read([399], skip(2)) == [GOOD[1]]


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
  encoded=strategies.lists(
    strategies.binary(max_size=40) | strategies.sampled_from(ENCODED),
    min_size=1,
    max_size=30,
  ),
  most=strategies.integers(0, 30),
  seed=strategies.integers(0, 99),
)
def test_any_bytes_are_read_or_refused(
  encoded: list[bytes], most: int, seed: int
) -> None:
  good = {
    i: GOOD[ENCODED.index(e)] for i, e in enumerate(encoded) if e in ENCODED
  }
  indices = random.Random(seed).choices(range(len(encoded)), k=8)
  with tempfile.TemporaryDirectory() as folder:
    mixed = raw_set.write(pathlib.Path(folder), encoded, shard_records=7)
    faults = skip(most)
    try:
      found = mixed.read(indices, faults)
    except program.BadInput:
      assert faults.met > most or not good
    else:
      for index, record in zip(indices, found, strict=True):
        after = [(index + step) % len(encoded) for step in range(len(encoded))]
        assert record == next(good[i] for i in after if i in good)
      assert faults.met <= most
    try:
      assert mixed.read(indices) == [good[i] for i in indices]
    except program.BadInput:
      assert not all(i in good for i in indices)


def test_bad_records_are_counted_once_by_threads(
  tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
  bad = data_set(tmp_path / "set", dict.fromkeys(range(0, 400, 8), BAD))
  faults = skip(50)

  def read(seed: int) -> None:
    for _ in range(5):
      found = bad.read(random.Random(seed).sample(range(400), 400), faults)
      assert set(found) <= set(GOOD)

  with concurrent.futures.ThreadPoolExecutor(4) as threads:
    list(threads.map(read, range(4)))
  assert faults.met == 50
  assert capsys.readouterr().err.count("skipped: ") == 1
  with pytest.raises(program.BadInput, match="51 bad records .*: record 3 of "):
    raw_set.write(tmp_path / "other", [*ENCODED[:3], BAD]).read([3], faults)


def test_what_was_found_travels() -> None:
  faults = skip(2)
  for record in (1, 1, 2):
    faults.note("file", record, "fault")
  again = pickle.loads(pickle.dumps(faults))
  assert again == faults and again.met == 2
  again.note("file", 2, "fault")
  with pytest.raises(program.BadInput, match="3 bad records .* the last: it"):
    again.note("file", 3, "it")
  assert faults.met == 2


@pytest.mark.parametrize(
  "policy, most, found", [("ignore", 3, "'ignore'"), ("skip", -1, "-1")]
)
def test_settings_that_are_none(policy: str, most: int, found: str) -> None:
  with pytest.raises(program.BadInput, match=f"found .*{found}.* wanted"):
    faults_lib.Faults(policy=policy, most=most)


def test_the_longest_text_passes(tmp_path: pathlib.Path) -> None:
  pair = ("query", "x" * kinds.MAX_TEXT_CHARS)
  one = raw_set.write(tmp_path / "set", [json.dumps(pair).encode()])
  assert one.read([0]) == [pair]
