"""The negatives of all pairs on disk, a stretch of pairs at a time.

    chosen         int64 [P, M]: numbers of documents, -1 where there are fewer
    scores         float32 [P, 1 + M]: the positive's, and each of theirs
    given          float32: scores of the negatives that the records had
    mined.json     what all that depends on, and what was dropped for what

A journal says how far the files go (data/growing.py): after a kill the same
call goes on, and ends with the same bytes.
"""

import collections
import json
import pathlib
import shutil
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from data import atomic
from data import growing
from data import program
from embeddings.mining import miner as miner_lib

STRETCH = 2_048  # pairs; the candidates of so many are in memory

_FILE = "mined.json"


class Mined(NamedTuple):
  """The negatives of P pairs.

  Attributes:
    chosen: int64 [P, M], -1 where there are fewer.
    scores: float32 [P, 1 + M], the positive's and theirs.
    given: float32, of the negatives that the records had, end to end; empty
      unless they were asked for.
    dropped: how many candidates were left out, by reason.
  """

  chosen: np.ndarray
  scores: np.ndarray
  given: np.ndarray
  dropped: dict[str, int]


def read(folder: pathlib.Path, negatives: int) -> Mined:
  """What `mine` has written; the arrays stay on disk.

  Args:
    folder: where.
    negatives: M.
  """
  about = json.loads((folder / _FILE).read_text(encoding="utf-8"))
  given = np.fromfile(folder / "given", "<f4")
  return Mined(
    np.memmap(folder / "chosen", "<i8", "r").reshape(-1, negatives),
    np.memmap(folder / "scores", "<f4", "r").reshape(-1, 1 + negatives),
    given,
    about["dropped"],
  )


def resumable(folder: pathlib.Path, about: dict[str, Any]) -> int:
  """Of how many pairs a run that was stopped has kept the negatives.

  What depends on something else is removed.
  """
  path = folder / _FILE
  if growing.place(folder, _FILE):
    whole = json.loads(path.read_text(encoding="utf-8"))
    if whole["about"] == about:
      return whole["pairs"]
    shutil.rmtree(folder)
  journal = growing.journal(folder)
  if journal.get("about") == about:
    return journal["pairs"]
  return 0


def mine(
  folder: pathlib.Path,
  miner: miner_lib.Miner,
  about: dict[str, Any],
  *,
  keep_scores: bool = False,
  stretch: int = STRETCH,
  advance: Callable[[int], None] = lambda _: None,
) -> Mined:
  """Mines the negatives of all pairs, or what is left of them.

  Args:
    folder: appears when it is whole.
    miner: finds them.
    about: what they depend on, as JSON has it.
    keep_scores: whether the negatives that the records had are scored as well.
    stretch: pairs at a time.
    advance: is told of how many further pairs they were found.
  """
  negatives = miner.rules.num_negatives
  if not (folder / _FILE).exists():
    files = growing.Files(folder)
    done = _begun(files, folder, about, negatives)
    try:
      for first in range(done["pairs"], len(miner.texts.pairs), stretch):
        last = min(first + stretch, len(miner.texts.pairs))
        done = _append(files, miner, done, (first, last), keep_scores)
        if files.is_time():
          files.keep(done)
        advance(last - first)
      files.keep(done)
    finally:
      files.close()
    text = json.dumps(done)
    atomic.write_text(growing.partial(folder) / _FILE, text)
    growing.place(folder, _FILE)
  return read(folder, negatives)


def _begun(
  files: growing.Files,
  folder: pathlib.Path,
  about: dict[str, Any],
  negatives: int,
) -> dict[str, Any]:
  """Opens the files where a stopped run of the same left them; its journal."""
  done = growing.journal(folder)
  new = {"about": about, "pairs": 0, "given": 0, "dropped": {}}
  if done.get("about") != about:
    if done:
      program.note_line(
        f"{growing.partial(folder)} was mined by other rules: starting again"
      )
    done = new
  elif not files.are_as_long(_sizes(done, negatives)):
    done = new
  files.open(_sizes(done, negatives))
  return done


def _append(
  files: growing.Files,
  miner: miner_lib.Miner,
  done: dict[str, Any],
  span: tuple[int, int],
  keep_scores: bool,
) -> dict[str, Any]:
  """Mines one stretch and appends it; the journal from then on."""
  texts = miner.texts
  chosen, positives = miner.of(*span)
  given = np.zeros(0, np.float32)
  if keep_scores:
    starts = texts.given_starts[span[0] : span[1] + 1]
    queries = np.repeat(texts.pairs[slice(*span), 0], np.diff(starts))
    given = miner.scores(queries, texts.given[starts[0] : starts[-1]])
  scores = np.concatenate([positives[:, None], chosen.scores], axis=1)
  files.put("chosen", chosen.documents.astype("<i8").tobytes())
  files.put("scores", scores.astype("<f4").tobytes())
  files.put("given", given.astype("<f4").tobytes())
  dropped = collections.Counter(done["dropped"])
  dropped.update(chosen.dropped)
  return done | {
    "pairs": span[1],
    "given": done["given"] + len(given),
    "dropped": dict(dropped),
  }


def _sizes(done: dict[str, Any], negatives: int) -> dict[str, int]:
  """The bytes of each file, as far as the journal goes."""
  return {
    "chosen": 8 * negatives * done["pairs"],
    "scores": 4 * (1 + negatives) * done["pairs"],
    "given": 4 * done["given"],
  }
