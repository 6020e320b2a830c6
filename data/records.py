"""The one schema of training data: a folder of ArrayRecord shards.

A data set is a folder of shards (`00000.array_record`, ...) and a
`manifest.json`, which says what is in them. A record is a JSON list with one
value a column; data/kinds.py says what each kind of data set holds.

    with records.Writer(folder, name="faq", kind="pairs",
                        columns=("query", "document")) as writer:
      writer.write(("how do I ...", "first, ..."))
    data_set = records.DataSet(folder)
    data_set.read([5, 3, 8])  # three records, in that order

A data set may keep where each record comes from, such as the post of a forum
whose licence asks for that: `Writer(..., origin="site/question/answer")`,
`write(record, "beer/q1/a4")` and `DataSet.origins`.

Records are laid in the order of a hash, so that neighbours are unrelated and
the same records make the same files, in whichever order they come. The folder
appears only when it is whole (see data/atomic.py).
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, TypeVar

import numpy as np

from data import atomic
from data import faults as faults_lib
from data import hash_order
from data import kinds
from data import manifest as manifest_lib
from data import program
from data import shard_writer
from data import shards

SHARD_BYTES = 64 * 2**20

Record = kinds.Record
Value = TypeVar("Value")


class Writer:
  """Writes a data set folder; it appears when the `with` block ends well.

  Args:
    folder: the data set's folder; it must not exist, or must be a data set
      that this one takes the place of.
    name: the data set's name.
    kind: one of data/manifest.py's KINDS.
    columns: the names of a record's values.
    source: where the texts come from.
    licence: under which terms.
    filters: the rules that the records passed.
    origin: what the origin of a record is, if each is written with one.
    shard_bytes: a shard is closed once it holds this many bytes of text.

  Raises:
    program.BadInput: if something that is no data set stands at `folder`.
  """

  def __init__(
    self,
    folder: str | os.PathLike[str],
    *,
    name: str,
    kind: str,
    columns: Sequence[str],
    source: str = "",
    licence: str = "",
    filters: dict[str, Any] | None = None,
    origin: str = "",
    shard_bytes: int = SHARD_BYTES,
  ):
    assert kind in manifest_lib.KINDS, kind
    # A link is followed: the data set takes the place of what it points to.
    final = pathlib.Path(folder).resolve()
    check_place(folder)
    self._atomic = atomic.folder(final)
    self._partial = final
    self._manifest = manifest_lib.Manifest(
      name=name,
      kind=kind,
      columns=tuple(columns),
      shards=(),
      source=source,
      licence=licence,
      filters=dict(filters or {}),
      origin=origin,
    )
    self._shard_bytes = shard_bytes
    self._order: hash_order.HashOrder | None = None
    self.counts: dict[str, int] = {}

  def __enter__(self) -> "Writer":
    self._partial = self._atomic.__enter__()
    self._order = hash_order.HashOrder(self._partial)
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    try:
      if error is None:
        self._write_all()
    except BaseException as failure:  # A full disk, or Ctrl-C.
      self._atomic.__exit__(type(failure), failure, failure.__traceback__)
      raise
    self._atomic.__exit__(kind, error, traceback)

  def write(self, record: Record, origin: str | None = None) -> None:
    """Takes one record.

    Args:
      record: as many values as there are columns.
      origin: where it comes from, if the data set keeps that.

    Raises:
      program.BadInput: if a text is longer than `DataSet` would read.
    """
    kind, columns = self._manifest.kind, self._manifest.columns
    # A triplet may bring more negatives than there are column names.
    more = kind in kinds.LISTS and len(record) > len(columns)
    assert more or len(record) == len(columns), record
    texts = kinds.texts(kind, record)
    assert all(isinstance(text, str) for text in texts), record
    longest = max(texts, key=len)
    if len(longest) > kinds.MAX_TEXT_CHARS:
      raise program.BadInput(
        f"a text has {len(longest):,} characters ({longest[:60]!r}...), wanted "
        f"at most {kinds.MAX_TEXT_CHARS:,}; leave it out or cut it"
      )
    fault = kinds.fault(kind, record)
    assert not fault, (fault, record)
    assert self._order is not None, "Writer is for a `with` block."
    assert (origin is not None) == bool(self._manifest.origin), origin
    self._order.add(kinds.encode(record, origin))

  def _write_all(self) -> None:
    """Writes the shards and says what they hold."""
    new = shard_writer.ShardWriter(self._partial, self._shard_bytes)
    try:
      for encoded in self._sorted():
        new.write(encoded)
      new.close()
    except BaseException:
      new.abandon()
      raise
    manifest = dataclasses.replace(
      self._manifest, shards=tuple(new.shards), counts=self.counts
    )
    manifest_lib.write(self._partial, manifest)

  def _sorted(self) -> Iterator[bytes]:
    """The records in order, with a progress bar where it takes long."""
    order = self._order
    assert order is not None
    if not order.spilled:
      yield from order.sorted()
      return
    with program.progress(len(order), unit="records", label="writing") as bar:
      for encoded in order.sorted():
        yield encoded
        bar.advance()


def check_place(folder: str | os.PathLike[str]) -> None:
  """Raises program.BadInput where a folder holds something else."""
  final = pathlib.Path(folder).resolve()
  if final.exists() and not (final / manifest_lib.FILE).exists():
    raise program.BadInput(
      f"{folder} exists and is not a data set (no {manifest_lib.FILE}); "
      "give another folder or move it away"
    )


class DataSet:
  """A data set folder, open for reading in any order.

  Its shards are opened as they are read (see data/shards.py).

  Args:
    folder: a folder that `Writer` made.

  Raises:
    program.BadInput: if it is missing, empty, or its files are not those that
      the manifest names.
  """

  def __init__(self, folder: str | os.PathLike[str]):
    self.folder = pathlib.Path(folder)
    self.manifest = manifest_lib.read(folder)
    if not self.manifest.records:
      raise program.BadInput(
        f"data set {self.folder} holds no records; counts: "
        f"{self.manifest.counts or 'none'}. Mend the source and write it again"
      )
    self._shards = [
      shards.find(self.folder, entry) for entry in self.manifest.shards
    ]
    # The number of each shard's first record, and that after the last's.
    counts = [shard.records for shard in self._shards]
    self._starts = np.cumsum([0, *counts])

  @property
  def name(self) -> str:
    """The data set's name in mixtures and reports."""
    return self.manifest.name

  def __len__(self) -> int:
    return int(self._starts[-1])

  def read(
    self,
    indices: Sequence[int] | np.ndarray,
    faults: faults_lib.Faults | None = None,
  ) -> list[Record]:
    """The records at these indices, in this order.

    Args:
      indices: 0 to len(self) - 1.
      faults: whether a bad record stops or is skipped, which puts the next
        good one of the data set in its place; without, it stops.

    Raises:
      program.BadInput: names the file, and the record that cannot be read or
        is not of the data set's kind.
    """
    return self._decoded(indices, self._decoder(), faults)

  def origins(
    self,
    indices: Sequence[int] | np.ndarray,
    faults: faults_lib.Faults | None = None,
  ) -> list[str]:
    """Where the records at these indices come from; see `read` for the rest."""
    assert self.manifest.origin, f"{self.folder} keeps no origins"
    check = self._decoder()

    def decode(encoded: bytes) -> str:
      check(encoded)  # So that what `read` skips is skipped here.
      return kinds.origin(encoded)

    return self._decoded(indices, decode, faults)

  def verify(self) -> None:
    """Reads every shard and compares its checksum with the manifest's.

    Raises:
      program.BadInput: names the first file that differs.
    """
    for shard, entry in zip(self._shards, self.manifest.shards, strict=True):
      shards.verify(shard, entry.sha256)

  def _decoder(self) -> Callable[[bytes], Record]:
    """A function from bytes to records, which raises kinds.Unfit."""
    of = self.manifest
    return kinds.decoder(of.kind, len(of.columns), bool(of.origin))

  def _decoded(
    self,
    indices: Sequence[int] | np.ndarray,
    decode: Callable[[bytes], Value],
    faults: faults_lib.Faults | None,
  ) -> list[Value]:
    """What is made of the bytes of each record, in the order of `indices`."""
    found: list[Any] = [None] * len(indices)
    for shard, positions, places in self._by_shard(indices):
      encoded = shards.read(shard, positions)
      for place, data in zip(places, encoded, strict=True):
        try:
          found[place] = decode(data)
        except kinds.Unfit:
          rule = faults or faults_lib.Faults()
          found[place] = self._next_good(int(indices[place]), decode, rule)
    return found

  def _by_shard(
    self, indices: Sequence[int] | np.ndarray
  ) -> Iterator[tuple[shards.Shard, list[int], list[int]]]:
    """Each shard with the records wanted of it and their places in `indices`.

    Records come in ascending order, so that a disk reads on.
    """
    wanted = np.asarray(indices, np.int64)
    if not len(wanted):
      return
    assert 0 <= wanted.min() <= wanted.max() < len(self), (
      f"records {indices} of {len(self)}"
    )
    places = np.argsort(wanted, kind="stable")
    wanted = wanted[places]
    # An empty shard starts where the next does, which `right` then gives.
    numbers = np.searchsorted(self._starts, wanted, side="right") - 1
    positions = (wanted - self._starts[numbers]).tolist()
    firsts = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
    places = places.tolist()
    for first, end in zip(firsts, [*firsts[1:], len(wanted)], strict=True):
      shard = self._shards[numbers[first]]
      yield shard, positions[first:end], places[first:end]

  def _next_good(
    self,
    index: int,
    decode: Callable[[bytes], Value],
    faults: faults_lib.Faults,
  ) -> Value:
    """What the first good record from here on gives; notes the bad ones."""
    for step in range(len(self)):
      [(shard, [position], _)] = self._by_shard([(index + step) % len(self)])
      [data] = shards.read(shard, [position])
      try:
        return decode(data)
      except kinds.Unfit as fault:
        self._note(shard, position, data, fault, faults)
    raise program.BadInput(
      f"none of the {len(self)} records of {self.folder} is good; write the "
      "data set again"
    )

  def _note(
    self,
    shard: shards.Shard,
    position: int,
    data: bytes,
    reason: Exception,
    faults: faults_lib.Faults,
  ) -> None:
    """Notes a bad record: where it is, what was found, wanted, the remedy."""
    found = f"holds {data[:60]!r} ({reason})"
    if isinstance(data, shards.Damaged):
      found = f"cannot be read ({data.reason})"
    wanted = kinds.wanted(self.manifest.kind, self.manifest.columns)
    faults.note(
      shard.path,
      position,
      f"record {position} of {shard.path} {found}; wanted {wanted}; copy or "
      "write the data set again, or give on_bad_record=skip",
    )
