"""HTML tags and the marks of wikis and Markdown that stayed in a text.

    markup.remove("<p>It is <b>high</b>, see [[K2|the mountain]]</p>")

gives "It is high, see the mountain". What is known as HTML, and nothing else in
angle brackets, is a tag: "a < b" and "vector<int>" stay. It is for prose: in
code, "# comment" and "2 ** 3" can look like marks. Text is stripped again while
that changes it, since taking one mark out may make another.

A dump is read with the parser of its format (data/sources/); this is for what
was left in a data set.
"""

import html
import re

PASSES = 8  # Each takes out marks that stand in others, as in [[a|'''b''']].

_INLINE = (
  "a|abbr|acronym|b|bdi|bdo|big|cite|code|del|dfn|em|font|i|ins|kbd|mark|q|s|"
  "samp|small|span|strike|strong|sub|sup|tt|u|var|wbr"
)
_BLOCK = (
  "address|article|aside|blockquote|body|br|button|caption|center|col|colgroup|"
  "dd|details|div|dl|dt|fieldset|figcaption|figure|footer|form|h[1-6]|head|"
  "header|hr|html|iframe|img|input|label|li|link|main|meta|nav|ol|optgroup|"
  "option|p|pre|section|select|summary|table|tbody|td|textarea|tfoot|th|thead|"
  "title|tr|ul|video"
)
# Each stops at the first bracket or line's end, so that the time is linear.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
  (re.compile(pattern, re.IGNORECASE | re.MULTILINE), by)
  for pattern, by in (
    (r"<(script|style|ref|math)\b[^<>]*>[^<]*</\1\s*>", " "),
    (r"<!--[^<>]*-->|<!doctype[^<>]*>", " "),
    (rf"</?(?:{_BLOCK}|script|style|ref|math|nowiki)(?:\s[^<>]*)?/?>", " "),
    (rf"</?(?:{_INLINE})(?:\s[^<>]*)?/?>", ""),
    (r"\{\{[^{}]*\}\}", " "),
    (r"\[\[(?:File|Image|Category):[^\[\]]*\]\]", " "),
    (r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1"),
    (r"'{3}([^'\n]+)'{3}", r"\1"),
    (r"''([^'\n]+)''", r"\1"),
    (r"^(={2,6})[ \t]*([^=\s](?:[^=\n]*[^=\s])?)[ \t]*\1[ \t]*$", r"\2"),
    (r"!?\[([^\[\]\n]*)\]\((?:https?:)?//?[^\s()]*\)", r"\1"),
    (r"(?<![\w*])\*\*(?=[^\s*])([^*\n]*[^\s*])\*\*(?![\w*])", r"\1"),
    (r"(?<![\w_])__(?=[^\s_])([^_\n]*[^\s_])__(?![\w_])", r"\1"),
    (r"~~(?=[^\s~])([^~\n]*[^\s~])~~", r"\1"),
    (r"^#{1,6}[ \t]+(?=\S)", ""),
  )
)
_ENTITY = re.compile(
  r"&(?:[a-z][a-z0-9]{1,31}|#\d{1,7}|#x[0-9a-f]{1,6});", re.I
)
_SPACES = re.compile(r"[ \t]{2,}")
# What a text must hold to have any of these, which most have not.
_HINT = re.compile(r"[<&{\[*~#]|''|__|==")


def remove(text: str) -> str:
  """The text without markup; what `PASSES` do not take out stays."""
  for _ in range(PASSES):
    bare = _once(text)
    if bare == text:
      break
    text = bare
  return text


def has(text: str) -> bool:
  """Whether there is something that `remove` takes out."""
  return _once(text) != text


def _once(text: str) -> str:
  """The text after one pass."""
  if not _HINT.search(text):
    return text
  bare = text
  for pattern, by in _RULES:
    bare = pattern.sub(by, bare)
  bare = _ENTITY.sub(_character, bare)
  return text if bare == text else _SPACES.sub(" ", bare).strip()


def _character(entity: re.Match[str]) -> str:
  """What an entity stands for; itself if it stands for nothing."""
  found = html.unescape(entity[0])
  # A zero and halves of surrogate pairs become U+FFFD, and are no text.
  return " " if found == "\ufffd" else found
