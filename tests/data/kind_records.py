"""Good records of every kind, for hypothesis, and their columns."""

from hypothesis import strategies

from data import kinds
from data import manifest

COLUMNS = manifest.KINDS  # as few as there may be

_Strategy = strategies.SearchStrategy
TEXTS = strategies.text(min_size=1).filter(str.strip)
NUMBERS = strategies.floats(allow_nan=False, allow_infinity=False)
_WHOLE = strategies.integers(1 - 2**63, 2**63 - 1)


def good(
  texts: _Strategy[str] = TEXTS, numbers: _Strategy[float] = NUMBERS
) -> dict[str, _Strategy[kinds.Record]]:
  """The records of each kind that these texts and scores make."""
  triplets = strategies.lists(texts, min_size=3, max_size=6).map(tuple)

  def scored(record: kinds.Record) -> _Strategy[kinds.Record]:
    count = len(record) - 1
    scores = strategies.lists(numbers, min_size=count, max_size=count)
    return scores.map(lambda found: (*record, tuple(found)))

  return {
    "texts": strategies.tuples(texts),
    "pairs": strategies.tuples(texts, texts),
    "triplets": triplets,
    "scored": strategies.tuples(texts, texts, numbers),
    "scored_triplets": triplets.flatmap(scored),
    "grouped": strategies.tuples(texts, texts, texts | _WHOLE),
  }


def sets(
  good: dict[str, _Strategy[kinds.Record]],
) -> _Strategy[tuple[str, list[kinds.Record]]]:
  """A kind and some records of it."""
  return strategies.one_of(
    strategies.tuples(
      strategies.just(kind), strategies.lists(record, min_size=1)
    )
    for kind, record in good.items()
  )
