"""Which titles are left out, and where texts are cut."""

import hypothesis
from hypothesis import strategies as st
import pytest

from data.sources import wikipedia_rules


@pytest.mark.parametrize(
  ("name", "field", "left_out"),
  [
    ("List of rivers", "list_titles", True),
    ("Списък на реките", "list_titles", True),
    ("Listowel", "list_titles", False),
    ("Sorrel (disambiguation)", "disambiguation_titles", True),
    ("human name disambiguation", "disambiguation_templates", True),
    ("disambiguation needed", "disambiguation_templates", False),
    ("disambig-cleanup", "disambiguation_templates", True),
    ("References and notes", "sections", True),
    ("Reference works", "sections", False),
    ("1809 births", "categories", True),
    ("Rivers of Halmark", "categories", False),
  ],
)
def test_patterns(name: str, field: str, left_out: bool):
  patterns = getattr(wikipedia_rules.Rules(), field)
  assert wikipedia_rules.matches(name, patterns) == left_out


def test_no_pattern_matches_nothing():
  assert not wikipedia_rules.matches("", ())


@hypothesis.given(
  st.lists(st.sampled_from(["rye", "oats. ", " ", "\n\n", "麦。"])).map(
    "".join
  ),
  st.integers(4, 40),
)
def test_a_text_is_cut_at_a_limit(text: str, chars: int):
  text = text.strip()
  cut = wikipedia_rules.shorten(text, chars)
  assert text.startswith(cut)
  assert len(cut) <= chars
  assert bool(cut) == bool(text)
  assert cut == text or len(text) > chars
