"""Comments, tags with no text for readers, templates and tables taken out.

Each is found in one pass over the page. What opens and does not close costs
its own line. Nesting beyond `MAX_DEPTH`, MediaWiki's own limit, is refused,
and so time is linear in the page's length.
"""

import re

from data.sources import bad
from data.sources import wikitext_templates

# MediaWiki's $wgMaxTemplateDepth and preprocessor go no deeper than this.
MAX_DEPTH = 100

# What is between these tags is not the article's text.
_HIDDEN = (
  "ref|references|math|chem|ce|gallery|timeline|score|imagemap|hiero|graph|"
  "templatedata|mapframe|maplink|syntaxhighlight|source|pre|includeonly|"
  "section|inputbox|categorytree|style"
)
_OPENS = re.compile(rf"<!--|<({_HIDDEN}|nowiki)\b(?!-)[^<>]*>", re.IGNORECASE)
_BRACES = re.compile(r"\{{2,}|\}{2,}")
_TABLES = re.compile(
  r"^[ \t:*#]*\{\||^[ \t]*\|\}(?!\})|<table\b[^<>]*>|</table\s*>",
  re.IGNORECASE | re.MULTILINE,
)
_STOPS = ".,;:)"
# Where a table is not closed, its lines are known by how they begin.
_TABLE_LINE = re.compile(r"^[ \t:*#]*(?:\{\||\||!).*", re.MULTILINE)
# Characters that are markup, as entities that are turned back in the end.
_LITERAL = {ord(char): f"&#{ord(char)};" for char in "[]{}|'<>=*#:;_&"}


def strip(text: str) -> tuple[str, frozenset[str]]:
  """The page without them, and the names of its templates in small letters.

  Raises:
    bad.BadRow: "too_deep".
  """
  templates: set[str] = set()
  text = _strip_hidden(text.replace("\r", ""))
  text = _strip_templates(text, templates)
  return _strip_tables(text), frozenset(templates)


def too_deep(what: str) -> bad.BadRow:
  """What is raised for markup nested too deep."""
  return bad.BadRow("too_deep", f"{what} nested more than {MAX_DEPTH} deep")


def _strip_hidden(text: str) -> str:
  """Without comments and hidden tags; `nowiki` as entities."""
  pieces: list[str] = []
  at = 0
  unclosed: set[str] = set()  # Tags that close nowhere in what is left.
  while (opened := _OPENS.search(text, at)) is not None:
    pieces.append(text[at : opened.start()])
    at = opened.end()
    name = (opened[1] or "").lower()
    if opened[0].endswith("/>") or name in unclosed:
      continue
    closed = _closing(name).search(text, at)
    if closed is None and name:
      unclosed.add(name)
      continue
    if closed is not None and name == "nowiki":
      pieces.append(text[at : closed.start()].translate(_LITERAL))
    at = len(text) if closed is None else closed.end()
  pieces.append(text[at:])
  return "".join(pieces)


def _closing(name: str) -> re.Pattern[str]:
  """What closes a hidden tag, or a comment."""
  return re.compile(rf"</{name}\s*>" if name else "-->", re.IGNORECASE)


def _strip_templates(text: str, templates: set[str]) -> str:
  """Without templates, but for the words that stay of some."""
  pieces: list[list[str]] = [[]]
  opened: list[int] = []  # How many braces each open template began with.
  at = 0
  for token in _BRACES.finditer(text):
    _append(pieces[-1], text[at : token.start()])
    at = token.end()
    if token[0][0] == "{":
      opened.append(len(token[0]))
      pieces.append([])
      if len(opened) > MAX_DEPTH:
        raise too_deep("templates")
    else:
      _close(len(token[0]), opened, pieces, templates)
  _append(pieces[-1], text[at:])
  while len(pieces) > 1:  # Not closed: the line where it opens goes.
    _, end, rest = "".join(pieces.pop()).partition("\n")
    pieces[-1].append(end + rest)
  return "".join(pieces[0])


def _append(pieces: list[str], text: str) -> None:
  """Appends text; a template that said nothing leaves no space before it."""
  if pieces and text[:1] in _STOPS and text:
    pieces[-1] = pieces[-1].rstrip(" ")
  pieces.append(text)


def _close(
  braces: int,
  opened: list[int],
  pieces: list[list[str]],
  templates: set[str],
) -> None:
  """Closes templates with so many braces, as MediaWiki's preprocessor does."""
  while braces >= 2 and opened:
    taken = min(opened[-1], braces, 3)
    braces -= taken
    left = opened.pop() - taken
    content = "".join(pieces.pop())
    words = ""
    if taken == 2:
      name, words = wikitext_templates.words(content)
      templates.add(name)
    if left >= 2:
      opened.append(left)
      pieces.append([words])
    elif words:
      pieces[-1].append(words)


def _strip_tables(text: str) -> str:
  """Without tables, in wikitext and in HTML."""
  pieces: list[str] = []
  at = depth = 0
  for token in _TABLES.finditer(text):
    if token[0].endswith("{|") or token[0][:2].lower() == "<t":
      depth += 1
      if depth == 1:
        pieces.append(text[at : token.start()])
        at = token.start()
      elif depth > MAX_DEPTH:
        raise too_deep("tables")
    elif depth:
      depth -= 1
      at = at if depth else token.end()
  pieces.append(_TABLE_LINE.sub("", text[at:]))
  return "".join(pieces)
