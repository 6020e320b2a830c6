"""Pairs of a Stack Exchange site, as expressions over its posts and links.

    title_body         a question's title and its text
    title_answer       its title and its best answer
    title_body_answer  its title and text, and its best answer
    duplicates         titles of two questions of which one repeats the other
    duplicates_bodies  titles and texts of them

The best answer is the one that the asker accepted, else that of the highest
score; of equal ones the one with the smaller id. Answers to the same question
that readers voted down may follow as hard negatives, the lowest first.

The expressions are Ibis tables (data/engine.py). Which post goes with which is
decided by numbers alone, on tables without texts; the texts are joined last.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from data import engine
from data import optional
from data.sources import copies
from data.sources import stackexchange_posts

_REQUIREMENTS = "requirements-data.txt"
_POST = ("site", "id")
ANSWERS = ("best", "all_above")

Table = engine.Table
Tables = Mapping[str, Table]


@dataclasses.dataclass(frozen=True)
class Settings:
  """Which posts become pairs.

  Attributes:
    min_question_score: of a question; None for any.
    min_answer_score: of a positive answer; None for any.
    answers: "best", or "all_above": each answer that has min_answer_score.
    negatives: how many hard negatives a pair has at most; 0 for none. With
      some, pairs that have none are left out.
    negative_max_score: the highest score of a negative.
    negative_margin: by which the positive's score is above it at least.
  """

  min_question_score: int | None = None
  min_answer_score: int | None = None
  answers: str = "best"
  negatives: int = 0
  negative_max_score: int = 0
  negative_margin: int = 3


def title_body(tables: Tables, settings: Settings) -> Table:
  """Titles and texts of questions."""
  questions = _questions(tables["posts"], settings)
  questions = questions.filter(questions.has_text)
  return questions.select(
    query=questions.title,
    document=questions.text,
    negatives=_no_negatives(),
    origin=_origin(questions),
  )


def title_answer(tables: Tables, settings: Settings) -> Table:
  """Titles and answers."""
  posts = tables["posts"]
  questions = _questions(posts, settings)
  return _answered(posts, questions, settings, with_text=False)


def title_body_answer(tables: Tables, settings: Settings) -> Table:
  """Titles with texts, and answers."""
  posts = tables["posts"]
  questions = _questions(posts, settings)
  questions = questions.filter(questions.has_text)
  return _answered(posts, questions, settings, with_text=True)


def duplicates(tables: Tables, settings: Settings) -> Table:
  """Titles of questions of which the first repeats the second."""
  questions = _questions(tables["posts"], settings)
  return _linked(questions, tables["links"], with_text=False)


def duplicates_bodies(tables: Tables, settings: Settings) -> Table:
  """Titles and texts of such questions."""
  questions = _questions(tables["posts"], settings)
  questions = questions.filter(questions.has_text)
  return _linked(questions, tables["links"], with_text=True)


PAIRS: dict[str, Callable[[Tables, Settings], Table]] = {
  "title_body": title_body,
  "title_answer": title_answer,
  "title_body_answer": title_body_answer,
  "duplicates": duplicates,
  "duplicates_bodies": duplicates_bodies,
}
# Those with an answer, which may have negatives.
ANSWERED = ("title_answer", "title_body_answer")


def once(tables: Tables) -> Tables:
  """The tables with each post once: a dump may list some again."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  posts = copies.once(tables["posts"], _POST, [ibis.asc("order")])
  return {**tables, "posts": posts}


def repeated_posts(tables: Tables) -> Table:
  """Posts that `once` leaves out."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  return copies.others(tables["posts"], _POST, [ibis.asc("order")])


def orphan_answers(tables: Tables) -> Table:
  """Answers whose question no file has."""
  answers = _of_type(tables["posts"], stackexchange_posts.ANSWER)
  answers = answers.select("site", question="parent")
  questions = _of_type(tables["posts"], stackexchange_posts.QUESTION)
  asked = questions.select("site", question="id")
  return answers.anti_join(asked, ["site", "question"])


def unanswered(tables: Tables) -> Table:
  """Questions without an answer."""
  questions = _of_type(tables["posts"], stackexchange_posts.QUESTION)
  answers = _of_type(tables["posts"], stackexchange_posts.ANSWER)
  answered = answers.select("site", id="parent")
  return questions.select("site", "id").anti_join(answered, ["site", "id"])


def other_answers(tables: Tables, settings: Settings) -> Table:
  """Answers that are no pair's document, but for orphans."""
  posts = tables["posts"]
  every = _of_type(posts, stackexchange_posts.QUESTION)
  questions = _questions(posts, settings)
  positives = _positives(_answers(posts, questions), settings)
  answers = _answers(posts, every)
  return answers.anti_join(positives, ["site", "question", "answer"])


def missing_posts(tables: Tables) -> Table:
  """Duplicates of which a question is not there."""
  return tables["links"].anti_join(_whole(tables), ["site", "id"])


def repeated_links(tables: Tables) -> Table:
  """Duplicates of one question, or of two that an earlier link names."""
  links = _whole(tables)
  return links.anti_join(_once(links), ["site", "id"])


