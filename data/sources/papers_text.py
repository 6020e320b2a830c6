"""What stands in records of papers: titles, abstracts, ids and licences."""

import re

import xxhash

_CHARS = 400  # Whether a paper was withdrawn is said at the start.
_WITHDRAWN = re.compile(
  r"^\W*(?:abstract )?(?:withdrawn\b|(?:[\w,'-]+ ){0,8}"
  r"(?:paper|article|manuscript|submission|preprint|work|note|letter|it)"
  r"(?: (?:has|have|was|is|been|being|now|temporarily|hereby)){0,4}"
  r" (?:withdrawn|retracted)\b)",
  re.IGNORECASE,
)
_CREATIVE_COMMONS = re.compile(
  r"creativecommons\.org/(?:licenses/([a-z-]+)|publicdomain/(zero))/([0-9.]+)"
)
_ARXIV = re.compile(r"arxiv\.org/licenses/([a-z]+)[a-z-]*/([0-9.-]+)")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")


def fold(text: str | None) -> str:
  r"""The text on one line, without spaces around.

  >>> fold("  A title\n  that goes on ")
  'A title that goes on'
  """
  return " ".join((text or "").split())


def is_withdrawn(abstract: str) -> bool:
  """Whether an abstract, folded, says that there is no paper.

  >>> is_withdrawn("This paper has been withdrawn by the author.")
  True
  >>> is_withdrawn("We study why savings are withdrawn in a crisis.")
  False
  """
  return _WITHDRAWN.match(abstract[:_CHARS]) is not None


def licence_name(url: str | None) -> str:
  """A short name for the address of a licence, which has no slash.

  >>> licence_name("http://creativecommons.org/licenses/by-sa/4.0/")
  'cc-by-sa-4.0'
  >>> licence_name("http://arxiv.org/licenses/nonexclusive-distrib/1.0/")
  'arxiv-nonexclusive-1.0'
  >>> licence_name(None)
  'unstated'
  """
  address = url or ""
  if found := _CREATIVE_COMMONS.search(address):
    terms = f"-{found[1]}" if found[1] else "0"
    return f"cc{terms}-{found[3]}"
  if found := _ARXIV.search(address):
    return f"arxiv-{found[1]}-{found[2]}"
  return address.strip("/").rpartition("/")[2] or "unstated"


def key(paper: str) -> int:
  """An int64 that stands for an id: its number, or a hash below 0.

  >>> key("18980380")
  18980380
  """
  if _NUMBER.fullmatch(paper):
    return int(paper)
  return -1 - (xxhash.xxh3_64_intdigest(paper.encode()) >> 1)


def order(*values: object) -> int:
  """A hash of some values as int64: an order that depends on nothing else."""
  data = "\0".join(map(str, values)).encode()
  return xxhash.xxh3_64_intdigest(data) - 2**63
