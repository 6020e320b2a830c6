"""The texts of a data set, each once, and which of them stand together.

    about.json     what they were collected from, and how many there are
    documents.*    the documents: positives, negatives, the corpus's (texts.py)
    queries.*      the queries
    pairs          int64 [P, 2]: query and positive of each record
    given          int64: the negatives of each record, end to end
    given_starts   int64 [P + 1]
    known          int64 [K], rising: query x N + document, of documents that
                   cannot be negatives of the query
    why            uint8 [K]: which of REASONS

Equal texts (data/identity.py) are one, numbered by where they come first. All
but the texts themselves is held in memory: some 100 bytes a text at most.
"""

import array
import json
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from data import atomic
from data import identity
from data import kinds
from data import records
from data import seen
from embeddings.mining import texts as texts_lib

KINDS = ("pairs", "triplets")
# Why a document is no candidate; the first that holds is counted.
REASONS = ("known_positive", "equal_to_query", "existing_negative")
READ_RECORDS = 1_024

_FILE = "about.json"
_DTYPES = {
  "pairs": "<i8",
  "given": "<i8",
  "given_starts": "<i8",
  "known": "<i8",
  "why": "u1",
}


class Collected:
  """What `collect` has put into a folder, open for reading.

  Attributes:
    queries: each once.
    documents: each once, N of them.
    pairs: int64 [P, 2], a row a record: its query and its positive.
    given: int64, the negatives that the records have, end to end.
    given_starts: int64 [P + 1], where those of each record begin.
    known: int64 [K], rising, and `why` uint8 [K]; see above.
  """

  def __init__(self, folder: pathlib.Path):
    about = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    digest = json.dumps(about["texts"])
    self.queries = texts_lib.Texts(folder / "queries", f"queries {digest}")
    self.documents = texts_lib.Texts(
      folder / "documents", f"documents {digest}"
    )
    found = {
      name: np.fromfile(folder / name, dtype) for name, dtype in _DTYPES.items()
    }
    self.pairs = found["pairs"].reshape(-1, 2)
    self.given, self.given_starts = found["given"], found["given_starts"]
    self.known, self.why = found["known"], found["why"]

  def known_span(
    self, queries: np.ndarray
  ) -> tuple[np.ndarray, np.ndarray]:  # [Q], [Q]
    """From where to where in `known` the documents of queries stand."""
    count = len(self.documents)
    return (
      np.searchsorted(self.known, queries * count),
      np.searchsorted(self.known, (queries + 1) * count),
    )

  def why_not(
    self,
    queries: np.ndarray,  # [Q]
    documents: np.ndarray,  # [Q, C]
  ) -> np.ndarray:  # int64 [Q, C]
    """Why a document cannot be a negative: a place in REASONS, or -1."""
    keys = queries[:, None] * len(self.documents) + documents
    at = np.minimum(np.searchsorted(self.known, keys), len(self.known) - 1)
    # A document of -1 has the key of another query's last one.
    is_known = (self.known[at] == keys) & (documents >= 0)
    return np.where(is_known, self.why[at].astype(np.int64), -1)


def collect(
  folder: pathlib.Path,
  data_set: records.DataSet,
  corpus: Iterable[str],
  about: dict[str, Any],
  *,
  existing: str = "keep",
  advance: Callable[[int], None] = lambda _: None,
) -> Collected:
  """Collects the texts of a data set, unless they are there.

  Args:
    folder: appears when it is whole.
    data_set: of one of KINDS.
    corpus: further documents.
    about: what texts these are, as JSON has it.
    existing: "keep" if the negatives of a record stay its negatives, so that
      they need not be found again.
    advance: is told how many further records were read.

  Raises:
    program.BadInput: for a record or a text that cannot be read.
  """
  path = folder / _FILE
  content = json.dumps({"texts": about, "existing": existing})
  if not path.exists() or path.read_text(encoding="utf-8") != content:
    with atomic.folder(folder) as partial:
      _collect(partial, data_set, corpus, existing, advance)
      (partial / _FILE).write_text(content, encoding="utf-8")
  return Collected(folder)


def _collect(
  folder: pathlib.Path,
  data_set: records.DataSet,
  corpus: Iterable[str],
  existing: str,
  advance: Callable[[int], None],
) -> None:
  """Writes all files but about.json."""
  kind, counts = data_set.manifest.kind, []
  with (
    texts_lib.Writer(folder / "queries") as query_writer,
    texts_lib.Writer(folder / "documents") as document_writer,
  ):
    queries, documents = _Once(query_writer), _Once(document_writer)
    for first in range(0, len(data_set), READ_RECORDS):
      last = min(first + READ_RECORDS, len(data_set))
      for record in data_set.read(range(first, last)):
        query, *others = kinds.texts(kind, record)
        queries.add([query])
        documents.add(others)
        counts.append(len(others))
      advance(last - first)
    own = len(documents)  # By the data set; the corpus's come behind.
    for text in corpus:
      documents.add([text])
  lengths = np.array(counts, np.int64)
  for name, found in _tables(queries, documents, own, lengths, existing):
    found.astype(_DTYPES[name]).tofile(folder / name)


class _Once:
  """Writes the texts that were not there before, and keeps all hashes."""

  def __init__(self, writer: texts_lib.Writer):
    self._writer, self._seen = writer, seen.Seen()
    self._hashes = array.array("Q")

  def __len__(self) -> int:
    return len(self._hashes)

  def add(self, texts: Sequence[str]) -> None:
    """Takes some texts."""
    for text in texts:
      found = identity.hash_text(text)
      self._hashes.append(found)
      if self._seen.add(found):
        self._writer.add(text)

  def numbered(self) -> tuple[np.ndarray, np.ndarray]:
    """The number of each text that was added, and each number's hash."""
    unique, first, inverse = np.unique(
      np.array(self._hashes), return_index=True, return_inverse=True
    )
    assert len(unique) == len(self._seen), (len(unique), len(self._seen))
    by_first = np.argsort(first)
    number = np.empty(len(unique), np.int64)
    number[by_first] = np.arange(len(unique))
    return number[inverse], unique[by_first]


def _tables(
  queries: _Once,
  documents: _Once,
  own: int,
  lengths: np.ndarray,  # [P]
  existing: str,
) -> Iterable[tuple[str, np.ndarray]]:
  """The arrays by name; `lengths` are the documents of each record."""
  query, query_hashes = queries.numbered()
  document, document_hashes = documents.numbered()
  starts = np.cumsum(lengths) - lengths
  is_given = np.ones(own, bool)
  is_given[starts] = False
  positive, given = document[starts], document[:own][is_given]
  yield "pairs", np.stack([query, positive], 1)
  yield "given", given
  yield "given_starts", np.concatenate([[0], np.cumsum(lengths - 1)])
  _, same_query, same_document = np.intersect1d(
    query_hashes, document_hashes, assume_unique=True, return_indices=True
  )
  pairs = [(query, positive), (same_query, same_document)]
  if existing == "keep":
    pairs.append((np.repeat(query, lengths - 1), given))
  count = len(document_hashes)
  keys = np.concatenate([q * count + d for q, d in pairs])
  why = np.repeat(np.arange(len(pairs)), [len(q) for q, _ in pairs])
  # The first of equal keys is that of the first reason.
  known, at = np.unique(keys, return_index=True)
  yield "known", known
  yield "why", why[at]
