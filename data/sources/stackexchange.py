"""Pairs of questions, answers and duplicates out of Stack Exchange's dumps.

    python -m data.sources.stackexchange --in=beer.stackexchange.com.7z \\
        --out=runs/beer

reads the sites of archive.org/details/stackexchange: an archive, a folder with
Posts.xml and PostLinks.xml (plain, .gz, .bz2, .xz or .zst), or these files by
their names; any number of sites at once, as in `--in=dumps/*.7z`. In `--out`
there is a data set (data/records.py) for each of `--pairs`:

    title_body         a question's title and its text
    title_answer       its title and its best answer
    title_body_answer  its title and text, and its best answer
    duplicates         titles of two questions of which one repeats the other
    duplicates_bodies  titles and texts of them

With `--negatives=N` there are title_answer_negatives and
title_body_answer_negatives too: triplets with at most N answers to the same
question that readers voted down. HTML becomes text (data/sources/html_text.py)
with blocks of code kept, marked or dropped by `--code`.

A record keeps its origin, "SITE/q12/a34": https://SITE/a/34 is the answer's
page, and names its author, whom the licence asks to name.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from absl import flags

from data import program
from data.sources import html_text
from data.sources import mining
from data.sources import parsing
from data.sources import stackexchange_links
from data.sources import stackexchange_pairs
from data.sources import stackexchange_posts
from data.sources import stackexchange_sites

# Of the rules that make pairs of posts; a new one mines a finished --out anew.
RULES_VERSION = 1
LICENCE = (
  "CC BY-SA 2.5, 3.0 (posts from 2011-04-08 on) and 4.0 (from 2018-05-02 on); "
  "name the site, link to the post and name its author"
)
_ORIGINS = {
  "title_body": "site/question",
  "title_answer": "site/question/answer",
  "title_body_answer": "site/question/answer",
  "duplicates": "site/question/question",
  "duplicates_bodies": "site/question/question",
}
_NAMED = 5  # sites, in a source's words


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  mining.define_flags()
  defaults = stackexchange_pairs.Settings()
  flags.DEFINE_string("site", "", "Of --in, where no name tells it.")
  flags.DEFINE_list("pairs", list(stackexchange_pairs.PAIRS), "Which to make.")
  flags.DEFINE_enum("code", "keep", html_text.CODE, "What becomes of code.")
  flags.DEFINE_enum(
    "answers",
    defaults.answers,
    stackexchange_pairs.ANSWERS,
    "One answer a question, or each that has --min_answer_score.",
  )
  flags.DEFINE_integer(
    "min_question_score", None, "Of a question; any if none."
  )
  flags.DEFINE_integer("min_answer_score", None, "Of an answer; any if none.")
  flags.DEFINE_integer("negatives", 0, "At most, of a triplet.", 0, 100)
  flags.DEFINE_integer(
    "negative_max_score", defaults.negative_max_score, "Of a negative."
  )
  flags.DEFINE_integer(
    "negative_margin",
    defaults.negative_margin,
    "By which a positive's score is higher at least.",
    1,
  )


def main() -> None:
  """Mines by the flags."""
  given = flags.FLAGS
  sites = stackexchange_sites.find(mining.dumps(), given.site)
  settings = stackexchange_pairs.Settings(
    min_question_score=given.min_question_score,
    min_answer_score=given.min_answer_score,
    answers=given.answers,
    negatives=given.negatives,
    negative_max_score=given.negative_max_score,
    negative_margin=given.negative_margin,
  )
  mining.run(miner(sites, given.pairs, settings, given.code))


def miner(
  sites: list[stackexchange_sites.Site],
  pairs: list[str],
  settings: stackexchange_pairs.Settings,
  code: str,
) -> mining.Miner:
  """What to make of some sites.

  Args:
    sites: of stackexchange_sites.find.
    pairs: of stackexchange_pairs.PAIRS.
    settings: which posts become pairs.
    code: one of html_text.CODE.

  Raises:
    program.BadInput: if a kind of pair is unknown, or there are no files to
      make it of.
  """
  _check(pairs, settings)
  pairs = _possible(sites, pairs)
  names = [site.name for site in sites]
  more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
  return mining.Miner(
    name="stackexchange",
    version=RULES_VERSION,
    source=f"Stack Exchange data dump: {', '.join(names[:_NAMED])}{more}",
    licence=LICENCE,
    settings={"code": code, **dataclasses.asdict(settings)},
    jobs=_jobs(sites, pairs, code),
    outputs=_outputs(pairs, settings),
    counts=_counts(pairs, settings),
  )


def _check(pairs: list[str], settings: stackexchange_pairs.Settings) -> None:
  """Raises BadInput for settings that do not fit together."""
  known = stackexchange_pairs.PAIRS
  unknown = [name for name in pairs if name not in known]
  if unknown or not pairs:
    raise program.BadInput(
      f"--pairs={','.join(unknown)} is unknown; wanted some of "
      f"{', '.join(known)}"
    )
  answered = set(pairs) & set(stackexchange_pairs.ANSWERED)
  if settings.negatives and not answered:
    raise program.BadInput(
      f"--negatives={settings.negatives} are answers, and --pairs="
      f"{','.join(pairs)} have none; add title_answer, or leave it out"
    )
  if settings.answers == "all_above" and settings.min_answer_score is None:
    raise program.BadInput(
      "--answers=all_above needs a score; give it, as in --min_answer_score=1"
    )


def _possible(
  sites: list[stackexchange_sites.Site], pairs: list[str]
) -> list[str]:
  """The pairs that the files of the sites can give; tells which they cannot."""
  without = [site.name for site in sites if site.links is None]
  if not without or not _needs_links(pairs):
    return pairs
  words = (
    f"{len(without)} of {len(sites)} sites have no PostLinks.xml, which "
    f"tells duplicates: {', '.join(without[:_NAMED])}"
  )
  if len(without) < len(sites):
    program.note_line(words)
    return pairs
  possible = [name for name in pairs if not _needs_links([name])]
  if not possible:
    raise program.BadInput(
      f"{words}; give their PostLinks.xml too, or other --pairs"
    )
  program.note_line(f"{words}; no data set of duplicates is made")
  return possible


def _needs_links(pairs: list[str]) -> bool:
  """Whether some pairs are of linked questions."""
  return any(name.startswith("duplicates") for name in pairs)


def _jobs(
  sites: list[stackexchange_sites.Site], pairs: list[str], code: str
) -> list[parsing.Job]:
  """The files to parse."""
  jobs = []
  for site in sites:
    of_posts = {"site": site.name, "code": code}
    posts = stackexchange_posts.FORMAT
    jobs.append(parsing.Job(site.posts, posts, of_posts))
    if site.links and _needs_links(pairs):
      links = stackexchange_links.FORMAT
      jobs.append(parsing.Job(site.links, links, {"site": site.name}))
  return jobs


def _outputs(
  pairs: list[str], settings: stackexchange_pairs.Settings
) -> dict[str, mining.Output]:
  """The data sets: those of pairs, and those with negatives."""
  plain = dataclasses.replace(settings, negatives=0)
  outputs = {name: _output(name, plain) for name in pairs}
  if settings.negatives:
    for name in stackexchange_pairs.ANSWERED:
      if name in pairs:
        outputs[f"{name}_negatives"] = _output(name, settings)
  return outputs


def _counts(
  pairs: list[str], settings: stackexchange_pairs.Settings
) -> dict[str, Callable[[mining.Tables], mining.Table]]:
  """Rows that are in no pair for what only a join can tell."""
  counts = {
    "orphan_answer": stackexchange_pairs.orphan_answers,
    "other_answer": functools.partial(
      stackexchange_pairs.other_answers, settings=settings
    ),
    "unanswered": stackexchange_pairs.unanswered,
  }
  if _needs_links(pairs):
    counts["missing_post"] = stackexchange_pairs.missing_posts
    counts["repeated_link"] = stackexchange_pairs.repeated_links
  # What is listed again counts as that alone.
  return {
    "repeated_post": stackexchange_pairs.repeated_posts,
    **{name: functools.partial(_of_once, f) for name, f in counts.items()},
  }


def _of_once(
  count: Callable[[mining.Tables], mining.Table], tables: mining.Tables
) -> mining.Table:
  """The rows that a function gives of posts that stand there once."""
  return count(stackexchange_pairs.once(tables))


def _output(name: str, settings: stackexchange_pairs.Settings) -> mining.Output:
  """A data set."""
  triplets = settings.negatives > 0
  more: dict[str, Any] = (
    {"kind": "triplets", "columns": ("query", "document", "negative")}
    if triplets
    else {}
  )
  return mining.Output(
    functools.partial(_expression, name, settings),
    origin=_ORIGINS[name],
    **more,
  )


def _expression(
  name: str, settings: stackexchange_pairs.Settings, tables: mining.Tables
) -> mining.Table:
  """The pairs of a kind."""
  tables = stackexchange_pairs.once(tables)
  return stackexchange_pairs.PAIRS[name](tables, settings)


if __name__ == "__main__":
  define_flags()
  program.run(main)
