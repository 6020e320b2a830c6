"""Mining from a data set to a data set, in parts that a kill does not undo.

    .OUT.mining/
      texts/         the texts, each once (collected.py)
      query-HASH/    their vectors (embeddings/bulk.py), by what they depend on
      document-HASH/
      mined/         the negatives, as numbers of documents (mined.py)
    OUT/             the data set (written.py)

Each part is kept as far as it came, and the next one begins when it is whole.
"""

import pathlib
import shutil
import time
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from data import growing
from data import manifest as manifest_lib
from data import program
from data import records
from embeddings import encode
from embeddings.mining import by_words
from embeddings.mining import collected as collected_lib
from embeddings.mining import encoded
from embeddings.mining import mined as mined_lib
from embeddings.mining import miner as miner_lib
from embeddings.mining import ranking as ranking_lib
from embeddings.mining import rescore
from embeddings.mining import rules as rules_lib
from embeddings.mining import written as written_lib


class Wanted(NamedTuple):
  """What is to be mined, and by what.

  Attributes:
    data_set: the pairs.
    corpus: gives further documents.
    corpus_digests: of the files that they are from.
    out: the data set to write.
    rules: which documents are taken.
    encoder: ranks them; None for BM25.
    rescoring: scores them anew; None for the ranking's scores.
    dtype: of vectors on disk.
    keep_scores: whether the scores are written as well.
    names: how model and cross-encoder were called, for the manifest.
  """

  data_set: records.DataSet
  corpus: Callable[[], Iterable[str]]
  corpus_digests: Sequence[str]
  out: pathlib.Path
  rules: rules_lib.Rules
  encoder: encode.Encoder | None
  rescoring: rescore.CrossEncoder | None = None
  dtype: str = "float32"
  keep_scores: bool = False
  names: Mapping[str, str] = types.MappingProxyType({})


class Done(NamedTuple):
  """What was done in this start.

  Attributes:
    pairs: mined in it.
    resumed: vectors and pairs that were there before.
    seconds_of: each part.
  """

  pairs: int
  resumed: dict[str, int]
  seconds_of: dict[str, float]


def mine(wanted: Wanted) -> Done:
  """Mines, or goes on with it, unless it was done.

  Raises:
    program.BadInput: if another data set stands there, no pair is left, or
      another process mines there.
  """
  clock, settings = _Clock(), _settings(wanted)
  resumed = {"vectors": 0, "pairs": 0}
  work = wanted.out.with_name(f".{wanted.out.name}.mining")
  if is_there(wanted.out, settings, "mine_negatives"):
    shutil.rmtree(work, ignore_errors=True)  # A kill may have left it.
    program.note_line(f"{wanted.out} is whole already, and is left as it is")
    return Done(0, resumed, {})
  with growing.alone(work):
    texts = _collected(wanted, work / "texts", settings["texts"])
    clock.note("collecting")
    ranking = _ranking(wanted, work, texts, resumed)
    clock.note("encoding")
    miner = miner_lib.Miner(texts, ranking, wanted.rules, wanted.rescoring)
    mined = _mined(wanted, work / "mined", miner, settings, resumed)
    clock.note("mining")
    _write(wanted, texts, mined, settings)
    clock.note("writing")
    shutil.rmtree(work)
  pairs = len(wanted.data_set) - resumed["pairs"]
  return Done(pairs, resumed, clock.parts)


class _Clock:
  """How long the parts took, in seconds."""

  def __init__(self) -> None:
    self._last = time.monotonic()
    self.parts: dict[str, float] = {}

  def note(self, part: str) -> None:
    """Ends a part."""
    now = time.monotonic()
    self.parts[part], self._last = round(now - self._last, 2), now


def _settings(wanted: Wanted) -> dict[str, Any]:
  """All that the negatives depend on, as JSON has it."""
  encoder, rescoring = wanted.encoder, wanted.rescoring
  return {
    "texts": {
      "data": wanted.data_set.manifest.digest,
      "corpus": list(wanted.corpus_digests),
    },
    "by": "model" if encoder else "bm25",
    "encoder": encoded.digest(encoder) if encoder else "",
    "dtype": wanted.dtype if encoder else "",
    "rescoring": rescoring.digest() if rescoring else "",
    "keep_scores": wanted.keep_scores,
    **wanted.rules.as_dict(),
  }


def is_there(
  out: pathlib.Path, settings: dict[str, Any], program_name: str
) -> bool:
  """Whether the data set stands there, made just so.

  Args:
    out: where.
    settings: of the program that made it.
    program_name: of that program, as the manifest's filters have it.

  Raises:
    program.BadInput: if something else is there.
  """
  if not out.exists():
    return False
  if not (out / manifest_lib.FILE).exists():
    raise program.BadInput(
      f"{out} exists and is not a data set (no {manifest_lib.FILE}); give "
      "another --out or move it away"
    )
  there = manifest_lib.read(out).filters.get(program_name, {})
  for key, value in settings.items():
    if there.get(key) != value:
      raise program.BadInput(
        f"{out} is a data set with {key} {there.get(key)!r:.60}, wanted "
        f"{value!r:.60}; give another --out, or remove it"
      )
  return True


def _collected(
  wanted: Wanted, folder: pathlib.Path, about: dict[str, Any]
) -> collected_lib.Collected:
  """The texts of data set and corpus, each once."""
  with program.progress(
    len(wanted.data_set), unit="records", label="collecting"
  ) as bar:
    return collected_lib.collect(
      folder,
      wanted.data_set,
      wanted.corpus(),
      about,
      existing=wanted.rules.existing,
      advance=bar.advance,
    )


def _ranking(
  wanted: Wanted,
  work: pathlib.Path,
  texts: collected_lib.Collected,
  resumed: dict[str, int],
) -> ranking_lib.Ranking:
  """What finds the nearest documents: vectors on disk, or an index of words."""
  encoder = wanted.encoder
  if encoder is None:
    return by_words.ByWords(texts.queries, texts.documents)
  found, resumed["vectors"] = encoded.ranking(
    encoder, texts, work, wanted.dtype
  )
  return found


def _mined(
  wanted: Wanted,
  folder: pathlib.Path,
  miner: miner_lib.Miner,
  settings: dict[str, Any],
  resumed: dict[str, int],
) -> mined_lib.Mined:
  """The negatives of all pairs."""
  resumed["pairs"] = mined_lib.resumable(folder, settings)
  with program.progress(
    len(wanted.data_set), unit="pairs", label="mining", done=resumed["pairs"]
  ) as bar:
    return mined_lib.mine(
      folder,
      miner,
      settings,
      keep_scores=wanted.keep_scores,
      advance=bar.advance,
    )


def _write(
  wanted: Wanted,
  texts: collected_lib.Collected,
  mined: mined_lib.Mined,
  settings: dict[str, Any],
) -> None:
  """Writes the data set."""
  with program.progress(
    len(wanted.data_set), unit="pairs", label="reading back"
  ) as bar:
    written_lib.write(
      wanted.out,
      wanted.data_set,
      texts,
      mined,
      wanted.rules,
      settings={**wanted.names, **settings},
      keep_scores=wanted.keep_scores,
      advance=bar.advance,
    )
