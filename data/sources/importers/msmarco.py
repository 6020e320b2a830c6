"""Queries, passages and negatives of MS MARCO's files.

    python -m data.sources.importers.msmarco \\
      --in=triples.train.small.tsv.gz --out=runs/msmarco
    python -m data.sources.importers.msmarco \\
      --in=qidpidtriples.train.full.2.tsv.gz --queries=queries.train.tsv \\
      --collection=collection.tsv --out=runs/msmarco

(Bajaj et al. 2016, arXiv 1611.09268.) Between tabs are:

- query, relevant passage, other passage: triplets of texts;
- the ids of these, where `--queries` and `--collection` (id and text a line)
  have their texts;
- query, 0, passage, grade: judgements (qrels.train.tsv), also of ids, which
  make pairs of those with the grade 1 and more.

With `--kind=pairs` negatives are left out. Texts of ids are laid on disk;
memory is 24 bytes a passage. An origin is the ids, where there are some.
"""

import itertools
import pathlib
from collections.abc import Iterator, Sequence

from data import program
from data.sources import importing
from data.sources import line_rows
from data.sources import passages as passages_lib
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer

_TEXTS = ("queries", "collection")


def read(
  file: raw.File, options: importer.Options, scratch: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file of triples or judgements."""
  found: list[passages_lib.Passages] = []
  for name in _TEXTS if _has_ids(options) else ():
    texts = passages_lib.Passages(scratch / name)
    (other,) = raw.find([options[name]], ["*"], flag=name)
    for row in texts.fill(line_rows.of_fields(other, _id_and_text)):
      yield row._replace(where=f"{other.name} line {row.number:,}")
    found.append(texts)

  def rows_of(number: int, fields: list[str]) -> Iterator[rows.Row]:
    yield _row(number, fields, options["kind"], found)

  yield from line_rows.of_fields(file, rows_of)


def kind_of(file: raw.File) -> str:
  """Pairs where a line is a judgement, else triplets."""
  return (
    "pairs" if _is_judgement(_fields(line_rows.header(file))) else "triplets"
  )


def _row(
  number: int,
  fields: Sequence[str],
  kind: str,
  found: Sequence[passages_lib.Passages],
) -> rows.Row:
  """The row of a line."""
  judged = _is_judgement(fields)
  if judged and int(fields[3]) < 1:
    return rows.Row(number, dropped="low_grade")
  values = (fields[0], fields[2]) if judged else tuple(fields)
  if len(values) != 3 and (not judged or kind == "triplets"):
    wanted = "query, passage and negative"
    return rows.Row(number, fault=f"has {len(fields)} fields; wanted {wanted}")
  values = values[:2] if kind == "pairs" else values
  if not found:
    if judged or all(field.isdecimal() for field in values):
      fault = "has ids; give their texts by --queries and --collection"
      return rows.Row(number, fault=fault)
    return rows.Row(number, values)
  texts = []
  places = itertools.chain(["queries"], itertools.repeat("collection"))
  for name, place in zip(values, places, strict=False):
    text = found[_TEXTS.index(place)].text(name)
    if text is None:
      fault = f"names {name!r:.60}, which --{place} has not"
      return rows.Row(number, fault=fault)
    texts.append(text)
  return rows.Row(number, texts, origin="/".join(values))


def _has_ids(options: importer.Options) -> bool:
  """Whether the files hold ids."""
  given = [name for name in _TEXTS if options[name]]
  if len(given) == 1:
    raise program.BadInput(
      f"--{given[0]} is there and the other is not; give both of --queries and "
      "--collection, or none"
    )
  return bool(given)


def _id_and_text(number: int, fields: list[str]) -> Iterator[rows.Row]:
  """The id and the text of a line; what comes behind, such as a URL, goes."""
  if len(fields) < 2:
    yield rows.Row(number, fault=f"is {fields!r:.60}; wanted an id and a text")
  else:
    yield rows.Row(number, (fields[0].strip(), fields[1]))


def _is_judgement(fields: Sequence[str]) -> bool:
  """Whether the fields are query, 0, passage and grade."""
  return len(fields) == 4 and fields[3].strip().isdecimal()


def _fields(line: str) -> list[str]:
  """The fields of a line."""
  return line.rstrip("\r\n").split("\t")


IMPORTER = importer.Importer(
  name="msmarco",
  kinds={
    "triplets": ("query", "passage", "negative"),
    "pairs": ("query", "passage"),
  },
  wanted=("*triples*.tsv", "qrels.train*.tsv", "qrels.tsv"),
  read=read,
  options=(
    importer.Option("queries", "", "A file with id and text of queries."),
    importer.Option("collection", "", "A file with id and text of passages."),
  ),
  origin="query/passage/negative",
  kind_of=kind_of,
)


if __name__ == "__main__":
  importing.run(IMPORTER)
