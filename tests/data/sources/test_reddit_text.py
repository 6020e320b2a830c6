"""Tests of data/sources/reddit_text.py."""

import hypothesis
import pytest
from hypothesis import strategies

from data.sources import reddit_text

TEXTS = strategies.text("ab 1.,\n*[]()>\\&;#!^~", max_size=40)


@pytest.mark.parametrize(
  ("body", "words"),
  [
    ("&gt; a quote\n\nan answer", "an answer"),
    ('see [the page](http://x.org/a_(b)_c "name") here', "see the page here"),
    ("![a picture](x.png)", "a picture"),
    ("**strong** and *weak*, ~~gone~~", "strong and weak, gone"),
    ("2 * 3 * 4 = 24", "2 * 3 * 4 = 24"),
    ("&gt;!the butler!&lt; did it", "the butler did it"),
    ("# A heading\ntext", "A heading\ntext"),
    ("a\\_name and 1\\. one", "a_name and 1. one"),
    ("fish &amp;amp; chips", "fish &amp; chips"),
    ("one\r\n\r\n \r\n\r\ntwo", "one\ntwo"),
    ("&#x200B;\n\nnothing", "nothing"),
    ("5 &lt; 6 [sic] (really)", "5 < 6 [sic] (really)"),
  ],
)
def test_markdown_becomes_words(body: str, words: str):
  assert reddit_text.clean(body, "strip") == words


def test_markdown_stays_where_asked():
  assert reddit_text.clean(" &gt; a\n\n**b** ", "keep") == "> a\n\n**b**"


@hypothesis.given(TEXTS, strategies.integers(0, 45))
def test_trim_is_that_of_the_project(text: str, most: int):
  trimmed = reddit_text.trim(text, most)
  assert text.startswith(trimmed)
  assert len(trimmed) <= most
  if len(text) <= most:
    assert trimmed == text
    return
  # No end between this one and the limit stands at the border of a word.
  borders = [
    end
    for end in range(1, most + 1)
    if text[end - 1].isalnum() != text[end].isalnum()
  ]
  assert len(trimmed) == max(borders, default=0)


@pytest.mark.parametrize(
  "part", ["[", "[a](", "[a](b", "(a)", "\n\n ", "*a", ">"]
)
def test_time_is_linear_in_a_comment(part: str):
  # Minutes, if the time were quadratic.
  reddit_text.clean(part * (2_000_000 // len(part)), "strip")


def test_what_was_taken_away_is_known():
  assert reddit_text.is_gone("[deleted]")
  assert reddit_text.is_gone("[ Removed by Reddit ]")
  assert not reddit_text.is_gone("I deleted it")
