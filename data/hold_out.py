"""Keeps some queries of a data set back, as a retrieval task to measure with.

    python -m data.hold_out --data=runs/faq --out=runs/faq_split --queries=500

writes `train`, a data set without those queries, and `test`, a retrieval folder
(see data/retrieval_folder.py): the queries that were held out, and a corpus of
all documents of the data set, so that the right one is to be found among all.
Which queries these are follows from their texts and --seed alone: equal texts
(by identity.py's rule) stay together. Of a triplet the first document answers
the query; its negatives are in the corpus as well.

Documents and queries that are held out must fit in memory.
"""

from collections.abc import Iterator
from typing import NamedTuple

from absl import flags
import numpy as np

from data import atomic
from data import identity
from data import permutation
from data import program
from data import records
from data import retrieval_folder

_AT_ONCE = 4_096  # records


class Part(NamedTuple):
  """Some records in a row.

  Attributes:
    records: N of them.
    queries: uint64 [N], the identities of their queries.
  """

  records: list[records.Record]
  queries: np.ndarray


def chosen(data_set: records.DataSet, count: int, seed: int) -> np.ndarray:
  """The identities of the queries that are held out, uint64 [count], sorted.

  Raises:
    program.BadInput: if there are not more queries than that.
  """
  queries = np.unique(
    np.concatenate([part.queries for part in _parts(data_set)])
  )
  if len(queries) <= count:
    raise program.BadInput(
      f"--queries={count} and {data_set.folder} has {len(queries)} queries; "
      "wanted fewer than there are"
    )
  order = np.argsort(permutation.mix_arrays(queries, seed), kind="stable")
  return np.sort(queries[order[:count]])


def task(
  data_set: records.DataSet, held_out: np.ndarray
) -> retrieval_folder.RetrievalTask:
  """Finding the documents of queries among all of a data set.

  Args:
    data_set: of pairs or triplets.
    held_out: uint64, sorted: the queries' identities.
  """
  corpus, queries = {}, {}
  qrels: dict[str, dict[str, int]] = {}
  for part in _parts(data_set):
    out = np.isin(part.queries, held_out)
    for record, query, is_out in zip(*part, out, strict=True):
      names = [f"d{identity.hash_text(text):016x}" for text in record[1:]]
      for name, text in zip(names, record[1:], strict=True):
        corpus.setdefault(name, text)
      if is_out:
        asked = f"q{int(query):016x}"
        queries.setdefault(asked, record[0])
        qrels.setdefault(asked, {})[names[0]] = 1
  return retrieval_folder.RetrievalTask(corpus, queries, qrels)


def write_train(
  folder: str, data_set: records.DataSet, held_out: np.ndarray
) -> int:
  """Writes the records whose queries are not held out, and counts them."""
  about = data_set.manifest
  writer = records.Writer(
    folder,
    name=about.name,
    kind=about.kind,
    columns=about.columns,
    source=about.source,
    licence=about.licence,
    filters={**about.filters, "held_out_queries": len(held_out)},
  )
  kept = 0
  with writer:
    for part in _parts(data_set):
      for number in np.flatnonzero(~np.isin(part.queries, held_out)):
        writer.write(part.records[number])
        kept += 1
    writer.counts = {"kept": kept, "held_out": len(data_set) - kept}
  return kept


def _parts(data_set: records.DataSet) -> Iterator[Part]:
  """All records, some at a time."""
  for start in range(0, len(data_set), _AT_ONCE):
    found = data_set.read(range(start, min(start + _AT_ONCE, len(data_set))))
    yield Part(found, identity.hash_texts([record[0] for record in found]))


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("data", "", "A data set folder of pairs or triplets.")
  flags.DEFINE_string("out", "", "The folder for train and test.")
  flags.DEFINE_integer("queries", 1_000, "How many are held out.", 1)
  flags.DEFINE_integer("seed", 0, "Other queries are held out.")


def main() -> None:
  """Splits --data into --out."""
  given = flags.FLAGS
  program.require(given.data, "data", "runs/faq")
  program.require(given.out, "out", "runs/faq_split")
  data_set = records.DataSet(given.data)
  if data_set.manifest.kind not in ("pairs", "triplets"):
    raise program.BadInput(
      f"{given.data} is a data set of {data_set.manifest.kind}; wanted pairs "
      "or triplets, whose documents answer their queries"
    )
  held_out = chosen(data_set, given.queries, given.seed)
  found = task(data_set, held_out)
  with atomic.folder(given.out) as partial:
    kept = write_train(str(partial / "train"), data_set, held_out)
    retrieval_folder.write(
      partial / "test", found.corpus, found.queries, found.qrels
    )
  program.print_result(
    {
      "out": given.out,
      "train": kept,
      "held_out": len(data_set) - kept,
      "queries": len(found.queries),
      "corpus": len(found.corpus),
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main)
