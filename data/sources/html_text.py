"""HTML to plain text that reads well: Stack Exchange's posts, and the like.

Paragraphs are parted by a blank line, items of lists begin with "- " or their
number, quotes with "> ", cells of a row are parted by " | ". Links give their
words and images their alternative text. What a reader does not see (scripts,
styles, comments, what is hidden) is left out. Formulas ($...$) stay as they
were written.

    to_text("<p>Use <code>x &lt; 1</code>:</p><ul><li>one", code="mark")

One pass over the tags, with no tree and no recursion: the time grows with the
length of the text whatever is nested in it, and tags that do not match do no
harm. That fits bodies whose tags a site has cleaned; of other pages it gives
the words, menus and all.
"""

import html
import re
from typing import Literal

Code = Literal["keep", "mark", "drop"]
CODE = ("keep", "mark", "drop")

# A comment or declaration, or a tag: its slash, name and attributes. What is in
# quotes may hold ">", nothing may hold "<", and the quantifiers are possessive:
# so each character is looked at a few times at most, whatever the text is.
_TAG = re.compile(
  r"<(?:!--.*?(?:-->|\Z)|[!?][^>]*+(?:>|\Z)"
  r"|(/?)([A-Za-z][A-Za-z0-9]*+)"
  r"((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>)",
  re.DOTALL,
)
_HIDDEN = re.compile(
  r"(?:^|\s)hidden(?=[\s=/]|$)|\bdisplay\s*:\s*none\b", re.IGNORECASE
)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
# What Stack Exchange's editor puts there where the writer did not care.
_NO_ALT = "enter image description here"
_SKIPPED = frozenset(
  ["script", "style", "noscript", "template", "head", "svg", "iframe"]
)
# These end at their first end tag, whatever stands within.
_RAW = ("script", "style")
_EMPTY = frozenset(["br", "hr", "img", "input", "wbr", "col", "link", "meta"])
# Lines before and after: 2 leaves a blank line.
_BLOCKS = {
  **dict.fromkeys(["p", "div", "pre", "blockquote", "ul", "ol", "dl"], 2),
  **dict.fromkeys(["h1", "h2", "h3", "h4", "h5", "h6", "hr", "table"], 2),
  **dict.fromkeys(["li", "tr", "dt", "dd", "br", "caption"], 1),
}
_LISTS = ("ul", "ol")
# Deeper levels look as this one; a bomb of nested tags stays small so.
_MAX_DEPTH = 4


def to_text(source: str, code: Code = "keep") -> str:
  """The words of a piece of HTML.

  Args:
    source: HTML; text with no tags is such, too.
    code: blocks of code as they are ("keep"), between lines of ``` ("mark"),
      or left out ("drop"). Code within a line has `backticks` where it is
      marked, and is always there: a sentence with a hole is none.

  Returns:
    The text, with no line break around it.

  Raises:
    ValueError: if `code` is something else.

  >>> to_text("<p>Run&nbsp;<code>ls</code></p><ol><li>look<li>buy</ol>")
  'Run ls\\n\\n1. look\\n2. buy'
  """
  if code not in CODE:
    raise ValueError(f"code={code!r}; wanted one of {', '.join(CODE)}")
  page = _Page(code)
  place = 0
  for tag in _TAG.finditer(source):
    start = tag.start()
    if start > place:
      page.text(source[place:start])
    place = tag.end()
    slash, name, attributes = tag.groups()
    if name:
      page.tag(name.lower(), bool(slash), attributes)
  page.text(source[place:])
  return page.finish()


