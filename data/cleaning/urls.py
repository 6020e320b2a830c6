"""Addresses of the web in a text: how much of it they are, and without them."""

import re

# An address ends before a space, a quote or a bracket, and a full stop or
# comma behind it belongs to the sentence.
_URL = re.compile(
  r"(?:\b(?:https?|ftp)://|\bwww\.)[^\s<>\"'()\[\]{}|]*[^\s<>\"'()\[\]{}|.,;:!?]",
  re.IGNORECASE,
)
_SPACES = re.compile(r"[ \t]{2,}")


def share(text: str) -> float:
  """The share of the text's characters that belong to URLs.

  >>> share("www.a.org is it")
  0.6
  """
  found = sum(match.end() - match.start() for match in _URL.finditer(text))
  return found / max(len(text), 1)


def remove(text: str) -> str:
  """The text without URLs, and without the spaces that they leave.

  >>> remove("see https://a.org/b?c=d, which says it")
  'see , which says it'
  """
  # Removing one may put another together: each is a space, which ends it.
  bare, count = _URL.subn(" ", text)
  return _tidy(bare) if count else text


def _tidy(text: str) -> str:
  """Single spaces, and none at the ends."""
  return _SPACES.sub(" ", text).strip()
