"""Searches an index by meaning.

    python -m tools.search --index=runs/index "how to read a file by lines"

Each argument is a question; the documents nearest to it are printed. The last
line is JSON: for each question, the ids that were found and their scores.

    python -m tools.search --index=runs/index --interactive

asks for questions until an empty line, `:q` or the end of the input; of input
that is no terminal, each line is a question and has a line of JSON for answer.
An index that takes the place of this one meanwhile is taken at once.

    python -m tools.search --index=runs/index --build_hnsw

makes a graph for --how=hnsw, which is for a million documents and more. Every
new index needs its own before it answers: `tools.encode --hnsw` makes it along.

The vectors of the index must fit in memory (4 bytes a number, 2 as float16),
with --how=hnsw also its graph, which has them again, and twice all of that in
the moment when an index is replaced.
"""

import json
import pathlib
import sys
import time
from collections.abc import Iterator, Sequence

from absl import flags

from data import program
from embeddings import hnsw
from embeddings import index
from embeddings import index_about
from embeddings import serving

_END = ("", ":q")


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("index", "", "A folder that tools.encode wrote.")
  flags.DEFINE_integer("k", 3, "How many documents to find.", 1)
  flags.DEFINE_integer("lines", 4, "Lines of each to print.", 0)
  flags.DEFINE_enum(
    "how", "exact", index.HOW, "How to search: what is found, and how fast."
  )
  flags.DEFINE_float(
    "recall", 0.95, "Share that --how=approximate finds, on average.", 0, 1
  )
  flags.DEFINE_bool("interactive", False, "Ask for questions, one by one.")
  flags.DEFINE_bool("build_hnsw", False, "Make the graph of --how=hnsw.")
  flags.DEFINE_integer("hnsw_links", hnsw.LINKS, "Its links (M).", 2)
  flags.DEFINE_integer(
    "hnsw_ef_construction",
    hnsw.EF_CONSTRUCTION,
    "Candidates for these links (efConstruction).",
    1,
  )
  flags.DEFINE_integer(
    "hnsw_ef_search",
    hnsw.EF,
    "Candidates of a search by it (efSearch): more find more, and take longer.",
    1,
  )


def main() -> None:
  """Answers the questions on the command line, or those that are typed."""
  given = flags.FLAGS
  program.require(given.index, "index", "runs/index")
  questions = program.arguments()
  _check(questions)
  if given.build_hnsw:
    made = _build()
    if not questions and not given.interactive:
      program.print_result(made)
      return
  served = serving.Serving(given.index, how=given.how)
  count = len(served.current())
  if given.k > count:
    raise program.BadInput(
      f"--k is {given.k:,} and the index has {count:,} documents; give --k="
      f"{count} at most"
    )
  if given.interactive:
    (_talk if sys.stdin.isatty() else _filter)(served)
  else:
    _answer(served, questions)


def _check(questions: Sequence[str]) -> None:
  """Raises BadInput unless it is clear what is asked."""
  given = flags.FLAGS
  if given.interactive and questions:
    raise program.BadInput(
      f"{questions[0]!r} and --interactive are two ways to ask; give one"
    )
  if not (questions or given.interactive or given.build_hnsw):
    raise program.BadInput(
      'there is no question; give one or more, as in "how to read a file", or '
      "--interactive"
    )
  if not all(question.strip() for question in questions):
    raise program.BadInput(
      'a question is empty; give words, as in "how to read a file"'
    )


def _build() -> dict[str, object]:
  """Makes the graph of the index."""
  given, start = flags.FLAGS, time.monotonic()
  path = pathlib.Path(given.index)
  size = index.build_graph(
    path,
    links=given.hnsw_links,
    ef_construction=given.hnsw_ef_construction,
  )
  return {
    "index": given.index,
    "documents": index_about.read(path).documents,
    "hnsw_bytes": size,
    "seconds": round(time.monotonic() - start, 1),
  }


def _search(
  served: serving.Serving, questions: Sequence[str]
) -> list[list[index.Hit]]:
  """The documents nearest to each question, as the flags say."""
  given = flags.FLAGS
  return served.search(
    questions, given.k, recall=given.recall, ef=given.hnsw_ef_search
  )


def _answer(served: serving.Serving, questions: Sequence[str]) -> None:
  """Answers all questions at once."""
  hits = _search(served, questions)
  for question, found in zip(questions, hits, strict=True):
    print(f"\n{question}")
    _print(found)
  print()
  program.print_result(
    {
      question: _listed(found)
      for question, found in zip(questions, hits, strict=True)
    }
  )


def _talk(served: serving.Serving) -> None:
  """Asks whoever sits there."""
  for question in _typed():
    start = time.monotonic()
    (found,) = _search(served, [question])
    seconds = time.monotonic() - start
    _print(found)
    print(f"  {len(served.current()):,} documents, {1000 * seconds:.0f} ms")


def _typed() -> Iterator[str]:
  """The questions of a terminal."""
  while True:
    try:
      line = input("? ").strip()
    except EOFError:
      print()
      return
    if line in _END:
      return
    yield line


def _filter(served: serving.Serving) -> None:
  """Answers each line of the input with a line of JSON."""
  for number, line in enumerate(sys.stdin, start=1):
    question = line.strip()
    if question == _END[1]:
      return
    if not question:
      raise program.BadInput(
        f"line {number} of the input is empty; give a question a line"
      )
    (found,) = _search(served, [question])
    answer = {"question": question, "found": _listed(found)}
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def _print(found: Sequence[index.Hit]) -> None:
  """Shows what was found."""
  for hit in found:
    print(f"  {hit.score:.3f}  {_shown(hit.name)}")
    for line in hit.text.splitlines()[: flags.FLAGS.lines]:
      print(f"         | {_shown(line[:100])}")


def _shown(text: str) -> str:
  """Text without what would move the cursor, or do worse to a terminal."""
  return "".join(c if c.isprintable() else " " for c in text)


def _listed(found: Sequence[index.Hit]) -> list[list[object]]:
  """What was found, for JSON."""
  return [[hit.name, round(hit.score, 4)] for hit in found]


if __name__ == "__main__":
  define_flags()
  program.run(main, words=True)
