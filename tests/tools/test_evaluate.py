"""tools.evaluate: rows, columns, differences, and what may be wrong."""

import json

import pytest

from tests import conftest
from tests import programs
from tests.embeddings import texts as texts_lib


@pytest.fixture(scope="module")
def sts(tmp_path_factory):
  """Pairs of texts whose score is whether they are of one pair."""
  folder = tmp_path_factory.mktemp("evaluations") / "alike"
  folder.mkdir()
  texts = conftest.pairs(40)
  rows = [
    {"s1": texts[i][0], "s2": texts[i + i % 2][1], "score": 1.0 - i % 2}
    for i in range(39)
  ]
  write(folder / "dev.jsonl", rows)
  return folder


def write(path, rows):
  """Writes rows as JSON lines."""
  path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_two_models_are_compared_on_the_same_items(
  run_program, trained, corpus, sts, tmp_path
):
  ended = run_program(
    "tools.evaluate",
    f"--model={trained}",
    "--untrained",
    f"--tasks=sts:{sts}@dev,{corpus / 'dev'}",
    "--compare",
    "--bootstrap=50",
    f"--out={tmp_path / 'results.json'}",
  )
  assert ended.code == 0, ended
  result = ended.result
  assert json.loads((tmp_path / "results.json").read_text()) == result
  names = ("alike@dev.cosine_spearman", "dev.ndcg_at_10")
  head, ours, theirs, _, *differences, _ = ended.out.splitlines()
  assert head.split() == list(names)
  for line, prefix in ((ours, ""), (theirs, "untrained.")):
    shown = [f"{100 * result[f'{prefix}{name}']:.2f}" for name in names]
    assert line.split()[1:] == shown
  assert [line.split()[0] for line in differences] == list(names)
  for name, line in zip(names, differences, strict=True):
    key = f"difference.{name}"
    assert result[key] == result[name] - result[f"untrained.{name}"]
    assert result[f"{key}.low"] <= result[key] <= result[f"{key}.high"]
    assert 0 <= result[f"{key}.better"] <= 1
    assert line.split()[1] == f"{100 * result[key]:+.2f}"
  assert result["models"] == {str(trained): "gigapair"}
  assert result["versions"].keys() == {"jax", "numpy", "tokenizers"}


def test_all_measures_are_shown_task_by_task(run_program, trained, corpus, sts):
  ended = run_program(
    "tools.evaluate",
    f"--model={trained}",
    "--bm25",
    f"--tasks={corpus / 'dev'},{sts}@dev,geometry:{sts}@dev",
    "--measures=all",
    "--compare",
    "--bootstrap=5",
  )
  assert ended.code == 0, ended
  lines = ended.out.splitlines()
  assert (lines[0], lines[4]) == ("dev:", "alike@dev:")
  measures = [k for k in ended.result if k.startswith("dev.")]
  assert {f"dev.{name}" for name in lines[1].split()} | {
    "dev.candidates"
  } == set(measures)
  assert lines[7].split() == ["bm25"] + ["-"] * len(lines[5].split())
  assert lines.count("alike@dev: bm25 does no such task") == 2
  assert lines[8] == "alike@dev:"  # The folder's other type has its own table.
  assert {"cosine_spearman", "uniformity"} <= {
    name.removeprefix("alike@dev.") for name in ended.result
  }
  assert "cosine_spearman" in lines[5] and "uniformity" in lines[9]
  assert "difference.dev.recall_at_10.low" in ended.result


WRONG = [
  (["--model={run}", "--tasks=sst:x"], "'sst', which is no type"),
  (["--model={run}", "--tasks=/nowhere"], "not an evaluation folder"),
  (["--model={run}", "--tasks={empty}"], "{empty}"),
  (["--model={run}", "--tasks={sts}@test"], "no split 'test'; it has dev"),
  (["--model={run}", "--tasks={sts}@dev", "--compare"], "name a second in"),
  (["--model={run},{run}", "--tasks={sts}@dev"], "twice; wanted each model"),
  (["--model={empty}", "--tasks={sts}@dev"], "{empty} has no config.json"),
  (["--model=bm25", "--tasks={sts}@dev"], "name of another row; give it as ./"),
  (["--model={run}", "--tasks={sts}@dev,sts:{sts}@dev"], "is given twice"),
  (["--model={run}", "--tasks=mteb:STSBenchmark="], "is no folder with files"),
]


@pytest.mark.parametrize(
  ("given", "message"), WRONG, ids=lambda v: str(v)[-40:]
)
def test_wrong_input_is_one_line(
  run_program, trained, sts, tmp_path, given, message
):
  places = {"run": trained, "sts": sts, "empty": tmp_path}
  ended = run_program(
    "tools.evaluate", *(word.format(**places) for word in given)
  )
  assert message.format(**places) in programs.bad_input(ended)


@pytest.mark.long
def test_tasks_of_mteb_stand_beside_ours(run_program, trained, sts, tmp_path):
  rows = [json.loads(line) for line in (sts / "dev.jsonl").open()]
  write(
    tmp_path / "test.jsonl",
    [
      {"sentence1": row["s1"], "sentence2": row["s2"], "score": row["score"]}
      for row in rows
    ],
  )
  ended = run_program(
    "tools.evaluate",
    f"--model={trained}",
    "--untrained",
    f"--tasks=mteb:STSBenchmark={tmp_path},{sts}@dev",
    "--compare",
  )
  assert ended.code == 0, ended
  result = ended.result
  for prefix in ("", "untrained.", "difference."):
    found = result[f"{prefix}STSBenchmark.cosine_spearman"]
    wanted = result[f"{prefix}alike@dev.cosine_spearman"]
    assert found == pytest.approx(wanted, abs=1e-6)
  assert "difference.STSBenchmark.cosine_spearman.low" not in result
  assert "no interval" in ended.out
  assert "mteb" in result["versions"]


@pytest.mark.long
def test_the_real_model_has_its_published_figure(run_program, minilm):
  if not texts_lib.SHARED.exists():
    pytest.skip(f"{texts_lib.SHARED} is not on this machine")
  ended = run_program(
    "tools.evaluate",
    f"--model={minilm}",
    f"--tasks={texts_lib.SHARED / 'stsbenchmark'}",
  )
  assert ended.code == 0, ended
  found = ended.result["stsbenchmark.cosine_spearman"]
  assert found == pytest.approx(0.8203, abs=1e-4)
  assert ended.out.splitlines()[1].split()[1] == "82.03"
