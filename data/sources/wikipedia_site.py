"""Which wiki a dump is of: its name, language, and what its namespaces say.

The head of each file of a dump says that. Where a file has none, or a small
one, the names of large wikis (data/sources/wikitext_names.py) serve.
"""

import re
from typing import BinaryIO, NamedTuple

from data.sources import bad
from data.sources import raw
from data.sources import wikitext_names
from data.sources import xml_row

_HEAD_BYTES = 2**20  # English Wikipedia's head has 3 KB.
_READ_BYTES = 2**16
_LANGUAGE = re.compile(rb"<mediawiki\b[^<>]*\bxml:lang=[\"']([\w-]{1,20})[\"']")
_SITEINFO = re.compile(rb"<siteinfo>.*?</siteinfo>", re.DOTALL)
_FILE, _CATEGORY = "6", "14"  # Numbers of namespaces, the same in all wikis.


class Site(NamedTuple):
  """A wiki."""

  name: str  # As its database is called: "enwiki".
  language: str  # Its code: "en"; empty where the dump does not say.
  files: tuple[str, ...]  # What files are called there, in small letters.
  categories: tuple[str, ...]


def read(file: raw.File) -> Site:
  """The wiki that a file of a dump is of.

  Raises:
    program.BadInput: if the file cannot be opened.
  """
  with raw.open_stream(file) as stream:
    return parse(_head(stream))


def parse(head: bytes) -> Site:
  """The wiki that the beginning of a dump is of.

  >>> parse(b'<mediawiki xml:lang="fr"><page>').name
  'frwiki'
  """
  found = _LANGUAGE.search(head)
  language = found[1].decode() if found else ""
  name = f"{language.replace('-', '_')}wiki"
  names = {_FILE: set(wikitext_names.NAMES.files)}
  names[_CATEGORY] = set(wikitext_names.NAMES.categories)
  siteinfo = _SITEINFO.search(head)
  try:
    info = xml_row.element(siteinfo[0]) if siteinfo else None
  except bad.BadRow:
    info = None  # Pages are read all the same.
  if info is not None:
    name = (info.findtext("dbname") or "").strip() or name
    for space in info.iter("namespace"):
      if space.get("key") in names and space.text:
        names[space.get("key", "")].add(space.text.strip().lower())
  files, categories = (tuple(sorted(names[key])) for key in (_FILE, _CATEGORY))
  return Site(name, language, files, categories)


def _head(stream: BinaryIO) -> bytes:
  """The bytes before the first page, as far as the file can be read."""
  head = b""
  while len(head) < _HEAD_BYTES and b"<page>" not in head:
    try:
      data = stream.read(_READ_BYTES)
    except bad.Broken:
      break  # Parsing tells of it.
    if not data:
      break
    head += data
  return head.partition(b"<page>")[0]
