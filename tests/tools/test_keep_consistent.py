"""Tests of tools/keep_consistent.py: what stays is what the model finds."""

import numpy as np
import pytest

from data import records
from embeddings import encode
from tests import conftest
from tests import programs
from tests.data import raw_set


@pytest.mark.long
def test_pairs_stay_whose_positive_is_among_the_nearest(
  trained, tmp_path, run_program
) -> None:
  right = conftest.pairs(40)
  # Ten answers belong to other questions.
  wrong = [right[30 + (n + 5) % 10][1] for n in range(10)]
  pairs = [*right[:30], *zip([q for q, _ in right[30:]], wrong, strict=True)]
  found = [(pair, f"origin {n}") for n, pair in enumerate(pairs)]
  data, out = tmp_path / "pairs", tmp_path / "consistent"
  about = {"kind": "pairs", "columns": ("query", "document"), "licence": "CC0"}
  with records.Writer(data, name="pairs", origin="number", **about) as writer:
    for pair, origin in found:
      writer.write(pair, origin)
  given = [f"--data={data}", f"--out={out}", f"--model={trained}", "--top=3"]
  ended = run_program("tools.keep_consistent", *given)
  assert ended.code == 0, ended
  encoder = encode.load(str(trained))
  queries = encoder.comparable([query for query, _ in pairs], "query")
  documents = encoder.comparable([text for _, text in pairs], "document")
  scores = queries @ documents.T
  ahead = (scores > np.diag(scores)[:, None] + 1e-5).sum(1)
  sure = (scores > np.diag(scores)[:, None] - 1e-5).sum(1) - 1
  kept = records.DataSet(out)
  stays = dict(
    zip(
      kept.read(range(len(kept))), kept.origins(range(len(kept))), strict=True
    )
  )
  # Some are so near each other that a batch of other texts turns them.
  for (pair, origin), least, most in zip(found, ahead, sure, strict=True):
    if least == most:
      assert stays.get(pair) == (origin if least < 3 else None)
  assert 0 < len(kept) < 40 and (ahead == sure).sum() > 30
  assert kept.manifest.licence == "CC0"
  assert kept.manifest.filters["keep_consistent"]["top"] == 3
  counts = {"read": 40, "not_found": 40 - len(kept), "kept": len(kept)}
  assert kept.manifest.counts == counts
  assert ended.result["pairs"] == len(kept)
  assert ended.result["dropped"] == {"not_found": 40 - len(kept)}
  before = programs.contents(tmp_path)
  assert "is whole already" in run_program("tools.keep_consistent", *given).err
  assert programs.contents(tmp_path) == before
  other = run_program("tools.keep_consistent", *given, "--top=1")
  assert "with top 3, wanted 1" in programs.bad_input(other)


def test_scored_pairs_have_no_positive(trained, tmp_path, run_program) -> None:
  scored = raw_set.write(
    tmp_path / "scored",
    [b'["a", "b", 1.5]'],
    kind="scored",
    columns=("one", "other", "score"),
  )
  ended = run_program(
    "tools.keep_consistent",
    f"--data={scored.folder}",
    f"--out={tmp_path / 'out'}",
    f"--model={trained}",
  )
  assert "holds scored; wanted pairs or triplets" in programs.bad_input(ended)
