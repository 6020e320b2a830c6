"""The few templates whose words belong to a sentence, and what they say.

    It is {{convert|5|km|mi}} long.      It is 5 km long.

Without these, sentences would have holes. All others are infoboxes, notes,
navigation and the like, and leave nothing.
"""

import re
from collections.abc import Callable

_BARS = re.compile(r"\[\[|\]\]|\|")
_NAMED = re.compile(r"\s*[\w-]+\s*=")
_BETWEEN = {"to": " to ", "and": " and ", "or": " or ", "by": " by "}
_BETWEEN |= {
  "-": "\u2013",
  "\u2013": "\u2013",
  "x": " \u00d7 ",
  "\u00d7": " \u00d7 ",
  "+/-": " ± ",
}


def words(content: str) -> tuple[str, str]:
  """The name of a template in small letters, and the words that stay of it.

  Args:
    content: what stands between its braces.

  >>> words("convert|5|km|mi")
  ('convert', '5 km')
  >>> words("Infobox river|length=5")
  ('infobox river', '')
  """
  name, bar, rest = content.partition("|")
  if not bar and name[:10].lower() == "formatnum:":
    return "formatnum", name[10:].strip()
  name = " ".join(name.replace("_", " ").split()).lower()
  kept = _KEPT.get(name)
  if kept is None and name.startswith("lang-"):
    kept = _first
  return name, kept(_arguments(rest)) if kept else ""


def _arguments(text: str) -> list[str]:
  """The arguments without a name, in order."""
  every = _split(text)
  parts = [part for part in every if not _NAMED.match(part)]
  # A number names an argument too, as in `1=a = b`.
  if not any(parts):
    named = (part.partition("=") for part in every)
    parts = [value for name, _, value in named if name.strip() == "1"]
  return [part.strip() for part in parts]


def _split(text: str) -> list[str]:
  """What stands between bars; those in links divide nothing.

  >>> _split("a|[[b|c]]")
  ['a', '[[b|c]]']
  """
  parts, at, depth = [], 0, 0
  for token in _BARS.finditer(text):
    if token[0] != "|":
      depth = max(0, depth + (1 if token[0] == "[[" else -1))
    elif not depth:
      parts.append(text[at : token.start()])
      at = token.end()
  return [*parts, text[at:]]


def _first(arguments: list[str]) -> str:
  """The first."""
  return arguments[0] if arguments else ""


def _second(arguments: list[str]) -> str:
  """The second, behind the code of a language."""
  return arguments[1] if len(arguments) > 1 else ""


def _last(arguments: list[str]) -> str:
  """The last."""
  return arguments[-1] if arguments else ""


def _joined(arguments: list[str]) -> str:
  """All, with nothing between them."""
  return "".join(arguments)


def _listed(arguments: list[str]) -> str:
  """All, with commas between them."""
  return ", ".join(filter(None, arguments))


def _measure(arguments: list[str]) -> str:
  """A number and its unit, or two and the word between them.

  >>> _measure(["5", "to", "6", "km", "mi"])
  '5 to 6 km'
  """
  if len(arguments) > 3 and arguments[1] in _BETWEEN:
    between = _BETWEEN[arguments[1]]
    return f"{arguments[0]}{between}{arguments[2]} {arguments[3]}"
  return " ".join(arguments[:2])


def _fraction(arguments: list[str]) -> str:
  """A fraction, with a whole number before it or not."""
  whole = " ".join(arguments[:-2])
  return f"{whole} {'/'.join(arguments[-2:])}".strip()


def _says(text: str) -> Callable[[list[str]], str]:
  """A template that always says the same."""
  return lambda _: text


def _after(text: str) -> Callable[[list[str]], str]:
  """A template that says something before its first argument."""
  return lambda arguments: f"{text}{_first(arguments)}"


_KEPT: dict[str, Callable[[list[str]], str]] = {
  "lang": _second,
  "transl": _last,
  "transliteration": _last,
  "nihongo": _first,
  "ill": _first,
  "interlanguage link": _first,
  "nowrap": _first,
  "nobr": _first,
  "small": _first,
  "smaller": _first,
  "big": _first,
  "vanchor": _first,
  "visible anchor": _first,
  "abbr": _first,
  "tooltip": _first,
  "sic": _first,
  "quote": _first,
  "blockquote": _first,
  "cquote": _first,
  "flag": _first,
  "flagu": _first,
  "flagcountry": _first,
  "angbr": _first,
  "val": _first,
  "nts": _first,
  "linktext": _joined,
  "chem": _joined,
  "chem2": _first,
  "hlist": _listed,
  "convert": _measure,
  "cvt": _measure,
  "frac": _fraction,
  "fraction": _fraction,
  "sfrac": _fraction,
  "circa": _after("c. "),
  "c.": _after("c. "),
  "as of": _after("As of "),
  "us$": _after("US$"),
  "sup": _after("^"),
  "sub": _first,
  "snd": _says(" \u2013 "),
  "spnd": _says(" \u2013 "),
  "spaced ndash": _says(" \u2013 "),
  "spaced en dash": _says(" \u2013 "),
  "ndash": _says("\u2013"),
  "mdash": _says("—"),
  "nbsp": _says(" "),
  "space": _says(" "),
  "'": _says("\u2019"),
  "'s": _says("\u2019s"),
  "pi": _says("π"),
  "number sign": _says("&#35;"),
  "=": _says("="),
  "!": _says("|"),
}
