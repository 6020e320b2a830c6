"""Comments and replies out of Reddit's month files (Pushshift) as data sets.

    python -m data.sources.reddit --out=runs/reddit \\
      --in=tests/data/sources/dumps/reddit

`--in` takes month files (RC_2019-03, or .zst, .xz, .bz2, .gz of it) and folders
of them; the more there are, the fewer replies have lost their parents. A pair
is a comment and one reply to it, by the rules of PolyAI's conversational-
datasets project (Henderson et al. 2019, arXiv 1904.06472), of which the 2021
project made 726,484,430 pairs: both are there and have 9 to 127 characters.
Where that project is silent, replies of programs and of communities for adults
are left out, and text loses its Markdown. With `--turns=3` a query is up to
three comments, the oldest first, one a line; the last one obeys the rules and
the others are trimmed.

The answers to a submission are in no pair, as month files of comments have no
submissions; they are counted (`top_level`). Others are counted by the reasons
in data/sources/reddit_comments.py, and `no_parent` (in none of the files),
`parent_left_out` (it may be in no pair) and `repeated`.

In `--out` are two data set folders, `train` and `test` (data/records.py):
whole threads are held out, the ones that PolyAI's project holds out. Records
say where they are from: subreddit/thread/parent/comment.
"""

import functools
from typing import Any

from absl import flags
import msgspec

from data import program
from data.sources import mining
from data.sources import mining_flags
from data.sources import parsing
from data.sources import raw
from data.sources import reddit_comments
from data.sources import reddit_pairs
from data.sources import reddit_text

VERSION = 1
WANTED = ("RC_*", "*.jsonl", "*.ndjson")
ORIGIN = "subreddit/thread/parent/comment"
COLUMNS = ("comment", "reply")
MAX_TURNS = 10

Settings = reddit_comments.Settings


def miner(files: list[raw.File], settings: Settings) -> mining.Miner:
  """What is made of some month files."""
  given: dict[str, Any] = msgspec.to_builtins(settings, order="deterministic")
  parts = {"train": False, "test": True}
  if not settings.test_share:
    del parts["test"]
  return mining.Miner(
    name="reddit",
    version=VERSION,
    source=f"Reddit, {', '.join(file.base for file in files[:100])}",
    licence="their authors' own; Reddit's terms",
    settings=given,
    jobs=[parsing.Job(file, reddit_comments.FORMAT, given) for file in files],
    outputs={
      name: mining.Output(
        functools.partial(_candidates, turns=settings.turns, test=test),
        columns=COLUMNS,
        origin=ORIGIN,
      )
      for name, test in parts.items()
    },
    counts={
      "no_parent": lambda tables: reddit_pairs.no_parent(tables["comments"]),
      "parent_left_out": lambda tables: reddit_pairs.parent_left_out(
        tables["comments"]
      ),
      "repeated": lambda tables: reddit_pairs.repeated(tables["comments"]),
    },
  )


def _candidates(
  tables: mining.Tables, *, turns: int, test: bool
) -> mining.Table:
  """The pairs of a part."""
  return reddit_pairs.candidates(tables["comments"], turns=turns, test=test)


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  mining.define_flags()
  rules = Settings()
  flags.DEFINE_integer("turns", 1, "Comments in a query.", 1, MAX_TURNS)
  flags.DEFINE_integer(
    "min_comment_chars",
    rules.min_comment_chars,
    "Of a reply and its parent.",
    1,
  )
  flags.DEFINE_integer(
    "max_comment_chars", rules.max_comment_chars, "Of them.", 1
  )
  flags.DEFINE_integer("min_score", None, "Of a reply; any if not given.")
  flags.DEFINE_list("subreddits", [], "Those to take; all if none.")
  flags.DEFINE_list("not_subreddits", [], "Those to leave out.")
  flags.DEFINE_list("bots", [], "Programs, beside known ones and *bot.")
  flags.DEFINE_enum(
    "over_18", "drop", ("drop", "keep"), "Communities for adults."
  )
  flags.DEFINE_enum(
    "markdown", "strip", reddit_text.MARKDOWN, "Links, quotes and marks."
  )
  flags.DEFINE_float(
    "test_share", rules.test_share, "Of all threads.", 0.0, 1.0
  )


def read_flags() -> Settings:
  """What the flags say.

  Raises:
    program.BadInput: if no comment could pass.
  """
  given = flags.FLAGS
  if given.min_comment_chars > given.max_comment_chars:
    raise program.BadInput(
      f"--min_comment_chars={given.min_comment_chars} is more than "
      f"--max_comment_chars={given.max_comment_chars}, so that no comment "
      "fits; lower it"
    )
  return Settings(
    min_comment_chars=given.min_comment_chars,
    max_comment_chars=given.max_comment_chars,
    min_score=given.min_score,
    subreddits=_names(given.subreddits),
    not_subreddits=_names(given.not_subreddits),
    over_18=given.over_18 == "keep",
    bots=_names(given.bots),
    markdown=given.markdown,
    test_share=given.test_share,
    turns=given.turns,
  )


def _names(given: list[str]) -> frozenset[str]:
  """Names of communities or authors, as they are compared."""
  names = (name.strip().lower() for name in given)
  return frozenset(
    name.removeprefix("/").removeprefix("r/").removeprefix("u/")
    for name in names
  )


def main() -> None:
  """Reads the flags and mines."""
  files = raw.find(mining_flags.dumps(), WANTED)
  mining.run(miner(files, read_flags()))


if __name__ == "__main__":
  define_flags()
  program.run(main)
