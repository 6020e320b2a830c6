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
`--max_chars`, a text that is its own positive or negative, and repeated records
are left out and counted by reason, and so are those that the other flags of
data/cleaning name. Texts are compared by identity.py's rule. Memory is
constant, but for 12 to 24 bytes a record to know the repeated ones
(`--duplicates=keep` spares them). Nothing stands at `--out` before all is read.
"""

import functools
import pathlib
from collections.abc import Sequence
from typing import Any

from absl import flags

from data import kinds
from data import manifest
from data import program
from data.cleaning import flags as cleaning_flags
from data.sources import patterns
from data.sources import rows
from data.sources import sieve
from data.sources import sifted


def find(names: Sequence[str], flag: str = "in") -> list[pathlib.Path]:
  """The files that names, patterns and comma-separated lists of both mean.

  Args:
    names: as a program is given them.
    flag: by which, for messages.

  Raises:
    program.BadInput: if a name is no file and a pattern matches none.
  """
  found: dict[pathlib.Path, None] = {}
  for part in patterns.split(names):
    found.update(dict.fromkeys(_matching(part, flag)))
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
  _check_files(files, out, layout)
  return sifted.write(
    [
      sifted.Input(
        str(path), rows.read(path, layout), functools.partial(rows.place, path)
      )
      for path in files
    ],
    out,
    shape=sifted.Shape(layout.columns),
    rules=rules,
    about=sifted.About(
      name, source, licence, remedy="check --columns and the file"
    ),
  )


def _matching(name: str, flag: str) -> list[pathlib.Path]:
  """The files of one name or pattern, sorted."""
  files = [path for path in patterns.matches(name) if not path.is_dir()]
  if not files:
    folder = pathlib.Path(name).is_dir()
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
  sifted.check_place(files, out)
  for path in files:
    next(rows.read(path, layout), None)


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


def _max_bad_share(given: float | None, on_bad_record: str) -> float:
  """The most rows that may be bad, of all."""
  if given is not None:
    return given
  return 1.0 if on_bad_record == "skip" else 0.0


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_multi_string("in", [], "Files or patterns; see above.")
  flags.DEFINE_string("out", "", "The data set folder to write.")
  flags.DEFINE_list("columns", [], "Columns to take, in the record's order.")
  flags.DEFINE_enum("kind", "", ["", *manifest.KINDS], "By --columns if empty.")
  flags.DEFINE_string("name", "", "The data set's name; --out's if empty.")
  flags.DEFINE_string("source", "", "Where the texts come from.")
  flags.DEFINE_string("licence", "", "Under which terms.")
  cleaning_flags.define()
  flags.DEFINE_enum(
    "duplicates", "drop", ["drop", "keep"], "Records that repeat another."
  )
  flags.DEFINE_enum(
    "on_bad_record", "stop", ["stop", "skip"], "What cannot be read as text."
  )
  flags.DEFINE_float(
    "max_bad_share",
    None,
    "The most of all rows that may be such; stop is 0, skip 1, unless given.",
    0,
    1,
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
  out = pathlib.Path(given.out).expanduser()
  kind = kind_of(given.kind, given.columns)
  result = convert(
    files,
    out,
    layout=layout_of(kind, given.columns, given.delimiter, given.quotes),
    rules=sieve.Rules(
      kind,
      cleaning_flags.read(),
      given.duplicates,
      _max_bad_share(given.max_bad_share, given.on_bad_record),
    ),
    name=given.name or out.resolve().name,
    source=given.source,
    licence=given.licence,
  )
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
