"""The words of a stretch of wikitext that has no templates or tables.

Links give their label, external links theirs, bold, italics and tags what is
in them; files, categories (collected) and links to other languages nothing.
Brackets and commas that templates have left empty go.
"""

import html
import re

from data.sources import wikitext_blocks
from data.sources import wikitext_names


_LINKS = re.compile(r"\[\[|\]\]|\n\n")
# Links to the same page in another language: their code, not a word.
_LANGUAGE = re.compile(r"(?:[a-z]{2,3}|simple|tokipona)(?:-[a-z-]+)?")
_EXTERNAL = re.compile(
  r"\[(?:https?:|ftps?:|mailto:|news:|//)[^\s\[\]]*+([^\[\]\n]*+)\]", re.I
)
_QUOTES = re.compile(r"''+")
_POWER = re.compile(r"(?<=\d)<sup>(?=[-\u2212\u2013+\d])")
_BREAK = re.compile(r"<(?:br|hr|wbr)\b[^<>]*>", re.I)
_BLOCK = re.compile(
  r"</?(?:p|div|blockquote|center|poem|ul|ol|dl)\b[^<>]*>", re.I
)
_ITEM = re.compile(r"<(?:li|dt|dd)\b[^<>]*>", re.I)
_TAG = re.compile(
  r"</?(?:abbr|b|bdi|big|cite|code|data|dd|del|dfn|dt|em|font|h[1-6]|i|ins|kbd"
  r"|li|mark|noinclude|nowiki|onlyinclude|q|rp|rt|ruby|s|samp|small|span|strike"
  r"|strong|sub|sup|td|th|time|tr|tt|u|var|includeonly|ref|gallery|references"
  r"|section|math|indicator|templatestyles|caption|tbody|table)\b[^<>]*>",
  re.I,
)
_MAGIC = re.compile(r"__[^\W\d_]{3,40}__")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_SPACES = re.compile(r"[^\S\n ][^\S\n]*| [^\S\n]+")  # All but a single one.
# What is left of "(pronounced {{IPA}}; Greek: {{lang}})", in this order. Runs
# are bounded, since a search that fails begins again a character later.
_LEFTOVERS = (
  (re.compile(r":(?= ?[,;)])"), ""),
  (re.compile(r"([(\uff08])(?: ?[,;:،؛\u3001\uff1b\uff1a]){1,9} ?"), r"\1"),
  (re.compile(r"(?: ?[,;،؛\u3001\uff1b]){1,9} ?([)\uff09])"), r"\1"),
  (re.compile(r" ?[(\uff08] ?[)\uff09]"), ""),
  (re.compile(r" ?\[ ?\]"), ""),
  (re.compile(r"([(\uff08]) "), r"\1"),
  (re.compile(r" ([)\uff09])"), r"\1"),
  (re.compile(r"(?: ?[,;]){1,9} ?(?=[,;.])"), ""),
  (re.compile(r" (?=[,.](?:\s|$))"), ""),
)
# Lines in which none of these could match, which are most, are known by this.
_SUSPECT = re.compile(
  r"[(\uff08\[] ?[,;:\u060c\u061b\u3001\uff1b\uff1a)\uff09\]]|[(\uff08] "
  r"|[,;:\u060c\u061b\u3001\uff1b] ?[,;.)\uff09]| [,.)\uff09]"
)
_MARKS = "*#:;"


def plain(
  text: str, names: wikitext_names.Names, categories: dict[str, None]
) -> str:
  """The text's words.

  Args:
    text: wikitext without templates and tables.
    names: what files and categories are called.
    categories: where the categories that it names are put.

  Returns:
    Paragraphs, an empty line between two; list items, each on its line.

  Raises:
    bad.BadRow: "too_deep", for links in links.
  """
  text = _links(text, names, categories)
  if "[" in text:
    text = _EXTERNAL.sub(r"\1", text)
  if "<" in text:
    text = _tags(text)
  if "__" in text:
    text = _MAGIC.sub(_unless_small, text)
  if "''" in text:
    text = _QUOTES.sub(_apostrophes, text)
  return _lines(text)


