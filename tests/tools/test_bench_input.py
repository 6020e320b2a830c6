"""The benchmark of the input, on few pairs and no claim of speed."""

import gzip
import json
import math

import numpy as np
import pytest

from data import choose
from data import layout as layout_lib
from data import mixture as mixture_lib
from data import schedule
from data import tokens
from tests import conftest
from tests import programs
from tools.bench import batches
from tools.bench import billion
from tools.bench import corpus
from tools.bench import peak_memory
from tools.bench import reading

SMALL = (
  "--batch=8",
  "--max_length=32",
  "--batches=12",
  "--rounds=1",
  "--growth_batches=20",
  "--cached_pairs=40",
)
KEYS = {
  "schedule_pairs_per_s",
  "read_pairs_per_s",
  "read_pairs_per_s_1",
  "read_pairs_per_s_400",
  "read_pairs_per_s_apart",
  "read_pairs_per_s_threads",
  "grain_pairs_per_s",
  "cached_pairs_per_s",
  "cached_pairs_per_s_threads",
  "tokenize_ratio",
  "tokenize_ratio_fast",
  "tokenized_pairs_per_s",
  "fill",
  "billion_records",
  "billion_start_s",
  "billion_peak_mb",
  "billion_late_over_early",
}


@pytest.fixture
def real(tmp_path):
  """A folder of pairs, as real ones are kept."""
  for name, rows in (("faq", conftest.pairs(60)), ("code", SPLIT)):
    path = tmp_path / "real" / name
    path.mkdir(parents=True)
    with gzip.open(path / FILES[name], "wt") as file:
      file.writelines(json.dumps(row) + "\n" for row in rows)
  return tmp_path / "real"


FILES = {"faq": "pairs.jsonl.gz", "code": "triplets.jsonl.gz"}
SPLIT = [(*pair, "no match") for pair in conftest.pairs(130)[60:]]


@pytest.fixture
def named(tmp_path):
  """A mixture file with counts, and no data sets."""
  path = tmp_path / "named.json"
  content = [
    {"name": f"site-{number}.jsonl.gz", "lines": 10**8, "weight": number}
    for number in range(1, 7)
  ]
  path.write_text(json.dumps(content))
  return path


def bench(run_program, *given):
  return run_program("tools.bench.input", *SMALL, *given)


def test_it_measures_everything(run_program, real, named, tokenizer_folder):
  out = real.parent / "out"
  given = (
    f"--data={real}",
    f"--mixture={named}",
    f"--tokenizer={tokenizer_folder}",
    f"--out={out}",
    "--late=600",
  )
  ended = bench(run_program, *given)
  assert ended.code == 0, ended
  result = ended.result
  assert result.keys() == KEYS | {"growth_mb"}
  for key in KEYS:
    assert 0 < result[key] < math.inf, (key, result[key])
  assert result["fill"] <= 1
  assert result["billion_records"] == 6 * 10**8
  assert result["growth_mb"] < 8
  table = [line.split()[0] for line in ended.out.splitlines()[:-1]]
  assert table == list(result)
  before = programs.contents(out / "shards-32")
  assert before
  # What was written stays, and a second run takes it as it is.
  written = next((out / "shards-32" / "0").glob("*.array_record"))
  when = written.stat().st_mtime_ns
  folders = corpus.read(corpus.find(str(real)), 0)
  pairs = [pair for of_folder in folders.values() for pair in of_folder]
  corpus.layouts(out, pairs, str(named))
  assert written.stat().st_mtime_ns == when


def test_all_layouts_hold_the_same_pairs(real, named, tmp_path):
  folders = corpus.read(corpus.find(str(real)), 0)
  assert folders["code"] == conftest.pairs(130)[60:]
  pairs = [pair for of_folder in folders.values() for pair in of_folder]
  found = corpus.layouts(tmp_path / "out", pairs, str(named))
  assert found.keys() == {"1", "32", "400", "apart"}
  for name, mixture in found.items():
    assert mixture.weights == (1, 2, 3, 4, 5, 6)
    distinct = {
      record
      for data_set in mixture.data_sets
      for record in data_set.read(range(len(data_set)))
    }
    assert distinct == set(pairs), name
    assert reading.Records(mixture, 8)[3] == 8
  assert len(found["1"].data_sets[0].manifest.shards) == 1
  assert len({entry.folder for entry in found["apart"].entries}) == 6
  mixed = reading.grain_mix(
    found["32"], corpus.for_grain(tmp_path / "out", pairs)
  )
  assert {mixed[number] for number in range(2_000)} == set(pairs)


