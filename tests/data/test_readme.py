"""What data/README.md shows is what the programs print."""

import pathlib
import re

import pytest

from data.catalogue import table
from data.sources.importers import table as importers

README = pathlib.Path(__file__).parents[2] / "data" / "README.md"
TEXT = README.read_text(encoding="utf-8")
MINE = re.compile(r"python -m (data\.sources\.\S+ --?.*tests/data/.*--out=.*)")
SHOW = re.compile(r"python -m (tools\.inspect_records .*--nofacts)")


def blocks() -> list[list[str]]:
  """The indented blocks, without their indent."""
  found: list[list[str]] = []
  before = ""
  for line in TEXT.splitlines():
    if line.startswith("    "):
      if not before.startswith("    "):
        found.append([])
      found[-1].append(line[4:])
    before = line
  return found


def test_the_table_is_the_catalogue():
  rows = re.findall(r"^\| (\**\w+\**) \| (.*) \|$", TEXT, re.MULTILINE)
  cells = {name.strip("*"): line.split(" | ") for name, line in rows}
  wanted = {
    one.name: [
      one.title,
      f"{one.published:,}",
      str(one.weight or "-"),
      "hub" if one.repo else f"`{one.miner}`",
      one.licence,
    ]
    for one in table.ENTRIES.values()
  }
  assert {name: cells[name] for name in wanted} == wanted
  bold = {name.strip("*") for name, _ in rows if name.startswith("**")}
  assert bold == set(table.CARD)


def test_each_kind_of_pair_is_shown():
  """Ten of each kind that a miner makes of the project's own dumps."""
  shown = {}
  for block in blocks():
    if match := SHOW.match(block[0]):
      folder = re.search(r"--data=runs/(\S+)", match[1])
      shown[folder[1]] = sum(line.startswith("record ") for line in block)
  mined = {name: count for name, count in shown.items() if "/" in name}
  assert set(mined.values()) == {10}
  assert {name.partition("/")[0] for name in mined} == {
    *("stackexchange", "reddit", "wikipedia", "arxiv", "s2orc")
  }
  assert set(importers.IMPORTERS) <= set(shown)


@pytest.mark.long
def test_the_commands_print_what_is_shown(run_program, tmp_path):
  shown = 0
  for block in blocks():
    for line in filter(MINE.match, block):
      given = line.replace("=runs/", f"={tmp_path}/").split()
      ended = run_program(*given[2:])
      assert ended.code == 0, (line, ended)
    if SHOW.match(block[0]):
      given = block[0].replace("=runs/", f"={tmp_path}/").split()
      ended = run_program(*given[2:])
      assert ended.code == 0, (block[0], ended)
      lines = [line.rstrip() for line in ended.out.splitlines()[:-1]]
      assert lines == block[1:], block[0]
      shown += 1
  assert shown == TEXT.count("--nofacts\n")
