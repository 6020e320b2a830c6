"""What the smoke run of each recipe is trained on: files of a raw folder.

Each file holds a JSON list a line, gzipped.
"""

from typing import NamedTuple


class Source(NamedTuple):
  """A file that becomes a data set.

  Attributes:
    file: below the raw folder.
    columns: names of the values to take of each list.
    kind: one of manifest.KINDS; "" for what the columns make.
  """

  file: str
  columns: tuple[str, ...]
  kind: str = ""

  @property
  def name(self) -> str:
    """The data set's name."""
    return self.file.split("/")[0]


_TRIPLET = ("query", "positive", "negative")
_DIALOGUE = Source("sgd_dialogue/pairs.jsonl.gz", ("context", "reply"))
_TRIVIA = Source("opentriviaqa/triplets.jsonl.gz", _TRIPLET)
# Pairs of English sentences, and single ones.
PARAPHRASES = Source("altlex_simplewiki/pairs.jsonl.gz", ("text", "simple"))
_SENTENCES = Source("altlex_simplewiki/pairs.jsonl.gz", ("text",), "texts")

_EVERYTHING = (
  Source("reddit_title_selftext/pairs.jsonl.gz", ("title", "body")),
  _DIALOGUE,
  PARAPHRASES,
  Source("nli_counterfactual/triplets.jsonl.gz", _TRIPLET),
)

# Config -> what its smoke run reads.
SOURCES: dict[str, tuple[Source, ...]] = {
  "all_minilm_l6": _EVERYTHING,
  "all_distilroberta": _EVERYTHING,
  "all_mpnet_base": _EVERYTHING,
  "all_roberta_large_v3": _EVERYTHING,
  "multi_qa": (
    Source("stackexchange_small/title_answer.jsonl.gz", ("question", "answer")),
    Source("medquad/pairs.jsonl.gz", ("question", "answer")),
    _TRIVIA,
  ),
  "conversational": (_DIALOGUE,),
  "dpr_nq": (_TRIVIA,),
  "simcse_unsup": (_SENTENCES,),
  "multilingual_distill": (
    Source("tatoeba_en_fr/pairs.jsonl.gz", ("english", "french")),
    Source("tatoeba_en_de/pairs.jsonl.gz", ("english", "german")),
  ),
}