class _Page:
  """What was written, and where in the page the next tag or text stands."""

  def __init__(self, code: str):
    self._code = code
    self._parts: list[str] = []
    self._breaks = 0  # Line breaks due before the next word.
    self._space = False  # A space is due before it.
    self._quotes = 0
    self._lists: list[int] = []  # The next number of each; 0 has none.
    self._mark = ""  # Of the item that begins.
    self._marked = False  # In code within a line that is marked.
    self._pre: list[str] | None = None  # The block of code that is open.
    self._skipped, self._depth = "", 0  # The tag whose content is left out.

  def text(self, raw: str) -> None:
    """Text between two tags, with its entities."""
    if self._skipped:
      return
    text = html.unescape(raw) if "&" in raw else raw
    if self._pre is not None:
      self._pre.append(text)
      return
    words = " ".join(text.split())
    if not words:
      self._space = self._space or bool(text)
      return
    self._write(words, self._space or text[0].isspace())
    self._space = text[-1].isspace()

  def tag(self, name: str, ends: bool, attributes: str) -> None:
    """A tag that starts or ends."""
    if self._skipped:
      self._skip(name, ends)
    elif self._pre is not None:
      self._inside_pre(name, ends)
    elif not ends and self._is_hidden(name, attributes):
      self._skipped, self._depth = name, 1
    elif name in _BLOCKS:
      self._block(name, ends)
    elif name == "code" and self._code == "mark":
      self._backtick(ends)
    elif name == "img" and not ends:
      self._image(attributes)
    elif name == "sup" and not ends:
      self._raise()
    elif name in ("td", "th") and not ends:
      self._cell()

  def _skip(self, name: str, ends: bool) -> None:
    """A tag in what is left out; the one that ends it is of the same depth."""
    if name == self._skipped and (ends or name not in _RAW):
      self._depth += -1 if ends else 1
      if not self._depth:
        self._skipped = ""

  def finish(self) -> str:
    """All that was written."""
    if self._pre is not None:
      self._end_pre()
    return "".join(self._parts)

  def _write(self, words: str, spaced: bool) -> None:
    """Words, after the breaks and marks or the space that are due."""
    if self._breaks or not self._parts or self._mark:
      self._start_line()
    elif spaced:
      self._parts.append(" ")
    self._parts.append(words)
    self._space = False

  def _start_line(self) -> None:
    """The breaks that are due, and what begins a line."""
    if self._parts:
      self._parts.append("\n" * max(self._breaks, 1))
    depth = min(max(len(self._lists) - 1, 0), _MAX_DEPTH)
    self._parts.append("> " * min(self._quotes, _MAX_DEPTH) + "  " * depth)
    self._parts.append(self._mark)
    self._breaks, self._mark = 0, ""

  def _is_hidden(self, name: str, attributes: str) -> bool:
    """Whether nobody sees what this tag begins."""
    if name in _SKIPPED:
      return True
    return bool(
      attributes and name not in _EMPTY and _HIDDEN.search(attributes)
    )

  def _block(self, name: str, ends: bool) -> None:
    """The breaks of a block, and what it changes."""
    lines = 1 if self._lists and name != "pre" else _BLOCKS[name]
    if name in _LISTS:
      if ends:
        del self._lists[-1:]
        lines = 1 if self._lists else 2
      else:
        self._lists.append(int(name == "ol"))
    elif name == "blockquote":
      self._quotes = max(0, self._quotes + (-1 if ends else 1))
    elif name == "li" and not ends:
      self._item()
    elif name == "pre" and not ends:
      self._pre = []
    self._breaks = max(self._breaks, lines)
    self._space = False

  def _item(self) -> None:
    """An item begins."""
    number = self._lists[-1] if self._lists else 0
    self._mark = f"{number}. " if number else "- "
    if number:
      self._lists[-1] += 1

  def _inside_pre(self, name: str, ends: bool) -> None:
    """A tag in a block of code: its end, or a line break; colours are not."""
    assert self._pre is not None
    if name == "pre" and ends:
      self._end_pre()
    elif name == "br":
      self._pre.append("\n")

  def _end_pre(self) -> None:
    """Writes the block of code."""
    text = "".join(self._pre or []).strip("\r\n").rstrip()
    self._pre = None
    if self._code != "drop" and text:
      fence = "```" * (self._code == "mark")
      self._start_line()
      self._parts.append(f"{fence}\n{text}\n{fence}" if fence else text)
    self._breaks = max(self._breaks, 2)

  def _backtick(self, ends: bool) -> None:
    """The mark of code within a line."""
    if not ends and not self._marked:
      self._write("`", self._space)
    elif ends and self._marked:
      self._parts.append("`")
    self._marked = not ends

  def _image(self, attributes: str) -> None:
    """The alternative text of an image, where somebody wrote one."""
    found = _ALT.search(attributes)
    words = html.unescape(found[1] or found[2] or "") if found else ""
    if words.strip() and words.strip().lower() != _NO_ALT:
      self._write(" ".join(words.split()), self._space)

  def _raise(self) -> None:
    """A power: 2^10 is not 210. Small print that begins a line stays as is."""
    if self._parts and not self._space and not self._breaks:
      self._write("^", False)

  def _cell(self) -> None:
    """A cell that is not the first of its row."""
    if self._parts and not self._breaks:
      self._write("|", True)
      self._space = True
