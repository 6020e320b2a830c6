"""A retrieval task as a folder: a corpus, queries and who answers whom.

    corpus.jsonl.gz   {"_id": ..., "text": ...} a line, with "title" or without
    queries.jsonl.gz  {"_id": ..., "text": ...} a line
    qrels.tsv         header query-id, corpus-id, score; 1 and more: relevant

which is the layout of the BEIR benchmark (Thakur et al. 2021, arXiv
2104.08663), whose folders have the judgements of each split in a file of its
own, qrels/test.tsv, over one corpus and all queries. `read` takes the texts
packed (.gz) or plain.

    retrieval_folder.write(folder, corpus, queries, qrels)
    task = retrieval_folder.read(folder)
    task.qrels["q1"]  # {"p7": 1}
"""

import dataclasses
import gzip
import json
import os
import pathlib
from collections.abc import Mapping

from data import atomic
from data import json_rows
from data import program

_HEADER = ["query-id", "corpus-id", "score"]


@dataclasses.dataclass(frozen=True)
class RetrievalTask:
  """What a retrieval folder holds.

  Attributes:
    corpus: document id -> text, a title in front of it where there is one.
    queries: query id -> text.
    qrels: query id -> document id -> score; queries without any are absent.
  """

  corpus: dict[str, str]
  queries: dict[str, str]
  qrels: dict[str, dict[str, int]]


def write(
  folder: str | os.PathLike[str],
  corpus: Mapping[str, str],
  queries: Mapping[str, str],
  qrels: Mapping[str, Mapping[str, int]],
) -> None:
  """Writes the folder, which appears when it is whole.

  The same content gives the same bytes: the archives carry no time or name.

  Args:
    folder: where to; one that is there is replaced.
    corpus: document id -> text.
    queries: query id -> text.
    qrels: query id -> document id -> score.
  """
  lines = ["\t".join(_HEADER)]
  for query, scores in qrels.items():
    assert query in queries, query
    for document, score in scores.items():
      assert document in corpus, document
      lines.append(f"{query}\t{document}\t{score}")
  text = "".join(f"{line}\n" for line in lines)
  with atomic.folder(folder) as partial:
    _write_texts(partial / "corpus.jsonl.gz", corpus)
    _write_texts(partial / "queries.jsonl.gz", queries)
    (partial / "qrels.tsv").write_text(text, encoding="utf-8", newline="\n")


def read(folder: str | os.PathLike[str], split: str = "test") -> RetrievalTask:
  """The retrieval task in a folder.

  Args:
    folder: as above.
    split: which judgements, where there is a file for each split; qrels.tsv
      alone is the split "test".

  Raises:
    program.BadInput: names the file, and the line, that is missing or wrong.
  """
  folder = pathlib.Path(folder)
  corpus = read_texts(_find(folder, "corpus.jsonl"))
  queries = read_texts(_find(folder, "queries.jsonl"))
  qrels = _read_qrels(_find_qrels(folder, split), corpus, queries)
  return RetrievalTask(corpus, queries, qrels)


def is_one(folder: str | os.PathLike[str]) -> bool:
  """Whether a folder has judgements, as only retrieval folders do."""
  return any(_splits(pathlib.Path(folder)))


def _write_texts(path: pathlib.Path, texts: Mapping[str, str]) -> None:
  """Writes one JSON line a text, packed, without time and name."""
  with (
    path.open("wb") as raw,
    gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file,
  ):
    for key, text in texts.items():
      line = json.dumps({"_id": key, "text": text}, ensure_ascii=False)
      file.write(f"{line}\n".encode())


def _find(folder: pathlib.Path, name: str) -> pathlib.Path:
  """The file of this name, packed or plain."""
  for path in (folder / f"{name}.gz", folder / name):
    if path.is_file():
      return path
  raise program.BadInput(
    f"{folder} is not a retrieval folder: it has neither {name}.gz nor {name}; "
    "give a folder with corpus.jsonl, queries.jsonl and qrels.tsv"
  )


def _splits(folder: pathlib.Path) -> dict[str, pathlib.Path]:
  """The files of judgements by split, packed or plain."""
  found = {}
  for ending in (".tsv", ".tsv.gz"):
    for path in sorted(folder.glob(f"qrels/*{ending}")):
      found[path.name.removesuffix(ending)] = path
    if (folder / f"qrels{ending}").is_file():
      found["test"] = folder / f"qrels{ending}"
  return found


def _find_qrels(folder: pathlib.Path, split: str) -> pathlib.Path:
  """The judgements of a split."""
  there = _splits(folder)
  if not there:
    raise program.BadInput(
      f"{folder} is not a retrieval folder: it has neither qrels.tsv nor "
      "qrels/test.tsv; give a folder with corpus.jsonl, queries.jsonl and "
      "judgements"
    )
  if split not in there:
    raise program.BadInput(
      f"{folder} has no judgements of the split {split!r}; it has "
      f"{', '.join(there)}"
    )
  return there[split]


def read_texts(path: pathlib.Path) -> dict[str, str]:
  """id -> text, of a file with {"_id", "text"} a line, plain or .gz.

  Raises:
    program.BadInput: names the line that is wrong.
  """
  texts: dict[str, str] = {}
  for where, line in json_rows.lines(path):
    try:
      entry = json.loads(line)
      key, text, title = entry["_id"], entry["text"], entry.get("title") or ""
      well_formed = all(isinstance(value, str) for value in (key, text, title))
    except (ValueError, KeyError, TypeError, AttributeError):
      well_formed = False
    if not well_formed:
      raise program.BadInput(
        f"{where} is {line[:60]!r}; wanted an object with the strings _id and "
        "text, and title if it has one"
      )
    if key in texts:
      raise program.BadInput(
        f"{where} has _id {key!r} again; rename one of them"
      )
    texts[key] = f"{title} {text}" if title else text
  if not texts:
    raise program.BadInput(f"{path} is empty; write it again")
  return texts


def _read_qrels(
  path: pathlib.Path, corpus: dict[str, str], queries: dict[str, str]
) -> dict[str, dict[str, int]]:
  """query id -> document id -> score, checked against both."""
  lines = json_rows.lines(path)
  where, header = next(lines, (str(path), ""))
  if header.split("\t") != _HEADER:
    wanted = "\\t".join(_HEADER)
    raise program.BadInput(
      f"{where} is {header[:60]!r}; wanted the header {wanted!r}"
    )
  qrels: dict[str, dict[str, int]] = {}
  for where, line in lines:
    try:
      query, document, score = line.split("\t")
      relevance = int(score)
    except ValueError as error:
      raise program.BadInput(
        f"{where} is {line[:60]!r}; wanted query id, document id and a whole "
        "number, with tabs between them"
      ) from error
    for key, texts in ((query, queries), (document, corpus)):
      if key not in texts:
        kind = "queries" if texts is queries else "corpus"
        raise program.BadInput(
          f"{where} names {key!r}, which is not in the {kind}; add it there or "
          "take the line out"
        )
    qrels.setdefault(query, {})[document] = relevance
  if not qrels:
    raise program.BadInput(f"{path} judges no query; write it again")
  return qrels
