"""Queries and relevant documents of a folder in BEIR's layout.

    python -m data.sources.importers.beir --in=nfcorpus.zip --out=runs/nfcorpus

(Thakur et al. 2021, arXiv 2104.08663; MTEB's retrieval tasks are laid out in
the same way.) `--in` is a folder or an archive with qrels/train.tsv (or the
`--split` that is asked for, or one qrels.tsv), corpus.jsonl and queries.jsonl
beside it or one folder up, packed or not. A pair is a query and a document that
was given the grade `--min_grade` or more; a document's title goes in front of
its text unless `--title=drop`. An origin is the query's id and the document's.

Of the corpus, the documents that a pair needs are laid on disk; memory is some
60 bytes for each of them.
"""

import pathlib
from collections.abc import Iterator

import msgspec

from data import program
from data.sources import importing
from data.sources import line_rows
from data.sources import passages as passages_lib
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer


class _Line(msgspec.Struct):
  """A line of the corpus, or of the queries."""

  name: str = msgspec.field(name="_id")
  text: str
  title: str | None = None


def read(
  file: raw.File, options: importer.Options, scratch: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file of judgements."""
  least = options["min_grade"]
  wanted: tuple[set[int], set[int]] = (set(), set())
  for row in _judged(file):
    if not row.fault and row.values[2] >= least:
      for names, name in zip(wanted, row.values[:2], strict=True):
        names.add(passages_lib.hash_name(name))
  found = []
  for name, needed in zip(("queries", "corpus"), wanted, strict=True):
    texts = passages_lib.Passages(scratch / name)
    other = _beside(file, f"{name}.jsonl")
    joined = name == "corpus" and options["title"] == "join"
    for row in texts.fill(_texts(other, joined), needed.__contains__):
      yield row._replace(where=f"{other.name} line {row.number:,}")
    found.append(texts)
  for row in _judged(file):
    yield row if row.fault else _pair(row, least, *found)


def _pair(
  row: rows.Row,
  least: int,
  queries: passages_lib.Passages,
  corpus: passages_lib.Passages,
) -> rows.Row:
  """The pair of a judgement."""
  query, document, grade = row.values
  if grade < least:
    return rows.Row(row.number, dropped="low_grade")
  texts = queries.text(query), corpus.text(document)
  for name, text, place in zip(
    (query, document), texts, ("queries", "corpus"), strict=True
  ):
    if text is None:
      fault = f"names {name!r:.60}, which {place}.jsonl has not"
      return rows.Row(row.number, fault=fault)
  return rows.Row(row.number, texts, origin=f"{query}/{document}")


def _judged(file: raw.File) -> Iterator[rows.Row]:
  """The judgements: query, document and grade."""

  def rows_of(number: int, fields: list[str]) -> Iterator[rows.Row]:
    grade = fields[-1].strip()
    if number == 1 and not _is_grade(grade):
      return  # The names of the columns.
    if len(fields) == 3 and _is_grade(grade):
      yield rows.Row(number, (fields[0], fields[1], int(grade)))
    elif len(fields) == 4 and _is_grade(grade):  # trec_eval's.
      yield rows.Row(number, (fields[0], fields[2], int(grade)))
    else:
      yield rows.Row(
        number,
        fault=f"is {fields!r:.60}; wanted query, document and grade",
      )

  return line_rows.of_fields(file, rows_of)


def _is_grade(field: str) -> bool:
  """Whether a field is a whole number."""
  return field.removeprefix("-").isdecimal()


def _texts(file: raw.File, joined: bool) -> Iterator[rows.Row]:
  """The ids and texts of a file."""

  def rows_of(number: int, line: _Line) -> Iterator[rows.Row]:
    text = line.text
    if joined and line.title:
      text = f"{line.title} {text}"
    yield rows.Row(number, (line.name, text))

  return line_rows.of_json(file, _Line, rows_of)


def _beside(file: raw.File, name: str) -> raw.File:
  """A file of the same folder of BEIR."""
  found = line_rows.beside(file, name)
  if found is None:
    raise program.BadInput(
      f"there is no {name} beside {file.name} or one folder up; wanted a "
      "folder in BEIR's layout: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv"
    )
  return found


IMPORTER = importer.Importer(
  name="beir",
  kinds={"pairs": ("query", "document")},
  wanted=("{split}.tsv", "qrels.tsv"),
  read=read,
  options=(
    importer.Option("split", "train", "Whose judgements are taken."),
    importer.Option("min_grade", 1, "The least grade of a pair."),
    importer.Option(
      "title", "join", "In front of the text, or left out.", ("join", "drop")
    ),
  ),
  origin="query/document",
)


if __name__ == "__main__":
  importing.run(IMPORTER)
