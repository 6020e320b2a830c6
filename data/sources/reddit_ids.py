"""What Reddit's ids and names say: keys for joins, bots, and the held-out part.

Ids are numbers in base 36, behind a prefix that says of what: `t1_` a comment,
`t3_` a submission.
"""

import hashlib
import re

import xxhash

# Bots whose names do not end in "bot"; all in small letters.
BOTS = frozenset(
  {
    "automoderator",
    "autotldr",
    "decronym",
    "goodbot_badbot",
    "haikubot-1337",
    "imagesofnetwork",
    "mentioned_videos",
    "mtgcardfetcher",
    "the-paranoid-android",
    "totesmessenger",
    "tweetposter",
    "user_simulator",
    "xkcd_transcriber",
  }
)
# As PolyAI's project has it, so that its test threads are ours.
BUCKETS = 4096

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_PREFIX = re.compile(r"t[0-9]_")
# Up to 12 digits are less than 2 ** 63. A leading 0 would make two ids one.
_BASE_36 = re.compile(r"0|[1-9a-z][0-9a-z]{0,11}")


def bare(full_id: str) -> str:
  """The id without its prefix.

  >>> bare("t1_dvedzte")
  'dvedzte'
  """
  return _PREFIX.sub("", full_id, count=1) if full_id[:1] == "t" else full_id


def key(bare_id: str) -> int:
  """An int64 that stands for the id: its number, or a hash below 0.

  No two ids of Reddit's have one key.

  >>> key("dvedzte")
  30196789394
  """
  if _BASE_36.fullmatch(bare_id):
    return int(bare_id, 36)
  return -1 - (xxhash.xxh3_64_intdigest(bare_id.encode()) >> 1)


def base_36(number: int) -> str:
  """The id of a number.

  >>> base_36(30196789394)
  'dvedzte'
  """
  digits = ""
  while number > 0:
    number, digit = divmod(number, 36)
    digits = _DIGITS[digit] + digits
  return digits or "0"


def is_bot(author: str, more: frozenset[str] = frozenset()) -> bool:
  """Whether the author is known for a program, or named like one.

  Args:
    author: a name.
    more: names of programs beside BOTS, in small letters.
  """
  name = author.lower()
  return name.endswith("bot") or name in BOTS or name in more


def is_test(thread: str, test_share: float) -> bool:
  """Whether a thread is held out, by the hash that PolyAI's project takes.

  Args:
    thread: its id without prefix.
    test_share: of all threads.
  """
  number = int(hashlib.md5(thread.encode()).hexdigest(), 16) % BUCKETS
  return (1 + number) / BUCKETS >= 1 - test_share
