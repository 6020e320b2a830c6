"""Pages as MediaWiki's export has them, and the project's own small dump."""

import pathlib
from xml.sax import saxutils

FOLDER = pathlib.Path(__file__).with_name("dumps") / "wikipedia"
FILE = FOLDER / "halmarkwiki-20260201-pages-articles.xml"
END = "</mediawiki>\n"


def head() -> str:
  """What stands before the first page of our dump."""
  return FILE.read_text(encoding="utf-8").partition("  <page>")[0]


def pages() -> list[str]:
  """The elements of our dump's pages."""
  text = FILE.read_text(encoding="utf-8")
  parts = text.removesuffix(END).split("  <page>")[1:]
  return ["  <page>" + part for part in parts]


def page(number: int, title: str, text: str) -> str:
  """An element of a page."""
  return (
    f"  <page>\n<title>{saxutils.escape(title)}</title><ns>0</ns>"
    f"<id>{number}</id><revision><id>1</id><model>wikitext</model>"
    f'<text xml:space="preserve">{saxutils.escape(text)}</text></revision>\n'
    "  </page>\n"
  )


def write(path: pathlib.Path, elements: list[str]) -> pathlib.Path:
  """A dump of such pages."""
  path.write_text(head() + "".join(elements) + END, encoding="utf-8")
  return path
