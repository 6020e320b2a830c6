"""Models come from the hub once, and go there; it is one on this machine."""

import json
import shutil
import subprocess
import sys

import pytest

from data import hub_errors
from data import program
from embeddings import hub
from tests import hub_server
from tests import programs

# Loads models as a process would, and tells what became of each.
LOAD = """
import json, sys
from data import program
from embeddings import huggingface
for name in sys.argv[1:]:
  try:
    found = huggingface.load(name)
    about = found.description
    print(json.dumps([about.config.pooling, str(about.tokenizer)]))
  except program.BadInput as error:
    print(json.dumps(str(error)))
"""
# Pushes a folder as a process would.
PUSH = """
import pathlib, sys
from data import program
from embeddings import hub
folder, name, private = sys.argv[1:]
try:
  hub.check(name)
  print(hub.push(pathlib.Path(folder), name, private=bool(private)))
except program.BadInput as error:
  print(error)
"""


def run(code, *given, env):
  """The lines that a new process prints."""
  ended = subprocess.run(
    [sys.executable, "-c", code, *given],
    cwd=programs.ROOT,
    env=env,
    capture_output=True,
    text=True,
    check=True,
    timeout=programs.TIMEOUT_S,
  )
  return ended.stdout.splitlines()


def test_a_model_comes_once(bert_folder, tmp_path):
  source = shutil.copytree(bert_folder, tmp_path / "hub" / "me" / "bert")
  (source / "onnx").mkdir()
  for name in ("pytorch_model.bin", "tf_model.h5", "onnx/config.json"):
    (source / name).write_text("not for us")
  bin_only = shutil.copytree(bert_folder, tmp_path / "hub" / "me" / "bin")
  (bin_only / "model.safetensors").rename(bin_only / "pytorch_model.bin")
  with hub_server.serve(tmp_path / "hub") as server:
    env = server.environment(tmp_path / "home")
    names = ["me/bert", "me/none", "me/bin"]
    found, none, no_safetensors = map(json.loads, run(LOAD, *names, env=env))
    assert found[0] == "mean"
    assert found[1].startswith(str(tmp_path / "home"))
    assert none.startswith("'me/none' is neither a folder nor a model that")
    assert "RepositoryNotFound" in none and "\n" not in none
    assert no_safetensors.startswith("me/bin has no safetensors on the hub;")
    wanted = {path.name for path in bert_folder.iterdir()}
    fetched = sorted(n for n in server.fetched if n.startswith("me/bert/"))
    assert fetched == sorted(f"me/bert/{name}" for name in wanted)
    again, _ = run(LOAD, "me/bert", "me/none", env=env)
    assert json.loads(again) == found
    assert len(server.fetched) == len(set(server.fetched))
  # The server is gone. Whether this is known or not, the model is there.
  for offline in ("0", "1"):
    lines = run(
      LOAD, "me/bert", "me/none", env=env | {"HF_HUB_OFFLINE": offline}
    )
    assert json.loads(lines[0]) == found
    assert "'me/none' is neither a folder nor" in lines[1]


def test_a_folder_goes_to_the_hub_and_comes_back(bert_folder, tmp_path):
  (tmp_path / "hub" / "me" / "old").mkdir(parents=True)
  (tmp_path / "hub" / "me" / "old" / "LICENSE").write_text("mine")
  with hub_server.serve(tmp_path / "hub") as server:
    env = server.environment(tmp_path / "home", hub_server.TOKEN)
    nobody = {**env, "HF_TOKEN": "hf_of_nobody"}
    (url,) = run(PUSH, str(bert_folder), "me/new", "private", env=env)
    assert url == f"{server.url}/me/new"
    assert server.created[0]["visibility"] == "private"
    (url,) = run(PUSH, str(bert_folder), "me/old", "", env=env)
    assert server.created[1].get("visibility") is None
    wanted = programs.contents(bert_folder)
    assert programs.contents(tmp_path / "hub" / "me" / "new") == wanted
    assert programs.contents(tmp_path / "hub" / "me" / "old") == {
      **wanted,
      "LICENSE": b"mine",
    }
    (line,) = run(LOAD, "me/new", env=env)
    assert json.loads(line)[0] == "mean"
    for name, other in (("others/model", env), ("me/new", nobody)):
      (line,) = run(PUSH, str(bert_folder), name, "", env=other)
      assert f"the hub did not take it as {name}" in line
  (line,) = run(PUSH, str(bert_folder), "me/new", "", env=env)
  assert "the hub did not take it as me/new (ConnectError" in line


def test_a_connection_that_breaks_leads_to_the_cache(bert_folder, monkeypatch):
  asked = []

  def snapshot(name, *, local_files_only=False, **_):
    asked.append(local_files_only)
    if not local_files_only:
      raise hub_errors.HTTP_ERROR(
        "Server disconnected without sending a response."
      )
    if name == "me/bert":
      return str(bert_folder)
    raise FileNotFoundError("it is not in the cache")

  monkeypatch.setattr(hub.huggingface_hub, "snapshot_download", snapshot)
  assert hub.download("me/bert") == bert_folder
  assert asked == [False, True]
  with pytest.raises(program.BadInput, match="not in the cache.; give a fol"):
    hub.download("me/none")


@pytest.mark.parametrize(
  ("name", "message"),
  [
    ("model", "is no id; wanted ORG/NAME"),
    ("a/b/c", "--push_to=a/b/c is no id"),
    ("me/my model", "--push_to=me/my model is no id"),
    ("me/model", "there is no token for the hub; run `hf auth login`"),
  ],
)
def test_what_cannot_be_pushed_is_known_before(monkeypatch, name, message):
  monkeypatch.setattr(hub.huggingface_hub, "get_token", lambda: None)
  with pytest.raises(program.BadInput, match=message) as error:
    hub.check(name)
  assert "\n" not in str(error.value)
