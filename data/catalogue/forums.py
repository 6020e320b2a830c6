"""Forums: Stack Exchange and Reddit, which are mined out of their dumps."""

from data.catalogue import entry

_STACK_EXCHANGE = "https://archive.org/details/stackexchange"
_CC = "CC BY-SA 2.5, 3.0 or 4.0, by the day of a post"
_SITES = f"get SITE.7z, of all sites, from {_STACK_EXCHANGE} and run"
_MINE = (
  f"{_SITES} `python -m data.sources.stackexchange --in='*.7z' "
  "--out=DIR/stackexchange`"
)
_MINE_SMALL = (
  f"{_SITES} `python -m data.sources.stackexchange --in='*.7z' "
  "--pairs=title_body --min_question_score=3 --min_chars=20 --max_chars=4096 "
  "--out=DIR/stackexchange_small`"
)

ENTRIES = (
  entry.Entry(
    name="stackexchange_title_body_small",
    title="title of a question, its body, of small sites (Stack Exchange)",
    kind="pairs",
    published=364_001,
    licence=_CC,
    source=_STACK_EXCHANGE,
    miner="stackexchange",
    how=_MINE_SMALL,
    mined="stackexchange_small/title_body",
    note=(
      "stackexchange_title_body_small.jsonl.gz of the project's list, which no "
      "hub has under that name; questions with a score of 3 or more, a title "
      "of 20 characters or more and a body of 20 to 4,096; not in the mixture, "
      "which has all sites, and which of them these are is not known"
    ),
  ),
  entry.Entry(
    name="stackexchange_title_body",
    title="title of a question, its body (Stack Exchange)",
    kind="pairs",
    published=25_316_456,
    weight=648,
    mixture=("stackexchange_title_body/*",),
    licence=_CC,
    source=_STACK_EXCHANGE,
    miner="stackexchange",
    how=_MINE,
    mined="stackexchange/title_body",
    note="the sum of 91 files, one a site",
  ),
  entry.Entry(
    name="stackexchange_title_answer",
    title="title of a question, an answer (Stack Exchange)",
    kind="pairs",
    published=21_396_559,
    weight=577,
    mixture=("stackexchange_Title_Answer/*",),
    licence=_CC,
    source=_STACK_EXCHANGE,
    miner="stackexchange",
    how=_MINE,
    mined="stackexchange/title_answer",
    note="the sum of 83 files, one a site",
  ),
  entry.Entry(
    name="stackexchange_title_body_answer",
    title="title and body of a question, an answer (Stack Exchange)",
    kind="pairs",
    published=21_396_559,
    weight=577,
    mixture=("stackexchange_TitleBody_Answer/*",),
    licence=_CC,
    source=_STACK_EXCHANGE,
    miner="stackexchange",
    how=_MINE,
    mined="stackexchange/title_body_answer",
    note="the sum of 83 files, one a site",
  ),
  entry.on_hub(
    "stackexchange_duplicate_questions_title_title",
    name="stackexchange_duplicates_titles",
    title="titles of two questions that ask the same (Stack Exchange)",
    kind="pairs",
    published=304_525,
    weight=26,
    licence=_CC,
    source=_STACK_EXCHANGE,
    miner="stackexchange",
    how=_MINE,
    mined="stackexchange/duplicates",
    within=0.05,
  ),
  entry.on_hub(
    "stackexchange_duplicate_questions_body_body",
    name="stackexchange_duplicates_bodies",
    title="bodies of two questions that ask the same (Stack Exchange)",
    kind="pairs",
    published=250_519,
    weight=21,
    licence=_CC,
    source=_STACK_EXCHANGE,
    within=0.05,
  ),
  entry.on_hub(
    "stackexchange_duplicate_questions_title-body_title-body",
    name="stackexchange_duplicates_titles_bodies",
    title="two questions that ask the same (Stack Exchange)",
    kind="pairs",
    published=250_460,
    weight=21,
    licence=_CC,
    source=_STACK_EXCHANGE,
    miner="stackexchange",
    how=_MINE,
    mined="stackexchange/duplicates_bodies",
    within=0.05,
  ),
  entry.Entry(
    name="reddit",
    title="comment, reply, of 2015 to 2018 (Reddit)",
    kind="pairs",
    published=726_484_430,
    weight=328,
    mixture=("reddit/*",),
    licence="not stated (posts of Reddit, under its user agreement)",
    source=(
      "https://github.com/PolyAI-LDN/conversational-datasets/tree/master/reddit"
    ),
    miner="reddit",
    how=(
      "get Pushshift's RC_2015-01 to RC_2018-12 (.zst, 48 months) from "
      "https://academictorrents.com and run `python -m data.sources.reddit "
      "--in='RC_*.zst' --out=DIR/reddit`"
    ),
    mined="reddit/train",
    note="the sum of 4 files, one a year",
  ),
)
