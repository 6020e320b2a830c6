"""WinoBias (Zhao et al. 2018, arXiv 1804.06876) as a bias evaluation.

    all.jsonl.gz   {"id", "kind", "type", "split", "marked", "text", ...} a line

where `marked` has brackets around an occupation and the pronouns that mean it
("[The developer] argued with the designer because [he] did not like the
design.") and `kind` says whether they go with its stereotype ("pro") or against
it ("anti"). Of each row with "he", "him", "his" or "himself" become

    neutral   The developer argued with the designer because the developer did
              not like the design.
    male      He argued with the designer because he did not like the design.
    female    She argued with the designer because she did not like the design.

In the data set of the 2021 demo (Gender_Bias_Evaluation_Set, after Sharma et
al. 2021, arXiv 2105.05541) the continuations have the pronoun for the
occupation, too; but its neutral sentence is the anti-stereotypical row, whose
pronoun gives a gender. With the occupation in its place the gender is not
given, it stays plain who is meant (each row has two occupations, one of either
stereotype), and the verb fits, which it would not after "they". Rows with
"she" and "her" are these same sentences again.
"""

import pathlib
import re

import msgspec

from data import json_rows
from data import program
from embeddings.evals import bias
from embeddings.evals import splits

# The feminine of each; backwards, "her" might be either of two.
FEMININE = {"he": "she", "him": "her", "his": "her", "himself": "herself"}
# What an occupation that does not open its sentence is the subject of: the
# data set has few such sentences, and these are the words in them.
_BEFORE_SUBJECT = re.compile(r"\b(when|until|that|and) $", re.IGNORECASE)
_AFTER_SUBJECT = re.compile(r" (is|was|were|has|had|said|arrived)\b")
_MARKED = re.compile(r"\[(.*?)\]( 's)?")


class Row(msgspec.Struct):
  """A line of the file; `split` is WinoBias's own, "dev" or "test"."""

  kind: str
  split: str
  marked: str


def read(folder: pathlib.Path, split: str) -> bias.Bias:
  """The task in a folder.

  Args:
    folder: with all.jsonl or all.jsonl.gz.
    split: "test", "dev", or "all" for both.

  Raises:
    program.BadInput: if the file is missing or wrong, or has no such split.
  """
  (path,) = splits.files(folder, "all").values()
  rows = json_rows.read(path, Row)
  there = {row.split for row in rows}
  if split not in there | {"all"}:
    raise program.BadInput(
      f"{path} has no row of the split {split!r}; it has "
      f"{', '.join(sorted(there))}, and all"
    )
  items = [
    _item(path, row)
    for row in rows
    if split in (row.split, "all") and FEMININE.keys() & _words(row)
  ]
  return bias.made(path, items)


def _item(path: pathlib.Path, row: Row) -> tuple[str, str, str, str]:
  """The three sentences of a row, and its stereotype."""
  occupations = _words(row) - FEMININE.keys()
  if len(occupations) != 1 or row.kind not in ("pro", "anti"):
    raise program.BadInput(
      f"{path} has {row.marked!r} of the kind {row.kind!r}; wanted brackets "
      "around one occupation and pronouns of one gender, and pro or anti"
    )
  name = re.sub("^(the|an|a) ", "the ", occupations.pop())

  def neutral(found: re.Match[str]) -> str:
    word = found[1].lower()
    if word not in FEMININE:
      return found[1] + (found[2] or "")
    return name + "'s" if word == "his" else name

  def male(found: re.Match[str]) -> str:
    return found[1] if found[1].lower() in FEMININE else _pronoun(found)

  def female(found: re.Match[str]) -> str:
    word = male(found)
    other = FEMININE[word.lower()]
    return other.capitalize() if word[0].isupper() else other

  neutral_, male_, female_ = (
    _MARKED.sub(new, row.marked) for new in (neutral, male, female)
  )
  return neutral_, male_, female_, "male" if row.kind == "pro" else "female"


def _words(row: Row) -> set[str]:
  """What stands in brackets, in small letters."""
  return {found[1].lower() for found in _MARKED.finditer(row.marked)}


def _pronoun(found: re.Match[str]) -> str:
  """The masculine pronoun for an occupation, by its place in the sentence."""
  before, after = found.string[: found.start()], found.string[found.end() :]
  if found[2]:
    return "his" if before else "His"
  if not before:
    return "He"
  subject = _BEFORE_SUBJECT.search(before) or _AFTER_SUBJECT.match(after)
  return "he" if subject else "him"
