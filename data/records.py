"""The one schema of training data: a folder of ArrayRecord shards.

A data set is a folder of shards (`00000.array_record`, ...) and a
`manifest.json`, which says what is in them. A record is a JSON list with one
value a column: two texts for pairs; query, positive and one or more negatives
for triplets; two texts and a score for scored pairs. Shards are written with
`group_size:1`, so that any record is read without its neighbours.

    with records.Writer(folder, name="faq", kind="pairs",
                        columns=("query", "document")) as writer:
      writer.write(("how do I ...", "first, ..."))
    data_set = records.DataSet(folder)
    data_set.read([5, 3, 8])  # three records, in that order

The folder appears only when it is whole (see data/atomic.py).
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from array_record.python import array_record_data_source

# A compiled module without a stub:
from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]

from data import atomic
from data import manifest as manifest_lib
from data import program

SHARD_BYTES = 64 * 2**20

Record = tuple[Any, ...]  # texts, and the score last where kind is "scored".


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
    shard_bytes: int = SHARD_BYTES,
  ):
    assert kind in manifest_lib.KINDS, kind
    # A link is followed: the data set takes the place of what it points to.
    final = pathlib.Path(folder).resolve()
    if final.exists() and not (final / manifest_lib.FILE).exists():
      raise program.BadInput(
        f"{folder} exists and is not a data set (no {manifest_lib.FILE}); "
        "give another folder or move it away"
      )
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
    )
    self._shard_bytes = shard_bytes
    self._shards: list[manifest_lib.Shard] = []
    self._shard: array_record_module.ArrayRecordWriter | None = None
    self._shard_records = self._shard_size = 0
    self.counts: dict[str, int] = {}

  def __enter__(self) -> "Writer":
    self._partial = self._atomic.__enter__()
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    traceback: TracebackType | None,
  ) -> None:
    try:
      if error is None:
        self._close_shard()
        self._write_manifest()
      elif self._shard is not None:
        with contextlib.suppress(RuntimeError):  # The first error counts.
          self._shard.close()
    except BaseException as failure:  # A full disk shows when a shard ends.
      self._atomic.__exit__(type(failure), failure, failure.__traceback__)
      raise
    self._atomic.__exit__(kind, error, traceback)

  def write(self, record: Record) -> None:
    """Appends one record: as many values as there are columns."""
    values = len(self._manifest.columns)
    # A triplet may bring more negatives than there are column names.
    exact = self._manifest.kind != "triplets"
    assert len(record) == values or (not exact and len(record) > values), record
    texts = record if self._manifest.kind != "scored" else record[:-1]
    # `DataSet` refuses what is blank.
    assert all(isinstance(text, str) and text.strip() for text in texts), record
    encoded = json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    shard = self._shard = self._shard or self._new_shard()
    shard.write(encoded)
    self._shard_records += 1
    self._shard_size += len(encoded)
    if self._shard_size >= self._shard_bytes:
      self._close_shard()

  def _shard_path(self) -> pathlib.Path:
    """The file of the open shard."""
    return self._partial / f"{len(self._shards):05d}.array_record"

  def _new_shard(self) -> array_record_module.ArrayRecordWriter:
    """Opens the next shard."""
    return array_record_module.ArrayRecordWriter(
      str(self._shard_path()), "group_size:1"
    )

  def _close_shard(self) -> None:
    """Ends the open shard and notes its count, size and checksum."""
    if self._shard is None:
      return
    self._shard.close()
    path = self._shard_path()
    with path.open("rb") as file:
      digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    self._shards.append(
      manifest_lib.Shard(path.name, self._shard_records, size, digest)
    )
    self._shard, self._shard_records, self._shard_size = None, 0, 0

  def _write_manifest(self) -> None:
    """Says what the folder holds."""
    manifest = dataclasses.replace(
      self._manifest, shards=tuple(self._shards), counts=self.counts
    )
    manifest_lib.write(self._partial, manifest)


class DataSet:
  """A data set folder, open for reading in any order.

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
    for shard in self.manifest.shards:
      _check_size(self.folder / shard.file, shard)
    self._source = _open(self.folder, self.manifest.shards)
    if len(self._source) != self.manifest.records:
      raise program.BadInput(
        f"{self.folder} holds {len(self._source)} records and its manifest "
        f"says {self.manifest.records}; write the data set again"
      )

  @property
  def name(self) -> str:
    """The data set's name in mixtures and reports."""
    return self.manifest.name

  def __len__(self) -> int:
    return self.manifest.records

  def read(self, indices: Sequence[int]) -> list[Record]:
    """The records at these indices, in this order.

    Raises:
      program.BadInput: names the file and the record that cannot be read.
    """
    if not len(indices):
      return []
    try:
      # Batched: one by one, the same records take fifty times longer.
      encoded = self._source.__getitems__([int(index) for index in indices])
    except RuntimeError:
      self._find_unreadable(indices)
      raise
    return [
      self._decode(data, index)
      for data, index in zip(encoded, indices, strict=True)
    ]

  def verify(self) -> None:
    """Reads every shard and compares its checksum with the manifest's.

    Raises:
      program.BadInput: names the first file that differs.
    """
    for shard in self.manifest.shards:
      with (self.folder / shard.file).open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
      if found != shard.sha256:
        raise program.BadInput(
          f"{self.folder / shard.file} has sha256 {found[:12]}..., wanted "
          f"{shard.sha256[:12]}...; copy or write the data set again"
        )

  def _decode(self, encoded: bytes, index: int) -> Record:
    """One record's values, checked against the kind of the data set."""
    manifest = self.manifest
    try:
      record = json.loads(encoded)
      texts = record[:-1] if manifest.kind == "scored" else record
      least = len(manifest.columns)
      well_formed = (
        isinstance(record, list)
        and (len(record) == least or manifest.kind == "triplets")
        and len(record) >= least
        and all(isinstance(text, str) and text.strip() for text in texts)
        and (manifest.kind != "scored" or isinstance(record[-1], int | float))
      )
    except (ValueError, TypeError, KeyError):
      well_formed, record = False, []
    if not well_formed:
      raise program.BadInput(
        f"record {index} of {self._where(index)} is not {manifest.kind} of "
        f"{', '.join(manifest.columns)}: {encoded[:60]!r}; write the data set "
        "again"
      )
    return tuple(record)

  def _find_unreadable(self, indices: Sequence[int]) -> None:
    """Raises BadInput for the first of these records that cannot be read."""
    for index in indices:
      try:
        self._source[int(index)]
      except RuntimeError as error:
        raise program.BadInput(
          f"record {index} of {self._where(index)} cannot be read ({error}); "
          "copy or write the data set again"
        ) from error

  def _where(self, index: int) -> str:
    """The file that holds record `index`."""
    for shard in self.manifest.shards:
      if index < shard.records:
        return str(self.folder / shard.file)
      index -= shard.records
    return str(self.folder)


def _check_size(path: pathlib.Path, shard: manifest_lib.Shard) -> None:
  """Raises BadInput unless the shard is there and as long as it was."""
  size = path.stat().st_size if path.exists() else None
  if size != shard.bytes:
    found = "is missing" if size is None else f"has {size} bytes"
    raise program.BadInput(
      f"{path} {found}, wanted {shard.bytes} bytes; copy or write the data set "
      "again"
    )


def _open(
  folder: pathlib.Path, shards: Sequence[manifest_lib.Shard]
) -> array_record_data_source.ArrayRecordDataSource:
  """The records of all shards; BadInput if a shard's index is damaged."""
  paths = [str(folder / shard.file) for shard in shards]
  try:
    return array_record_data_source.ArrayRecordDataSource(paths)
  except RuntimeError as error:
    raise program.BadInput(
      f"{folder} has a damaged shard ({error}); copy or write the data "
      "set again"
    ) from error
