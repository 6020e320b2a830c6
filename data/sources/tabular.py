"""JSONL, CSV, TSV or Parquet files into a data set folder.

    echo '["how high is K2?", "8,611 metres above the sea"]' > faq.jsonl
    python -m data.sources.tabular --in=faq.jsonl --out=runs/faq \\
      --columns=query,document

`--in` takes files, patterns and lists of both (`--in=a.jsonl,b.csv.gz`,
`--in='dump/*.parquet'`). `--columns` names what to take of each object, CSV or
Parquet row: two make pairs, three and more triplets (query, positive,
negatives); of a JSON list, such as those of the sentence-transformers project
(embedding-training-data), it takes as many values as there are names. Where an
object's column holds a list of texts, each of them makes a record of its own;
all negatives of a last column stay in one record: `--columns=query,pos,neg`
reads `{"query": "q", "pos": ["p"], "neg": ["n", "m"]}`. What each `--kind` is:

- `texts`, `--columns=sentence`: texts alone, each its own query and document;
- `pairs`, `--columns=query,document`: what two columns are, unless told;
- `triplets`, `--columns=query,pos,neg`: and what three or more are;
- `scored`, `--columns=one,other,score`: two texts, and how alike they are;
- `scored_triplets`, `--columns=query,pos,neg,scores`: triplets, and last a list
  with a number (of a teacher, say) for each text after the query;
- `grouped`, `--columns=query,document,label`: pairs, and last a text or a whole
  number; the pairs of one label are positives of each other.

Records with an empty text (or null), a text outside `--min_chars` and
`--max_chars`, a text that is its own positive or negative, and repeated
records are left out and counted by reason. Texts are compared by identity.py's
rule. Memory is constant, but for 12 to 24 bytes a record to know the repeated
ones (`--duplicates=keep` spares them). Nothing stands at `--out` before all is
read.
"""

import dataclasses
import glob
import os
import pathlib
import time
from collections.abc import Sequence
from typing import Any

from absl import flags

from data import kinds
from data import manifest
from data import program
from data import records
from data.sources import rows
from data.sources import sieve


def find(names: Sequence[str], flag: str = "in") -> list[pathlib.Path]:
  """The files that names, patterns and comma-separated lists of both mean.

  Args:
    names: as a program is given them.
    flag: by which, for messages.

  Raises:
    program.BadInput: if a name is no file and a pattern matches none.
  """
  found: dict[pathlib.Path, None] = {}
  for name in names:
    parts = [name] if os.path.exists(name) else name.split(",")
    for part in filter(None, map(str.strip, parts)):
      found.update(dict.fromkeys(_matching(os.path.expanduser(part), flag)))
  return list(found)


def convert(
  files: Sequence[pathlib.Path],
  out: pathlib.Path,
  *,
  layout: rows.Layout,
  rules: sieve.Rules,
  name: str,
  source: str = "",
  licence: str = "",
) -> dict[str, Any]:
  """Writes the data set of some files.

  Args:
    files: the files to read, in this order.
    out: the folder to write.
    layout: how to read them.
    rules: which records are taken.
    name: the data set's name.
    source: where the texts come from.
    licence: under which terms.

  Returns:
    What the program's last line says.

  Raises:
    program.BadInput: if a file or a record cannot be read, or none is left.
  """
  start, sifted = time.monotonic(), sieve.Sieve(rules)
  filters = dataclasses.asdict(rules)
  kind = filters.pop("kind")
  writer = records.Writer(
    out,
    name=name,
    kind=kind,
    columns=layout.columns,
    source=source,
    licence=licence,
    filters=filters,
  )
  _check_files(files, out, layout)
  with writer, program.progress(None, unit="rows", label="reading") as bar:
    for path in files:
      for row in rows.read(path, layout):
        for record in sifted.sift(path, row):
          writer.write(record)
        bar.advance(1, path.name)
    if not sifted.kept:
      raise program.BadInput(_nothing_left(files, sifted))
    writer.counts = {"read": sifted.read, "kept": sifted.kept, **sifted.dropped}
  return {
    "out": str(out),
    "kind": kind,
    "records": sifted.kept,
    "read": sifted.read,
    "dropped": dict(sifted.dropped),
    "seconds": round(time.monotonic() - start, 1),
  }


def _matching(name: str, flag: str) -> list[pathlib.Path]:
  """The files of one name or pattern, sorted."""
  # A name with brackets in it may be a file rather than a pattern.
  names = [name] if os.path.exists(name) else sorted(glob.glob(name))
  files = [pathlib.Path(name) for name in names if not os.path.isdir(name)]
  if not files:
    folder = os.path.isdir(name)
    raise program.BadInput(
      f"--{flag}={name} is {'a folder' if folder else 'not there'}; give "
      "files, or a pattern in quotes, as in "
      f"--{flag}='{name if folder else 'DIR'}/*.jsonl'"
    )
  return files


