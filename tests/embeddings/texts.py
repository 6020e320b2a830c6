"""Texts that a tokenizer may stumble on, and texts as people write them."""

import gzip
import json

import numpy as np

from tests import conftest

SHARED = conftest.ROOT.parent / "shared" / "data"  # not on all machines

# What a tokenizer may stumble on.
ODD = (
  "",
  " ",
  "\n\t\r\n",
  ".",
  "a",
  "ÀÉÎõü ﬁne Straße İstanbul",
  "日本語の文章とEnglishが混ざる。",
  "مرحبا بالعالم",
  "ไทยไม่มีช่องว่าง",
  "😀👩‍👩‍👧‍👦🇩🇪",
  "e\u0301 zero\u200bwidth \ufeff nul\x00 \ufffd",
  "[CLS] special [SEP] tokens [MASK] in text [PAD]",
  "x" * 300,
  "word " * 2_000,
  "https://example.org/a?b=c&d=%20#e 3.14159e-10 $1,000.00",
  "def f(x):\n\treturn {k: v for k, v in x.items() if k != 'a'}",
)


def made(count: int) -> list[str]:
  """Texts of 1 to 120 words, and the odd ones."""
  random = np.random.default_rng(0)
  known = "the a of model query document loss river bank bread copper window"
  rare = "quickly seventeen unbelievable tokenization Zürich C++ don't e-mail"
  words = f"{known} {rare}".split()
  lengths = np.exp(random.uniform(0, np.log(120), count - len(ODD)))
  texts = [
    " ".join(random.choice(words, int(length))).capitalize() + "."
    for length in lengths
  ]
  mixed = [*texts, *ODD]
  return [mixed[i] for i in random.permutation(count)]


def shared(count: int) -> list[str]:
  """Texts of the shared data: questions, answers, three languages."""
  names = (
    "stackexchange_small/title_answer",
    "xquad_parallel_questions/en-ar",
    "tatoeba_en_de/pairs",
  )
  found = []
  for name in names:
    with gzip.open(SHARED / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
      for _ in range(count // (2 * len(names)) + 1):
        found += json.loads(next(file))[:2]
  return found[:count]