def _tags(text: str) -> str:
  """Without HTML tags; blocks become paragraphs."""
  text = _POWER.sub("^", text)
  text = _BREAK.sub(" ", text)
  text = _BLOCK.sub("\n\n", text)
  return _TAG.sub("", _ITEM.sub("\n* ", text))


def _unless_small(word: re.Match[str]) -> str:
  """Nothing for a magic word, which is in capitals where there are any."""
  return word[0] if word[0] != word[0].upper() else ""


def _apostrophes(run: re.Match[str]) -> str:
  """What is left of a run of apostrophes: 2, 3 and 5 are markup."""
  return "'" if len(run[0]) == 4 else "'" * max(0, len(run[0]) - 5)


def _links(
  text: str, names: wikitext_names.Names, categories: dict[str, None]
) -> str:
  """The text with links as their words."""
  pieces: list[list[str]] = [[]]
  at = 0
  for token in _LINKS.finditer(text):
    pieces[-1].append(text[at : token.start()])
    at = token.end()
    if token[0] == "[[":
      pieces.append([])
      if len(pieces) > wikitext_blocks.MAX_DEPTH:
        raise wikitext_blocks.too_deep("links")
    elif token[0] == "]]":
      if len(pieces) > 1:
        content = "".join(pieces.pop())
        pieces[-1].append(_label(content, names, categories))
    else:
      _abandon(pieces, names)
      pieces[-1].append(token[0])
  pieces[-1].append(text[at:])
  _abandon(pieces, names)
  return "".join(pieces[0])


def _abandon(pieces: list[list[str]], names: wikitext_names.Names) -> None:
  """Ends links that a paragraph's end leaves open: a file goes whole."""
  while len(pieces) > 1:
    content = "".join(pieces.pop())
    target, _, label = content.partition("|")
    prefix = target.partition(":")[0].strip().lower()
    words = "" if prefix in names.files else label or target
    pieces[-1].append(words)


def _label(
  content: str, names: wikitext_names.Names, categories: dict[str, None]
) -> str:
  """What a link shows."""
  target, bar, label = content.partition("|")
  prefix, colon, name = target.partition(":")
  kind = prefix.strip().lower().replace("_", " ")
  if colon and kind in names.files:
    return ""
  if colon and kind in names.categories:
    category = " ".join(name.replace("_", " ").split())
    if category:
      categories[category[0].upper() + category[1:]] = None
    return ""
  if colon and _LANGUAGE.fullmatch(prefix.strip()) and name[:1] != " ":
    return ""
  return label if bar and label.strip() else target.removeprefix(":")


def _lines(text: str) -> str:
  """Entities as characters, lines as paragraphs and items."""
  paragraphs: list[str] = []
  open_line = False  # Whether the next line goes on with the last paragraph.
  item = False
  for raw in text.split("\n"):
    line = _line(raw)
    if line is None:
      goes_on = bool(raw.strip()) and raw[:4] != "----"
      open_line, item = open_line and goes_on, item and goes_on
      continue
    is_item = raw[:1] in _MARKS and raw[:1] != ""
    if is_item and item:
      paragraphs[-1] += f"\n{line}"
    elif not is_item and open_line:
      paragraphs[-1] += f" {line}"
    else:
      paragraphs.append(line)
    item, open_line = is_item, not is_item
  return "\n\n".join(paragraphs)


def _line(raw: str) -> str | None:
  """A line's words, or None if it has none or is a table's or a ruler."""
  if raw[:1] in ("|", "!") or raw[:4] == "----":
    return None
  line = html.unescape(raw.lstrip(_MARKS))
  if not line.isascii():
    line = _INVISIBLE.sub("", line)
  line = _SPACES.sub(" ", line)
  if _SUSPECT.search(line):
    for pattern, instead in _LEFTOVERS:
      line = pattern.sub(instead, line)
  line = line.strip()
  return line if any(map(str.isalnum, line)) else None
