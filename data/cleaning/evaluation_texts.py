"""All texts of an evaluation folder, of whatever type it is.

    read_all(["evals/sts@test", "evals/beir/nfcorpus"])

A folder holds files of JSON lines, as every type of evaluation here has (see
embeddings/evals/table.py), or is a data set. Each string in a line is a text,
but for those under the names in `NO_TEXT`; a list is looked through. Judgements
(qrels) name texts by their ids, and are not read. A title is a part of its
text. FOLDER@SPLIT has the files of one split, as the evaluations find them:
`test.jsonl.gz`, `2012.OnWN.test.jsonl`, or `all.jsonl`.
"""

import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from data import json_rows
from data import kinds
from data import manifest as manifest_lib
from data import program
from data import records

# Fields that say something about a text.
NO_TEXT = frozenset(
  (
    "_id",
    "bias_type",
    "direction",
    "docid",
    "gender",
    "genre",
    "id",
    "kind",
    "label",
    "lang",
    "language",
    "mentions",
    "metadata",
    "occupation",
    "participant",
    "qid",
    "score",
    "source",
    "split",
    "subset",
    "title",
    "type",
    "url",
  )
)
_RECORDS = 1_024


def read_all(written: Sequence[str]) -> Iterator[str]:
  """The texts of evaluations, one by one; some come more than once.

  Args:
    written: FOLDER or FOLDER@SPLIT each.

  Raises:
    program.BadInput: if a folder is not there, holds no text, or a file of it
      cannot be read.
  """
  for one in written:
    folder, split = parse(one)
    count = 0
    for text in _texts(folder, split):
      count += 1
      yield text
    if not count:
      raise program.BadInput(
        f"--decontaminate={one} holds no text; wanted files of JSON lines with "
        "texts in them"
      )


def parse(written: str) -> tuple[pathlib.Path, str]:
  """The folder and the split, "" for all; a folder may have "@" in its name.

  Raises:
    program.BadInput: if there is no such folder.
  """
  folder, split = pathlib.Path(written).expanduser(), ""
  named = re.fullmatch(r"(.+)@([\w-]+)", written)
  if named and not folder.is_dir():
    folder, split = pathlib.Path(named[1]).expanduser(), named[2]
  if not folder.is_dir():
    raise program.BadInput(
      f"--decontaminate={written}: {folder} is not a folder; wanted FOLDER or "
      "FOLDER@SPLIT of an evaluation"
    )
  return folder, split


def files(folder: pathlib.Path, split: str = "") -> list[pathlib.Path]:
  """The files of a folder with texts, or of one of its splits.

  Raises:
    program.BadInput: if there is none.
  """
  if (folder / manifest_lib.FILE).is_file():
    return [folder / manifest_lib.FILE]
  there = {
    json_rows.stem(path): path
    for path in sorted(folder.iterdir())
    if json_rows.stem(path)
  }
  found = [
    path
    for stem, path in there.items()
    if not split or stem == split or stem.endswith(f".{split}")
  ]
  # Retrieval has one corpus and all queries for every split; others may have
  # one file for all.
  if split and not found:
    whole = [path for stem, path in there.items() if stem == "all"]
    is_retrieval = {"corpus", "queries"} <= there.keys()
    found = list(there.values()) if is_retrieval else whole
  if not found:
    raise program.BadInput(
      f"--decontaminate: {folder} has no JSON lines"
      + f" of the split {split!r}" * bool(split)
      + f"; it has {', '.join(there) or 'no such file'}"
    )
  return found


def _texts(folder: pathlib.Path, split: str) -> Iterator[str]:
  """The texts of a folder."""
  if (folder / manifest_lib.FILE).is_file():
    yield from _of_data_set(folder)
    return
  decode = msgspec.json.Decoder().decode
  for path in files(folder, split):
    for where, line in json_rows.lines(path):
      try:
        row = decode(line)
      except msgspec.MsgspecError as error:
        raise program.BadInput(
          f"{where} is {line[:60]!r} ({error}); wanted JSON"
        ) from error
      yield from _of_row(row)


def _of_row(row: Any) -> Iterator[str]:
  """The texts in a line."""
  if isinstance(row, str):
    if row.strip():
      yield row
  elif isinstance(row, list):
    for value in row:
      yield from _of_row(value)
  elif isinstance(row, dict):
    for name, value in row.items():
      if name not in NO_TEXT:
        yield from _of_row(value)
    title, text = row.get("title"), row.get("text")
    if isinstance(title, str) and isinstance(text, str) and title:
      yield f"{title} {text}"


def _of_data_set(folder: pathlib.Path) -> Iterator[str]:
  """The texts of a data set."""
  data_set = records.DataSet(folder)
  for first in range(0, len(data_set), _RECORDS):
    part = range(first, min(first + _RECORDS, len(data_set)))
    for record in data_set.read(part):
      yield from kinds.texts(data_set.manifest.kind, record)
