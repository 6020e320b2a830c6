"""Questions and their paragraphs, of SQuAD 1.1 or 2.0 and files like them.

    python -m data.sources.importers.squad --in=train-v2.0.json --out=runs/squad

(Rajpurkar et al. 2016, arXiv 1606.05250, and 2018, arXiv 1806.03822; XQuAD,
MLQA, GermanQuAD and others have the same form.) A pair is a question and the
paragraph that answers it. A question without an answer in its paragraph is left
out and counted (`impossible`), unless `--impossible=keep`: such a paragraph is
about the matter all the same. The article's title goes in front of a paragraph
with `--title=join`. An origin is the question's id. An article at a time is in
memory.
"""

import pathlib
from collections.abc import Iterator

import msgspec

from data.sources import bad
from data.sources import importing
from data.sources import json_array
from data.sources import json_line
from data.sources import raw
from data.sources import rows
from data.sources.importers import importer


class _Question(msgspec.Struct):
  """A question about a paragraph."""

  question: str
  id: str | int = ""
  is_impossible: bool = False


class _Paragraph(msgspec.Struct):
  """A paragraph and its questions."""

  context: str
  qas: list[_Question]


class _Article(msgspec.Struct):
  """The paragraphs of an article."""

  paragraphs: list[_Paragraph]
  title: str = ""


def read(
  file: raw.File, options: importer.Options, _: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  decode = json_line.decoder(_Article)
  with raw.open_stream(file) as stream:
    for number, element, fault in json_array.elements(stream, "data"):
      if fault:
        yield rows.Row(number, fault=fault)
        continue
      try:
        article = decode(element)
      except bad.BadRow as error:
        yield rows.Row(number, fault=f"is bad ({error})")
        continue
      yield from _of_article(number, article, options)


def _of_article(
  number: int, article: _Article, options: importer.Options
) -> Iterator[rows.Row]:
  """The rows of an article."""
  for paragraph in article.paragraphs:
    text = paragraph.context
    if options["title"] == "join" and article.title:
      text = f"{article.title.replace('_', ' ')} {text}"
    for question in paragraph.qas:
      if question.is_impossible and options["impossible"] == "leave_out":
        yield rows.Row(number, dropped="impossible")
      else:
        # Some questions of SQuAD have spaces around them.
        asked = question.question.strip()
        yield rows.Row(number, (asked, text), origin=str(question.id))


IMPORTER = importer.Importer(
  name="squad",
  kinds={"pairs": ("question", "paragraph")},
  wanted=("*train*.json",),
  read=read,
  options=(
    importer.Option(
      "impossible",
      "leave_out",
      "Questions that their paragraph does not answer.",
      ("leave_out", "keep"),
    ),
    importer.Option(
      "title",
      "drop",
      "Of the article, in front of the paragraph.",
      ("drop", "join"),
    ),
  ),
  origin="question",
  unit="article",
)


if __name__ == "__main__":
  importing.run(IMPORTER)
