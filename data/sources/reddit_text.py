"""The text of a Reddit comment: entities, Markdown, and where it is cut.

Dumps have `<`, `>` and `&` as HTML entities and the rest as its author wrote
it, in Reddit's Markdown. `clean` makes text of that, by choice without
Markdown's marks: links become their words and quoted lines are left out, which
repeat the comment that is answered. `trim` cuts as PolyAI's
conversational-datasets project does (Henderson et al. 2019, arXiv 1904.06472).
"""

import html
import re

MARKDOWN = ("keep", "strip")
# What stands in the place of a text that was taken away.
GONE = ("[deleted]", "[removed]", "[deleted by user]", "[ removed by reddit ]")

# Quantifiers that never give back (`*+`) keep the time linear in the text.
_LINK = re.compile(
  r"!?\[([^\[\]\n]*+)\]"  # The words,
  r"(?: (?=\(http))?"  # a slip that many make,
  r"\((?:[^()\n]|\([^()\n]*+\))*+\)"  # and the address, (with) brackets.
)
_QUOTE = re.compile(r"^ {0,3}>(?!!)[^\n]*\n?", re.MULTILINE)  # >! is a spoiler.
_HEADING = re.compile(r"^ {0,3}#{1,6} *", re.MULTILINE)
_MARKS = re.compile(r"\*\*|~~|>!|!<|(?<!\w)\*(?=\w)|(?<=[\w.,!?])\*(?!\w)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~^>])")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
# What a pattern cannot match without, for most comments have no mark at all.
_STEPS = (
  ((">",), _QUOTE, ""),
  (("[",), _LINK, r"\1"),
  (("#",), _HEADING, ""),
  (("*", "~~", ">!", "!<"), _MARKS, ""),
  (("\\",), _ESCAPE, r"\1"),
  (("\n",), _BLANK_LINES, "\n"),
)


def clean(body: str, markdown: str) -> str:
  r"""The words of a comment.

  Args:
    body: as the dump has it.
    markdown: one of MARKDOWN.

  >>> clean("&gt; Which one?\n\n[This](http://x.org/a_(b)) **one**.", "strip")
  'This one.'
  """
  text = html.unescape(body).replace("\r\n", "\n").replace("\u200b", "")
  if markdown == "strip":
    for needs, pattern, words in _STEPS:
      for need in needs:
        if need in text:
          text = pattern.sub(words, text)
          break
  return text.strip()


def trim(text: str, max_chars: int) -> str:
  """The text's start, at most `max_chars` long, no word cut apart.

  It ends where letters and digits meet other characters.

  >>> trim("Matthew Henderson", 9)
  'Matthew '
  """
  if len(text) <= max_chars:
    return text
  end = max_chars
  while end and text[end].isalnum() == text[end - 1].isalnum():
    end -= 1
  return text[:end]


def is_gone(text: str) -> bool:
  """Whether the comment was taken away by its author or a moderator."""
  return text.lower() in GONE
