"""Papers' titles, abstracts and citations as data sets of pairs.

    python -m data.sources.papers --format=arxiv --out=runs/arxiv \\
      --in=tests/data/sources/dumps/arxiv/arxiv-metadata-oai-snapshot.json
    python -m data.sources.papers --format=s2orc --out=runs/s2orc \\
      --in=tests/data/sources/dumps/s2orc

`--format=arxiv` reads arXiv's metadata snapshot (data/sources/papers_arxiv.py)
and writes `title_abstract`; `--categories=cs,stat.ML` and `--licences='cc*'`
take some papers of it. `--format=s2orc` reads S2ORC's metadata, or the papers,
abstracts and citations of Semantic Scholar's Academic Graph (data/sources/
papers_s2orc.py), and writes

    title_abstract     a paper's title and its abstract
    citation_citation  the titles of a paper and of one that it cites
    citation_abstract  the abstracts of both

of which the 2021 project had 41,769,185, 52,603,982 and 116,288,806. A citation
is taken once, and at most `--max_citations` of a paper. Those whose papers are
in none of the files are counted (`absent_paper`).

`--out` holds a data set folder (data/records.py) for each of these. Records say
where they are from: the paper's licence and id, its id, or both ids.
"""

import functools
from typing import Any

from absl import flags
import msgspec

from data import program
from data.sources import mining
from data.sources import mining_flags
from data.sources import papers_arxiv
from data.sources import papers_pairs
from data.sources import papers_s2orc
from data.sources import parsing
from data.sources import raw

VERSION = 1
WANTED = {
  "arxiv": ("arxiv-metadata*.json", "*.jsonl"),
  "s2orc": ("metadata_*", "*.jsonl", "papers*", "abstracts*", "citations*"),
}


def arxiv_miner(
  files: list[raw.File], settings: papers_arxiv.Settings
) -> mining.Miner:
  """What is made of a metadata snapshot of arXiv."""
  given: dict[str, Any] = msgspec.to_builtins(settings)
  pairs = mining.Output(
    _title_abstract, columns=("title", "abstract"), origin=papers_arxiv.ORIGIN
  )
  return mining.Miner(
    name="arxiv",
    version=VERSION,
    source=f"arXiv, {_names_of(files)}",
    licence="each paper's own, as its record's origin says; metadata CC0 1.0",
    settings=given,
    jobs=[parsing.Job(file, papers_arxiv.FORMAT, given) for file in files],
    outputs={"title_abstract": pairs},
  )


def s2orc_miner(files: list[raw.File], max_citations: int) -> mining.Miner:
  """What is made of Semantic Scholar's papers and citations."""
  most = {"max_citations": max_citations}
  cited = "citing/cited"
  return mining.Miner(
    name="s2orc",
    version=VERSION,
    source=f"Semantic Scholar, {_names_of(files)}",
    licence="S2AG: ODC-BY 1.0; S2ORC: CC BY-NC 4.0",
    settings=most,
    jobs=[parsing.Job(file, papers_s2orc.FORMAT, {}) for file in files],
    outputs={
      "title_abstract": mining.Output(
        _title_abstract, columns=("title", "abstract"), origin="paper"
      ),
      "citation_citation": mining.Output(
        functools.partial(_citations, texts="titles", **most),
        columns=("citing_title", "cited_title"),
        origin=cited,
      ),
      "citation_abstract": mining.Output(
        functools.partial(_citations, texts="abstracts", **most),
        columns=("citing_abstract", "cited_abstract"),
        origin=cited,
      ),
    },
    counts={
      "repeated_citation": _repeated,
      "absent_paper": _absent,
      "over_max_citations": functools.partial(_over, **most),
    },
  )


def _title_abstract(tables: mining.Tables) -> mining.Table:
  """Each paper's two texts."""
  return papers_pairs.title_abstract(tables["titles"], tables["abstracts"])


def _citations(
  tables: mining.Tables, *, texts: str, max_citations: int
) -> mining.Table:
  """The texts of two papers, of which one cites the other."""
  citations = tables["citations"]
  return papers_pairs.citations(tables[texts], citations, max_citations)


def _repeated(tables: mining.Tables) -> mining.Table:
  """Citations that stand there twice."""
  return papers_pairs.repeated_citation(tables["citations"])


def _absent(tables: mining.Tables) -> mining.Table:
  """Citations of papers that are not there."""
  return papers_pairs.absent_paper(tables["titles"], tables["citations"])


def _over(tables: mining.Tables, *, max_citations: int) -> mining.Table:
  """Citations beyond those that a paper may have."""
  return papers_pairs.over_max_citations(
    tables["titles"], tables["citations"], max_citations
  )


def _names_of(files: list[raw.File]) -> str:
  """The files in words."""
  return ", ".join(file.base for file in files[:100])


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  mining.define_flags()
  flags.DEFINE_enum("format", "arxiv", tuple(WANTED), "What the files hold.")
  flags.DEFINE_list("categories", [], "arXiv: as in cs,stat.ML; all if none.")
  flags.DEFINE_list("licences", [], "arXiv: as in 'cc-by-[0-9]*',cc0*.")
  flags.DEFINE_integer("max_citations", 0, "S2ORC: of a paper; 0 for all.", 0)


def main() -> None:
  """Reads the flags and mines."""
  given = flags.FLAGS
  files = raw.find(mining_flags.dumps(), WANTED[given.format])
  if given.format == "s2orc":
    if given.categories or given.licences:
      raise program.BadInput(
        "--categories and --licences are for --format=arxiv; leave them out"
      )
    mining.run(s2orc_miner(files, given.max_citations))
    return
  if given.max_citations:
    raise program.BadInput(
      "--max_citations is for --format=s2orc; leave it out"
    )
  settings = papers_arxiv.Settings(
    categories=tuple(given.categories), licences=tuple(given.licences)
  )
  mining.run(arxiv_miner(files, settings))


if __name__ == "__main__":
  define_flags()
  program.run(main)
