"""A task as it is written has three parts, of which two may be left out."""

import pathlib

import pytest

from data import program
from embeddings.evals import written

TYPES = ("sts", "retrieval")


@pytest.mark.parametrize(
  ("text", "wanted"),
  [
    ("sets/a", ("", "sets/a", "test", "a")),
    ("sets/a@dev", ("", "sets/a", "dev", "a@dev")),
    ("sts:sets/a@test", ("sts", "sets/a", "test", "a@test")),
    ("sts:sets/a/", ("sts", "sets/a", "test", "a")),
    ("sets/b@2", ("", "sets/b@2", "test", "b@2")),  # a folder of that name
    ("sets/b@2@dev", ("", "sets/b@2", "dev", "b@2@dev")),
    ("retrieval:c", ("", "retrieval:c", "test", "retrieval:c")),
    ("sts:retrieval:c", ("sts", "retrieval:c", "test", "retrieval:c")),
  ],
)
def test_the_parts(tmp_path, monkeypatch, text, wanted):
  monkeypatch.chdir(tmp_path)
  for name in ("sets/a", "sets/b@2", "retrieval:c"):
    pathlib.Path(name).mkdir(parents=True)
  found = written.parse(text, TYPES)
  assert found == (wanted[0], pathlib.Path(wanted[1]), *wanted[2:])


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("mteb:STS12", "'mteb', which is no type .* wanted one of sts, retrieval"),
    ("sts:nowhere", "^nowhere is not an evaluation folder"),
    ("no/where@dev", "^no/where is not an evaluation folder"),
    ("file", "^file is not an evaluation folder"),
  ],
)
def test_what_is_not_there_is_named(tmp_path, monkeypatch, text, message):
  monkeypatch.chdir(tmp_path)
  (tmp_path / "file").touch()
  with pytest.raises(program.BadInput, match=message):
    written.parse(text, TYPES)