def _whole(tables: Tables) -> Table:
  """The links of which both questions are there."""
  questions = _of_type(tables["posts"], stackexchange_posts.QUESTION)
  links = tables["links"]
  for end in ("post", "related"):
    there = questions.select("site", **{end: "id"})
    links = links.semi_join(there, ["site", end])
  return links


def _questions(posts: Table, settings: Settings) -> Table:
  """The questions that may be in a pair."""
  found = _of_type(posts, stackexchange_posts.QUESTION)
  if settings.min_question_score is not None:
    found = found.filter(found.score >= settings.min_question_score)
  return found


def _of_type(posts: Table, kind: int) -> Table:
  """Questions, or answers."""
  return posts.filter(posts.type == kind)


def _answered(
  posts: Table, questions: Table, settings: Settings, *, with_text: bool
) -> Table:
  """Questions with their answers, and the negatives of these."""
  answers = _answers(posts, questions)
  positives = _positives(answers, settings)
  texts = posts.select("site", "text", answer="id")
  found = positives.join(texts, ["site", "answer"]).rename(document="text")
  asked = questions.select(
    "site",
    question="id",
    query=_query(questions, with_text=with_text),
    asked=_origin(questions),
  )
  found = found.join(asked, ["site", "question"])
  if settings.negatives:
    listed = _negatives(answers, positives, texts, settings)
    found = found.join(listed, ["site", "question", "answer"])
  negatives = found.negatives if settings.negatives else _no_negatives()
  origin = found.asked.concat("/a", found.answer.cast("string"))
  return found.select("query", "document", negatives=negatives, origin=origin)


def _answers(posts: Table, questions: Table) -> Table:
  """The answers to questions, without texts."""
  answers = _of_type(posts, stackexchange_posts.ANSWER)
  answers = answers.select("site", "score", question="parent", answer="id")
  asked = questions.select("site", "accepted", question="id")
  found = answers.join(asked, ["site", "question"])
  taken = (found.answer == found.accepted).cast("int8")
  return found.select("site", "question", "answer", "score", taken=taken)


def _positives(answers: Table, settings: Settings) -> Table:
  """The answers that are a pair's document."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  if settings.min_answer_score is not None:
    answers = answers.filter(answers.score >= settings.min_answer_score)
  if settings.answers == "all_above":
    return answers
  place = ibis.row_number().over(
    group_by=[answers.site, answers.question],
    order_by=[answers.taken.desc(), answers.score.desc(), answers.answer],
  )
  ranked = answers.mutate(place=place)
  return ranked.filter(ranked.place == 0).drop("place")


def _negatives(
  answers: Table, positives: Table, texts: Table, settings: Settings
) -> Table:
  """The lists of negatives of answers that have some."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  low = answers.filter(
    answers.score <= settings.negative_max_score, answers.taken == 0
  )
  low = low.select("site", "question", low="answer", low_score="score")
  both = positives.join(low, ["site", "question"])
  # One with the positive's own id would be itself.
  far = both.score - both.low_score >= max(settings.negative_margin, 1)
  both = both.filter(far)
  place = ibis.row_number().over(
    group_by=[both.site, both.question, both.answer],
    order_by=[both.low_score, both.low],
  )
  ranked = both.mutate(place=place)
  ranked = ranked.filter(ranked.place < settings.negatives)
  found = ranked.join(texts.rename(low="answer"), ["site", "low"])
  # One column for each place, since not all engines collect in an order.
  columns = {
    f"negative_{i}": found.text.max(where=found.place == i)
    for i in range(settings.negatives)
  }
  wide = found.group_by(["site", "question", "answer"]).agg(**columns)
  return wide.select(
    "site",
    "question",
    "answer",
    negatives=ibis.array([wide[name] for name in columns]).filter(
      lambda text: text.notnull()
    ),
  )


def _linked(questions: Table, links: Table, *, with_text: bool) -> Table:
  """Questions of which one repeats the other, each two of them once."""
  once = _once(links).select("site", "post", "related")
  query = _query(questions, with_text=with_text)
  repeats = questions.select(
    "site", post="id", query=query, origin=_origin(questions)
  )
  repeated = questions.select("site", related="id", document=query)
  found = once.join(repeats, ["site", "post"])
  found = found.join(repeated, ["site", "related"])
  return found.select(
    "query",
    "document",
    negatives=_no_negatives(),
    origin=found.origin.concat("/q", found.related.cast("string")),
  )


def _once(links: Table) -> Table:
  """The first link of each two questions."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  links = links.filter(links.post != links.related)
  ends = [
    ibis.least(links.post, links.related),
    ibis.greatest(links.post, links.related),
  ]
  place = ibis.row_number().over(
    group_by=[links.site, *ends], order_by=[links.id, links.post]
  )
  ranked = links.mutate(place=place)
  return ranked.filter(ranked.place == 0).drop("place")


def _query(questions: Table, *, with_text: bool) -> Any:
  """What is asked: the title, and the text in the lines below it."""
  if not with_text:
    return questions.title
  return questions.title.concat("\n", questions.text)


def _origin(questions: Table) -> Any:
  """Where a question stands: "SITE/q12"."""
  return questions.site_name.concat("/q", questions.id.cast("string"))


def _no_negatives() -> Any:
  """A list of no texts."""
  ibis = optional.load("ibis", _REQUIREMENTS)
  return ibis.literal([], type="array<string>")
