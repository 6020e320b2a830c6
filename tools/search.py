"""Searches an index by meaning.

    python -m tools.search --index=runs/index "how to read a file by lines"

Each argument is a question; the documents nearest to it are printed. The last
line is JSON: for each question, the ids that were found and their scores.
"""

from absl import flags

from data import program
from embeddings import index


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("index", "", "A folder that tools.encode wrote.")
  flags.DEFINE_integer("k", 3, "How many documents to find.", 1)
  flags.DEFINE_integer("lines", 4, "Lines of each to print.", 0)


def main() -> None:
  """Answers the questions on the command line."""
  given = flags.FLAGS
  program.require(given.index, "index", "runs/index")
  questions = program.arguments()
  if not questions:
    raise program.BadInput(
      'there is no question; give one or more, as in "how to read a file"'
    )
  hits = index.Index(given.index).search(questions, given.k)
  for question, found in zip(questions, hits, strict=True):
    print(f"\n{question}")
    for hit in found:
      print(f"  {hit.score:.3f}  {hit.name}")
      for line in hit.text.splitlines()[: given.lines]:
        print(f"         | {line[:100]}")
  print()
  program.print_result(
    {
      question: [[hit.name, round(hit.score, 4)] for hit in found]
      for question, found in zip(questions, hits, strict=True)
    }
  )


if __name__ == "__main__":
  define_flags()
  program.run(main, words=True)
