"""Tests of data/sources/papers_text.py."""

import hypothesis
import pytest
from hypothesis import strategies

from data.sources import papers_text


@pytest.mark.parametrize(
  "abstract",
  [
    "This paper has been withdrawn by the author due to an error in lemma 3.",
    "The paper is withdrawn.",
    "This article was withdrawn because it is superseded.",
    "Withdrawn. See a later one.",
    "[withdrawn]",
    "This submission has been withdrawn by arXiv administrators.",
    "This manuscript has now been temporarily withdrawn.",
    "Abstract withdrawn",
    "Paper has been retracted for want of data.",
  ],
)
def test_withdrawn(abstract: str):
  assert papers_text.is_withdrawn(abstract)


@pytest.mark.parametrize(
  "abstract",
  [
    "We study why savings are withdrawn in a crisis. Banks do not know.",
    "A drug was approved. It was withdrawn later, and we ask why.",
    "Patients who withdraw consent are often lost.",
    "This paper has been written for beginners.",
    "",
  ],
)
def test_not_withdrawn(abstract: str):
  assert not papers_text.is_withdrawn(abstract)


@hypothesis.given(strategies.text())
def test_folded_text_stays(text: str):
  folded = papers_text.fold(text)
  assert folded.split() == text.split()
  assert papers_text.fold(folded) == folded


@hypothesis.given(strategies.text("0123456789abcf-/.", min_size=1, max_size=25))
def test_keys_of_numbers_are_theirs_alone(paper: str):
  key = papers_text.key(paper)
  assert -(2**63) <= key < 2**63
  assert key < 0 or str(key) == paper


@pytest.mark.parametrize(
  ("url", "name"),
  [
    ("http://creativecommons.org/licenses/by/4.0/", "cc-by-4.0"),
    ("http://creativecommons.org/licenses/by-nc-nd/4.0/", "cc-by-nc-nd-4.0"),
    ("http://creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0"),
    ("http://creativecommons.org/licenses/publicdomain/", "publicdomain"),
    (
      "http://arxiv.org/licenses/nonexclusive-distrib/1.0/",
      "arxiv-nonexclusive-1.0",
    ),
    (
      "http://arxiv.org/licenses/assumed-1991-2003/",
      "assumed-1991-2003",
    ),
    (None, "unstated"),
    ("", "unstated"),
  ],
)
def test_licences_have_short_names(url: str | None, name: str):
  assert papers_text.licence_name(url) == name
  assert "/" not in name
