"""Scientific papers: titles, abstracts, and who cites whom."""

from data.catalogue import entry

_S2ORC = "https://github.com/allenai/s2orc"
_LICENCE = "CC BY-NC 2.0 (S2ORC of 2020)"
_MINE = (
  f"ask for S2ORC at {_S2ORC}, and run `python -m data.sources.papers "
  "--format=s2orc --in=metadata --out=DIR/s2orc`"
)

ENTRIES = (
  entry.on_hub(
    "S2ORC_title_abstract",
    name="s2orc_title_abstract",
    title="title of a paper, its abstract (S2ORC)",
    kind="pairs",
    published=41_769_185,
    weight=123,
    licence=_LICENCE,
    source=_S2ORC,
    miner="papers",
    how=_MINE,
    mined="s2orc/title_abstract",
  ),
  entry.on_hub(
    "S2ORC_citations_titles",
    "S2ORC_citation_pairs",
    name="s2orc_citations_titles",
    title="titles of two papers of which one cites the other (S2ORC)",
    kind="pairs",
    published=52_603_982,
    weight=123,
    licence=_LICENCE,
    source=_S2ORC,
    miner="papers",
    how=_MINE,
    mined="s2orc/citation_citation",
    records=51_030_086,
    within=0.05,
    note="51,030,086 lines are on the hub",
  ),
  entry.on_hub(
    "S2ORC_citations_abstracts",
    "S2ORC_citation_pairs_abstract",
    name="s2orc_citations_abstracts",
    title="abstracts of two papers of which one cites the other (S2ORC)",
    kind="pairs",
    published=116_288_806,
    weight=123,
    licence=_LICENCE,
    source=_S2ORC,
    miner="papers",
    how=_MINE,
    mined="s2orc/citation_abstract",
    within=0.05,
    note="39,567,485 lines of an abstract and those of papers that it cites",
  ),
  entry.on_hub(
    "specter_train_triples",
    name="specter",
    title="title of a paper, of one it cites, of one it does not (SPECTER)",
    kind="triplets",
    published=684_100,
    weight=84,
    licence="Apache 2.0 for the code; the texts' is not stated",
    source="https://github.com/allenai/specter",
  ),
)
