"""One row of an XML dump, read by itself.

    xml_row.attributes(b'<row Id="7" Body="a &amp; b"/>')
    # {"Id": "7", "Body": "a & b"}

A row stands alone, without the head of its file, so that there are no entities
but XML's own five, nothing that could expand, and nothing to fetch.
"""

from typing import NoReturn
from xml.etree import ElementTree
from xml.parsers import expat

from data.sources import bad

DEEPEST = 64  # elements in elements; dumps have five


def attributes(row: bytes) -> dict[str, str]:
  """The attributes of an element, such as a post of Stack Exchange.

  Raises:
    bad.BadRow: "broken_xml" or "not_utf8".
  """
  found: dict[str, str] = {}
  parser = _parser()
  parser.StartElementHandler = lambda _, given: found or found.update(given)
  _parse(parser, row)
  return found


def element(row: bytes) -> ElementTree.Element:
  """An element and all in it, such as a page of Wikipedia.

  Raises:
    bad.BadRow: "broken_xml" or "not_utf8".
  """
  builder, depth = ElementTree.TreeBuilder(), 0

  def start(tag: str, given: dict[str, str]) -> None:
    nonlocal depth
    depth += 1
    if depth > DEEPEST:
      raise bad.BadRow(
        "broken_xml", f"{depth} elements in elements, in {bad.excerpt(row)}"
      )
    builder.start(tag, given)

  def end(tag: str) -> None:
    nonlocal depth
    depth -= 1
    builder.end(tag)

  parser = _parser()
  parser.buffer_text = True
  parser.StartElementHandler, parser.EndElementHandler = start, end
  parser.CharacterDataHandler = builder.data
  _parse(parser, row)
  return builder.close()


def _parser() -> expat.XMLParserType:
  """A parser that takes no document type and therefore no entities."""
  parser = expat.ParserCreate("utf-8")
  parser.StartDoctypeDeclHandler = _refuse
  return parser


def _refuse(name: str, *_: object) -> NoReturn:
  """What is done with a document type."""
  raise bad.BadRow("broken_xml", f"a DOCTYPE {name[:60]!r} in a row")


def _parse(parser: expat.XMLParserType, row: bytes) -> None:
  """Parses a row whole."""
  try:
    parser.Parse(row, True)
  except expat.ExpatError as error:
    raise _fault(row, error) from error


def _fault(row: bytes, error: Exception) -> bad.BadRow:
  """What is wrong with a row that was refused."""
  try:
    row.decode("utf-8")
  except UnicodeDecodeError:
    return bad.BadRow("not_utf8", bad.excerpt(row))
  return bad.BadRow("broken_xml", f"{error} in {bad.excerpt(row)}")
