"""Data sets come from the hub by name; it is one on this machine."""

import gzip
import json
import subprocess
import sys

import pytest

from data import program
from data import records
from data.catalogue import table
from data.sources import fetch
from tests import hub_server
from tests import programs

LINES = {
  "altlex": [["The cat sat down.", "A cat sat."], ["It rains.", "Rain falls."]],
  "quora_duplicates_triplets": [
    {"query": "What is tea?", "pos": ["Define tea"], "neg": ["What is a T?"]},
    {"query": "Why rain?", "pos": ["Why is it wet?"], "neg": ["Why?", "How?"]},
  ],
  "coco_captions": [{"set": ["A dog.", "One dog.", "The dog."]}],
}
# Fetches again, the second time by other rules, and as if 2 were published.
AGAIN = """
import dataclasses, json, pathlib, sys
from data.catalogue import table
from data.cleaning import rules
from data.sources import fetch
two = dataclasses.replace(table.ENTRIES["altlex"], published=2)
out, downloads = map(pathlib.Path, sys.argv[1:])
print(json.dumps(fetch.fetch(two, out, downloads)))
longer = rules.Rules(min_chars=10)
print(json.dumps(fetch.fetch(two, out, downloads, cleaning=longer)))
"""


def run(environment, *command):
  """A new process, which reads the environment of the hub."""
  return subprocess.run(
    [sys.executable, *command],
    cwd=programs.ROOT,
    env=environment,
    capture_output=True,
    text=True,
    timeout=programs.TIMEOUT_S,
  )


def test_data_sets_come_once(tmp_path):
  out, downloads = tmp_path / "out", tmp_path / "downloads"
  folder = tmp_path / "hub" / "datasets" / "sentence-transformers"
  folder /= "embedding-training-data"
  folder.mkdir(parents=True)
  for name, lines in LINES.items():
    content = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(content.encode()))
  names = ("altlex", "quora_duplicates", "coco_captions")
  with hub_server.serve(tmp_path / "hub") as server:
    environment = server.environment(tmp_path / "home")
    ended = run(
      environment,
      *("-m", "data.sources.fetch", *names),
      *(f"--out={out}", f"--downloads={downloads}"),
    )
    assert ended.returncode == 0, ended
    result = json.loads(ended.stdout.splitlines()[-1])
    assert len(server.fetched) == 3
    before = programs.contents(out)
    # Names that come to stand in --out are those of the catalogue.
    assert sorted(path.name for path in out.iterdir()) == sorted(names)
    again = run(environment, "-c", AGAIN, str(out), str(downloads))
    assert again.returncode == 0, again
    assert len(server.fetched) == 3
  assert {n: one["records"] for n, one in result["datasets"].items()} == {
    "altlex": 2,
    "quora_duplicates": 2,
    "coco_captions": 3,
  }
  for name in names:
    one = table.ENTRIES[name]
    assert result["datasets"][name]["expected"] == one.published
    assert result["datasets"][name]["near"] is False
    assert f"{name} has " in ended.stderr
    assert f"{one.published:,} were published" in ended.stderr
  assert not result["near"] and result["records"] == 7
  size = sum(path.stat().st_size for path in folder.iterdir())
  assert result["fetched_bytes"] == size
  triplets = records.DataSet(out / "quora_duplicates")
  assert triplets.manifest.kind == "triplets"
  assert triplets.manifest.licence == table.ENTRIES["quora_duplicates"].licence
  assert set(triplets.read([0, 1])) == {
    ("What is tea?", "Define tea", "What is a T?"),
    ("Why rain?", "Why is it wet?", "Why?", "How?"),
  }
  same, fewer = map(json.loads, again.stdout.splitlines())
  assert (same["records"], same["near"], same["fetched_bytes"]) == (2, True, 0)
  assert "altlex is finished; nothing to do" in again.stderr
  assert (fewer["records"], fewer["near"]) == (1, False)
  left = records.DataSet(out / "altlex").read([0])
  assert left == [("The cat sat down.", "A cat sat.")]
  after = programs.contents(out)
  changed = {name for name in before if before[name] != after[name]}
  assert {name.partition("/")[0] for name in changed} == {"altlex"}


def test_names_are_of_the_catalogue():
  assert fetch.choose(["squad", "squad"]) == [table.ENTRIES["squad"]]
  assert fetch.choose(["all"]) == [
    one for one in table.ENTRIES.values() if one.repo
  ]
  with pytest.raises(program.BadInput, match="nearest: squad"):
    fetch.choose(["altlex", "sqad"])
  with pytest.raises(program.BadInput) as error:
    fetch.choose(["reddit"])
  assert "reddit is on no hub: get Pushshift's RC_2015-01" in str(error.value)
  assert "python -m data.sources.reddit " in str(error.value)


def test_a_place_that_is_taken_is_said_before_a_download(tmp_path):
  (tmp_path / "altlex").mkdir()
  for out, words in (
    (tmp_path, "exists and is not a data set"),
    (tmp_path / "file", "cannot write to"),
  ):
    (tmp_path / "file").touch()
    with pytest.raises(program.BadInput, match=words):
      fetch.fetch(table.ENTRIES["altlex"], out, tmp_path / "downloads")
  assert not (tmp_path / "downloads").exists()


def test_what_is_missing_is_said(run_program):
  ended = run_program("data.sources.fetch", "--out=x")
  assert "no data set was named" in programs.bad_input(ended)
  ended = run_program("data.sources.fetch", "altlex")
  assert "--out is missing" in programs.bad_input(ended)
