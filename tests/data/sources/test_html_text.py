"""Tests of data/sources/html_text.py."""

import html.parser
import time

import hypothesis
import pytest
from hypothesis import strategies

from data.sources import html_text

# What the page is -> how it reads.
PAGES = {
  "<p>One.</p>\n\n<p>Two,\nand <em>more</em>.</p>\n": "One.\n\nTwo, and more.",
  "plain text": "plain text",
  "": "",
  "  \n ": "",
  "<p></p><p> </p>": "",
  "a<br>b<br/>c": "a\nb\nc",
  "<p>a</p><hr><p>b</p>": "a\n\nb",
  "<h1>Head</h1>\n<p>Body.</p>": "Head\n\nBody.",
  "<ul>\n<li>a</li>\n<li><p>b</p></li>\n</ul>\n<p>c</p>": "- a\n- b\n\nc",
  "<ol><li>a<ol><li>b<li>c</ol><li>d</ol>": "1. a\n  1. b\n  2. c\n2. d",
  "<ul><li><p>a</p><p>b</p></li></ul>": "- a\nb",
  "<blockquote><p>a</p><p>b</p></blockquote>c": "> a\n\n> b\n\nc",
  "see <a href='http://x.org/?a>b'>this page</a>.": "see this page.",
  '<img src="a.png" alt="A cat &amp; a dog">': "A cat & a dog",
  '<p><img src="a" alt="enter image description here"></p>': "",
  "<img src=a>x": "x",
  "x &lt; y &amp;&amp; z&nbsp;&#x3e; &eacute;": "x < y && z > é",
  "$a_1 < b$ and $$x\\leq y$$": "$a_1 < b$ and $$x\\leq y$$",
  "2<sup>10</sup> H<sub>2</sub>O": "2^10 H2O",
  "<p><sup>Small print.</sup></p>": "Small print.",
  "a<script>if (1 < 2) '<script>'</script>b<style>p {}</style>c": "abc",
  "a<!-- no > such --><!doctype html><?xml?>b": "ab",
  "a<p hidden>b<b>c</b></p><p style='display: none'>d</p>e": "ae",
  "<div hidden>a<div>b</div>c</div>d": "d",
  "<br hidden>a": "a",
  "<table><tr><th>a</th><th>b</th></tr><tr><td>c<td>d</table>": "a | b\nc | d",
  "one <!-- left open": "one",
  "left <open": "left <open",
  "</p></ul></blockquote></code>x</pre>": "x",
  "<P>Up <B>per</B></P>": "Up per",
  "wo<b>rd</b> <i> x </i> y": "word x y",
}
CODE = (
  "<p>Do <code>f()</code>:</p>\n<pre><code>if a &lt; b:\n  c\n</code></pre>"
)


@pytest.mark.parametrize("source", PAGES)
def test_pages(source: str) -> None:
  assert html_text.to_text(source) == PAGES[source]


def test_code_is_kept_marked_or_dropped() -> None:
  assert html_text.to_text(CODE) == "Do f():\n\nif a < b:\n  c"
  assert html_text.to_text(CODE, "drop") == "Do f():"
  marked = "Do `f()`:\n\n```\nif a < b:\n  c\n```"
  assert html_text.to_text(CODE, "mark") == marked
  assert html_text.to_text("<pre><code>left open", "mark") == (
    "```\nleft open\n```"
  )
  with pytest.raises(ValueError, match="keep, mark, drop"):
    html_text.to_text(CODE, "hide")  # pyright: ignore[reportArgumentType]


class Words(html.parser.HTMLParser):
  """The words of a page by another parser."""

  def __init__(self):
    super().__init__()
    self.parts: list[str] = []

  def handle_data(self, data: str) -> None:
    self.parts.append(data)

  def handle_starttag(self, tag: str, attrs: object) -> None:
    if tag in ("p", "li", "br", "div", "blockquote", "pre"):
      self.parts.append(" ")

  def handle_endtag(self, tag: str) -> None:
    self.handle_starttag(tag, None)


TAGS = strategies.sampled_from(["p", "b", "em", "div", "blockquote", "a"])
PIECES = strategies.one_of(
  strategies.sampled_from(["one", " two\n", "&amp;", "é ", "&lt;p", "<br>"]),
  TAGS.map(lambda tag: f"<{tag}>"),
  TAGS.map(lambda tag: f"</{tag}>"),
  TAGS.map(lambda tag: f'<{tag} title="a > b" class=x>'),
)


@hypothesis.given(strategies.lists(PIECES))
def test_words_are_those_of_another_parser(pieces: list[str]) -> None:
  source = "".join(pieces)
  parser = Words()
  parser.feed(source)
  parser.close()
  # The marks of quotes are ours.
  found = html_text.to_text(source).split()
  expected = "".join(parser.parts).split()
  assert [word for word in found if word != ">"] == expected


@hypothesis.given(strategies.text("<>/!-\"'=& abp;#x3\n", max_size=60))
def test_any_text_is_read(source: str) -> None:
  for code in ("keep", "mark", "drop"):
    text = html_text.to_text(source, code)
    assert text.strip("\n") == text


BOMBS = {
  "nested": lambda n: "<div>" * n + "x" + "</div>" * n,
  "quotes": lambda n: "<blockquote><p>x" * n,
  "lists": lambda n: "<ol><li>x" * n,
  "bold": lambda n: "<b>" * n + "<p>" * n,
  "open": lambda n: "<a " * n,
  "strings": lambda n: "<a \"'<a '\"" * n,
  "comments": lambda n: "<!--" * n,
  "hidden": lambda n: "<p hidden>" * n,
  "entities": lambda n: "&#" * n,
  "attribute": lambda n: "<img " + "alt " * n + ">",
  "style": lambda n: '<p style="' + "display " * n + '">',
  "code": lambda n: "<pre><code>" * n,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_take_linear_time(name: str) -> None:
  def seconds(n: int) -> float:
    source = BOMBS[name](n)
    best = float("inf")
    for _ in range(3):
      start = time.process_time()
      text = html_text.to_text(source, "mark")
      best = min(best, time.process_time() - start)
      assert len(text) < 3 * len(source)
    return best

  # Ten times as much: quadratic time would be a hundred times as long.
  assert seconds(10_000) < 30 * max(seconds(1_000), 0.001)
