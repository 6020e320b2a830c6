"""Files come from the hub once and whole; it is one on this machine."""

import gzip
import json
import pathlib
import random
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests import hub_server
from tests import programs

# Gets files as a process would, and tells what became of each.
GET = """
import json, pathlib, sys
from data import program
from data.sources import hub_file
for name in sys.argv[2:]:
  try:
    repo, _, file = name.rpartition("/")
    got = hub_file.get(repo, file, pathlib.Path(sys.argv[1]))
    print(json.dumps([str(got.path), got.digest, got.fetched_bytes]))
  except (program.BadInput, program.StartAgain) as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""
# The library writes what came in pieces of this size.
PIECE = 10 * 2**20
LARGE = random.Random(1).randbytes(PIECE + 2_000_000)
SMALL = gzip.compress(b'["one", "two"]\n')


class Hub:
  """The hub with a data set of three files, and what is asked of it."""

  def __init__(self, server: hub_server.Server, folder: pathlib.Path):
    self.server, self.folder = server, folder
    self.downloads = folder / "downloads"
    self.environment = server.environment(folder / "home")
    self.files = server.folder / "datasets" / "me" / "pairs"
    self.files.mkdir(parents=True)
    (self.files / "large.gz").write_bytes(LARGE)
    (self.files / "small.gz").write_bytes(SMALL)
    (self.files / "README.md").write_text("pairs")

  def get(self, *names: str, **environment: str) -> list[list[Any]]:
    """What became of each file."""
    self.server.fetched.clear()
    self.server.ranges.clear()
    ended = subprocess.run(
      [sys.executable, "-c", GET, str(self.downloads), *names],
      cwd=programs.ROOT,
      env=self.environment | environment,
      capture_output=True,
      text=True,
      check=True,
      timeout=programs.TIMEOUT_S,
    )
    return [json.loads(line) for line in ended.stdout.splitlines()]

  def kept(self) -> set[str]:
    """Names of what is in the folder of downloads, but for locks."""
    paths = programs.contents(self.downloads)
    return {name.rpartition("/")[2] for name in paths if ".lock" not in name}


@pytest.fixture
def hub(tmp_path: pathlib.Path) -> Iterator[Hub]:
  """A hub of its own."""
  with hub_server.serve(tmp_path / "hub") as server:
    yield Hub(server, tmp_path)


def test_a_file_comes_once(hub):
  names = ["me/pairs/small.gz", "me/pairs/README.md"]
  first = hub.get(*names)
  assert [pathlib.Path(row[0]).read_bytes() for row in first] == [
    SMALL,
    b"pairs",
  ]
  assert [row[1].partition(":")[0] for row in first] == ["sha256", "git"]
  assert [row[2] for row in first] == [len(SMALL), 5]
  again = hub.get(*names)
  assert again == [[*row[:2], 0] for row in first]
  assert hub.server.fetched == []
  # What has changed since comes again.
  (hub.files / "README.md").write_text("more pairs")
  changed = hub.get(*names)
  assert changed[0] == again[0]
  assert changed[1][2] == 10 and changed[1][1] != again[1][1]
  assert hub.server.fetched == ["datasets/me/pairs/README.md"]


def test_a_file_that_came_by_hand_is_taken_if_it_is_right(hub):
  folder = hub.downloads / "me" / "pairs"
  folder.mkdir(parents=True)
  (folder / "small.gz").write_bytes(SMALL)
  (folder / "README.md").write_text("pears")
  small, readme = hub.get("me/pairs/small.gz", "me/pairs/README.md")
  assert (small[2], readme[2]) == (0, 5)
  assert hub.server.fetched == ["datasets/me/pairs/README.md"]
  assert pathlib.Path(readme[0]).read_text() == "pairs"


def test_what_is_there_serves_where_the_hub_does_not_answer(hub):
  (first,) = hub.get("me/pairs/small.gz")
  names = ["me/pairs/small.gz", "me/pairs/README.md"]
  here, absent = hub.get(*names, HF_HUB_OFFLINE="1")
  assert here == [*first[:2], 0]
  assert absent[0] == "BadInput" and "HF_HUB_OFFLINE" in absent[1]
  nowhere = "http://127.0.0.1:9"
  here, absent = hub.get(*names, HF_ENDPOINT=nowhere)
  assert here == [*first[:2], 0]
  assert absent[0] == "StartAgain"
  assert absent[1].startswith(f"{nowhere} does not give me/pairs/README.md (")


def test_a_connection_that_breaks_is_taken_up(hub):
  hub.server.faults = [PIECE + 1_000_000]
  (got,) = hub.get("me/pairs/large.gz")
  assert pathlib.Path(got[0]).read_bytes() == LARGE
  assert got[2] == len(LARGE)
  assert hub.server.ranges == [f"bytes={PIECE}-"]


def test_a_download_that_ended_goes_on(hub):
  hub.server.faults = [PIECE + 1_000_000, "refuse"]
  ((kind, words),) = hub.get("me/pairs/large.gz")
  assert kind == "StartAgain"
  assert words.startswith("the download of large.gz broke off (HfHubHTTPError")
  (partial,) = hub.kept()
  assert partial.endswith(".partial")
  # One of a file that was another then, which is not gone on with.
  (hub.downloads / "me" / "pairs" / ".large.gz.0123.partial").touch()
  (got,) = hub.get("me/pairs/large.gz")
  assert hub.server.ranges == [f"bytes={PIECE}-"]
  assert pathlib.Path(got[0]).read_bytes() == LARGE
  assert got[2] == len(LARGE) - PIECE
  assert hub.kept() == {"large.gz", ".large.gz.json"}


@pytest.mark.parametrize("name", ["small.gz", "README.md"])
def test_a_wrong_byte_is_noticed(hub, name):
  hub.server.faults = ["spoil", "spoil"]
  ((kind, words),) = hub.get(f"me/pairs/{name}")
  assert kind == "BadInput"
  assert words.startswith(f"me/pairs/{name} came as ") and "2 times" in words
  assert hub.kept() == set()
  hub.server.faults = ["spoil"]
  (got,) = hub.get(f"me/pairs/{name}")
  wanted = (hub.files / name).read_bytes()
  assert pathlib.Path(got[0]).read_bytes() == wanted
  assert got[2] == 2 * len(wanted)


def test_what_is_not_on_the_hub_is_named(hub):
  file, data_set = hub.get("me/pairs/none.gz", "me/none/small.gz")
  assert file[0] == data_set[0] == "BadInput"
  assert "me/pairs has no file none.gz; it may have been moved" in file[1]
  assert "the hub gives no data set me/none" in data_set[1]
  assert hub.kept() == set()
