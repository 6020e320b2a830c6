"""--help shows all flags of a program, those that it shares too."""

import re

import pytest

FLAG = re.compile(r"^  --(?:\[no\])?(\w+):", re.MULTILINE)
SHARED = {
  "data.clean": {"min_chars", "near_duplicates", "engine"},
  "data.sources.fetch": {"languages", "max_bad_share", "downloads"},
  "data.sources.importers.captions": {"in", "kind", "markup", "max_pairs"},
  "data.sources.reddit": {"in", "memory_gb", "languages", "duplicates"},
  "data.sources.stackexchange": {"negatives", "sample", "decontaminate"},
  "data.sources.tabular": {"columns", "min_chars"},
}


@pytest.mark.parametrize("module", SHARED)
def test_help_has_all_flags_of_ours(module, run_program):
  full = run_program(module, "--helpfull")
  assert full.code == 0
  # The main module's section has its path; libraries have some too.
  sections = re.split(r"\n\n(?=\S+:\n)", full.out.split("\nflags:\n")[1])
  ours = {
    name
    for section in sections
    if re.match(r"\s*(/|data\.|embeddings\.|launch\.|tools\.)", section)
    for name in FLAG.findall(section)
  }
  ended = run_program(module, "--help")
  assert ended.code == 0
  shown = FLAG.findall(ended.out)
  assert sorted(shown) == sorted({*shown})  # Each once.
  assert SHARED[module] <= set(shown)
  assert ours == set(shown)