def _check_files(
  files: Sequence[pathlib.Path], out: pathlib.Path, layout: rows.Layout
) -> None:
  """Finds what is wrong with a later file before hours go into the first."""
  for path in files:
    if out.resolve() in path.resolve().parents:
      raise program.BadInput(
        f"{path} is inside --out={out}, which will be replaced; move it away"
      )
    next(rows.read(path, layout), None)


def _nothing_left(files: Sequence[pathlib.Path], sifted: sieve.Sieve) -> str:
  """Says why no record is left."""
  where = str(files[0]) if len(files) == 1 else f"{len(files)} files"
  reasons = ", ".join(f"{n} {reason}" for reason, n in sifted.dropped.items())
  fault = (
    f"; the first bad one: {sifted.first_fault}" if sifted.first_fault else ""
  )
  return (
    f"no record is left of {sifted.read} in {where} ({reasons or 'no rows'})"
    f"{fault}; nothing was written: check --columns and the file"
  )


def kind_of(wanted: str, columns: Sequence[str]) -> str:
  """The kind of data set that the columns make."""
  count, given = len(columns), ",".join(columns)
  if len(set(columns)) < count or "" in columns or (count < 2 and not wanted):
    raise program.BadInput(
      f"--columns={given}: wanted two or more different names, as in "
      "--columns=query,document, or one with --kind=texts"
    )
  kind = wanted or ("pairs" if count == 2 else "triplets")
  least = manifest.KINDS[kind]
  if count < least or (count > least and kind not in kinds.LISTS):
    raise program.BadInput(
      f"--kind={kind} takes {_COLUMNS[kind]} in --columns, found {given}"
    )
  return kind


_COLUMNS = {
  "texts": "one",
  "pairs": "two",
  "triplets": "three or more",
  "scored": "two texts and a score",
  "scored_triplets": "three texts or more and their scores",
  "grouped": "two texts and their group",
}


def layout_of(
  kind: str, columns: Sequence[str], delimiter: str | None, quotes: str
) -> rows.Layout:
  """How to read files whose rows become records of a kind."""
  lists = columns[2:] if kind == "scored_triplets" else ()
  return rows.Layout(tuple(columns), delimiter, quotes, tuple(lists))


def _check_delimiter(delimiter: str | None) -> None:
  """Raises BadInput unless the delimiter can stand between fields."""
  fits = delimiter is None or (len(delimiter) == 1 and delimiter not in '"\r\n')
  if not fits:
    raise program.BadInput(
      f"--delimiter={delimiter}: wanted one character that is no quote and no "
      "line break, as in --delimiter=';' or, for a tab, --delimiter=$'\\t'"
    )


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_multi_string("in", [], "Files or patterns; see above.")
  flags.DEFINE_string("out", "", "The data set folder to write.")
  flags.DEFINE_list("columns", [], "Columns to take, in the record's order.")
  flags.DEFINE_enum("kind", "", ["", *manifest.KINDS], "By --columns if empty.")
  flags.DEFINE_string("name", "", "The data set's name; --out's if empty.")
  flags.DEFINE_string("source", "", "Where the texts come from.")
  flags.DEFINE_string("licence", "", "Under which terms.")
  flags.DEFINE_integer("min_chars", 1, "Fewest characters of a text.", 1)
  flags.DEFINE_integer("max_chars", 100_000, "Most characters of a text.", 1)
  flags.DEFINE_enum(
    "duplicates", "drop", ["drop", "keep"], "Records that repeat another."
  )
  flags.DEFINE_enum(
    "on_bad_record", "stop", ["stop", "skip"], "What cannot be read as text."
  )
  flags.DEFINE_string(
    "delimiter", None, "Between fields; a comma for .csv, a tab for .tsv."
  )
  flags.DEFINE_enum(
    "quotes",
    "double",
    ["double", "none"],
    "Whether double quotes enclose fields of CSV and TSV.",
  )


def main() -> None:
  """Reads the flags and writes the data set."""
  given = flags.FLAGS
  files = find(given["in"].value or [])
  program.require(files, "in", "pairs.jsonl")
  program.require(given.out, "out", "runs/pairs")
  program.require(given.columns, "columns", "query,document")
  _check_delimiter(given.delimiter)
  if given.min_chars > given.max_chars:
    raise program.BadInput(
      f"--min_chars={given.min_chars} is more than --max_chars="
      f"{given.max_chars}, so that no text fits; lower it"
    )
  out = pathlib.Path(given.out).expanduser()
  kind = kind_of(given.kind, given.columns)
  result = convert(
    files,
    out,
    layout=layout_of(kind, given.columns, given.delimiter, given.quotes),
    rules=sieve.Rules(
      kind,
      given.min_chars,
      given.max_chars,
      given.duplicates,
      given.on_bad_record,
    ),
    name=given.name or out.resolve().name,
    source=given.source,
    licence=given.licence,
  )
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