def test_pairs_of_another_run_are_written_again(tmp_path):
  pairs = conftest.pairs(9)
  corpus.write(tmp_path / "set", pairs)
  corpus.write(tmp_path / "set", pairs[:5])
  mixture = mixture_lib.open_mixture(str(tmp_path / "set"))
  assert mixture.sizes == (5,)


def test_raw_texts_are_those_of_the_batches(real, tmp_path, tokenizer_folder):
  folders = corpus.read(corpus.find(str(real)), 0)
  mixture = corpus.weighted(tmp_path / "sets", folders, 50)
  assert mixture.sizes == (50, 50)
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=16)
  batches.pretokenise(mixture, tokenizer, 1)
  layout = layout_lib.Layout(8, 16, 2)
  by_source = [
    batches.make(mixture, tokenizer, layout, source=source, steps=4)
    for source in ("text", "cache")
  ]
  raw = batches.plain(tokenizer)
  for step in range(4):
    texts = batches.texts_of(mixture, by_source[0], step)
    lengths = [len(found.ids) for found in raw.encode_batch(texts)]
    for one in by_source:
      _, of_batch = one.tokens(step)
      assert of_batch.lengths.ravel().tolist() == lengths
  alone = batches.one_by_one(
    batches.make(mixture, tokenizer, layout, source="cache", steps=9), 5
  )
  assert 0 < alone.fill <= 1


def test_made_up_records_are_the_same_each_time(named):
  mixture = mixture_lib.plan(str(named))
  plan = schedule.of_mixture(
    mixture, batch_size=64, datasets_per_batch="", seed=0
  )
  chooser = choose.Chooser(mixture.options, 2, 0)
  first, again, other = (
    billion.Numbers().read(plan.batch(step), chooser) for step in (5, 5, 6)
  )
  np.testing.assert_array_equal(first.identity, again.identity)
  assert not np.intersect1d(first.identity, other.identity).size
  assert first.lengths.min() >= 1 and first.lengths.max() <= 128
  pair, column = np.array([3, 1]), np.array([0, 1])
  ids = first.ids(pair, column)
  assert len(ids) == first.lengths[pair, column].sum()
  np.testing.assert_array_equal(
    ids[first.lengths[3, 0] :], first.ids(pair[1:], column[1:])
  )


def test_the_peak_is_not_below_what_is_resident():
  now, peak = (peak_memory.resident(name) for name in ("VmRSS", "VmHWM"))
  assert now is None or (peak is not None and 0 < now <= peak)


@pytest.mark.long
def test_memory_stays_flat(real, tmp_path, tokenizer_folder):
  folders = corpus.read(corpus.find(str(real)), 0)
  mixture = corpus.weighted(tmp_path / "sets", folders, 50)
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=16)
  batches.pretokenise(mixture, tokenizer, 1)
  layout = layout_lib.Layout(64, 16)
  for source, steps in (("cache", 10_000), ("text", 2_000)):
    grown = batches.growth_mb(
      batches.make(mixture, tokenizer, layout, source=source, steps=steps)
    )
    assert grown is None or grown < 4, (source, grown)


@pytest.mark.parametrize(
  ("given", "message"),
  [
    (("--data={real}/faq/none",), "has no file named pairs.jsonl.gz or"),
    ((), "--data is missing; give it, as in --data=../shared/data"),
    (
      ("--data={real}", "--mixture={real}/none.json"),
      "cannot read the mixture",
    ),
    (("--data={real}", "--tokenizer={real}"), "has no tokenizer.json"),
    (("--data={real}", "--out={real}/faq/pairs.jsonl.gz"), "cannot be made"),
  ],
)
def test_wrong_flags_are_one_line(
  run_program, real, named, tokenizer_folder, given, message
):
  given = [flag.format(real=real) for flag in given]
  defaults = [f"--mixture={named}", f"--tokenizer={tokenizer_folder}"]
  ended = bench(run_program, *defaults, *given)
  assert message in programs.bad_input(ended)


def test_a_folder_with_too_few_pairs_is_named(
  run_program, real, named, tokenizer_folder
):
  ended = bench(
    run_program,
    f"--data={real}",
    f"--mixture={named}",
    f"--tokenizer={tokenizer_folder}",
    "--pairs=3",
  )
  assert ended.code == 2, ended
  assert "code below" in ended.err and "give --batch=6" in ended.err
