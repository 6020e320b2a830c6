"""Rows of XML dumps, each read by itself."""

import time
from xml.etree import ElementTree

import hypothesis
import pytest
from hypothesis import strategies

from data.sources import bad
from data.sources import xml_row

ROW = (
  '<row Id="7" Body="&lt;p&gt; &amp; &quot;é&quot; &#xA;&#128512;" />'.encode()
)
PAGE = (
  b'<page><title>A &amp; B</title><revision><text xml:space="preserve">one\n'
  b"<!-- x -->two</text></revision></page>"
)
READERS = (xml_row.attributes, xml_row.element)


def test_attributes():
  assert xml_row.attributes(ROW) == {"Id": "7", "Body": '<p> & "é" \n😀'}
  assert xml_row.attributes(b"<row/>") == {}
  assert xml_row.attributes(b'<page a="1"><b c="2"/></page>') == {"a": "1"}


def test_an_element():
  page = xml_row.element(PAGE)
  assert page.findtext("title") == "A & B"
  assert page.findtext("revision/text") == "one\ntwo"
  whole = ElementTree.fromstring(PAGE)
  assert ElementTree.tostring(page) == ElementTree.tostring(whole)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
  ("row", "reason"),
  [
    (b"", "broken_xml"),
    (b"<row", "broken_xml"),
    (b'<row a="1"', "broken_xml"),
    (b'<row a="1" a="2"/>', "broken_xml"),
    (b'<row a="<"/>', "broken_xml"),
    (b'<row a="1"/><row/>', "broken_xml"),
    (b'<row a="&nbsp;"/>', "broken_xml"),  # XML has five entities
    (b'<row a="&lol9;"/>', "broken_xml"),
    (b'<row a="\x01"/>', "broken_xml"),
    (b'<row a="&#0;"/>', "broken_xml"),
    (b'<row a="&#xD800;"/>', "broken_xml"),
    (b'<row a="&#xFFFFFFFF;"/>', "broken_xml"),
    (b'<row a="\xff"/>', "not_utf8"),
    (b'<row a="\xed\xa0\x80"/>', "not_utf8"),
    (b'<?xml version="1.0" encoding="utf-16"?><row a="\xe9"/>', "not_utf8"),
    (b'<!DOCTYPE r [<!ENTITY a "b">]><row a="&a;"/>', "broken_xml"),
    (b"<!DOCTYPE r><row/>", "broken_xml"),
  ],
)
def test_a_bad_row(read, row, reason):
  with pytest.raises(bad.BadRow) as caught:
    read(row)
  assert caught.value.reason == reason
  assert len(str(caught.value)) < 300


def test_entities_never_expand_nor_fetch(tmp_path):
  (tmp_path / "secret").write_text("a secret")
  laughs = "".join(f'<!ENTITY l{i + 1} "{f"&l{i};" * 10}">' for i in range(9))
  for head in (
    f'<!DOCTYPE r [<!ENTITY l0 "lol">{laughs}]>',
    f'<!DOCTYPE r [<!ENTITY l9 SYSTEM "file://{tmp_path}/secret">]>',
    f'<!DOCTYPE r SYSTEM "file://{tmp_path}/secret">',
  ):
    for read in READERS:
      with pytest.raises(bad.BadRow):
        read(f"{head}<row a='1'>&l9;</row>".encode())


def test_deep_nesting_is_a_bad_row():
  start = time.monotonic()
  for deep in (b"<a>" * 1_000_000, b"<a>" * 65 + b"</a>" * 65):
    with pytest.raises(bad.BadRow, match="65 elements in elements"):
      xml_row.element(deep)
  xml_row.element(b"<a>" * 64 + b"</a>" * 64)
  assert time.monotonic() - start < 10


def test_many_attributes_are_no_trouble():
  row = b"<row " + b" ".join(b'a%d="1"' % i for i in range(100_000)) + b"/>"
  assert len(xml_row.attributes(row)) == 100_000


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("row", [ROW, PAGE])
@hypothesis.given(data=strategies.data())
@hypothesis.settings(max_examples=80, deadline=None)
def test_mutations_are_bad_rows_or_writable_texts(read, row, data):
  changed = bytearray(row)
  for _ in range(data.draw(strategies.integers(1, 4))):
    place = data.draw(strategies.integers(0, len(changed)))
    found = data.draw(
      strategies.sampled_from([b"<", b"&", b"]]>", b"<![CDATA[", b'"', b"\xed"])
      | strategies.binary(max_size=3)
    )
    changed[place : place + 1] = found
  try:
    found = read(bytes(changed))
  except bad.BadRow as error:
    assert error.reason in ("broken_xml", "not_utf8")
    return
  if isinstance(found, dict):
    "".join([*found, *found.values()]).encode("utf-8")
  else:
    "".join(found.itertext()).encode("utf-8")


def test_expat_agrees_with_a_parser_of_the_whole():
  dump = b"<rows>" + ROW * 3 + b"</rows>"
  whole = [row.attrib for row in ElementTree.fromstring(dump)]
  assert whole == [xml_row.attributes(ROW)] * 3
