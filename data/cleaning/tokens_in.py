"""How many tokens texts have: words between spaces, or a tokenizer's."""

from collections.abc import Callable, Sequence

import tokenizers

from data import tokens

Counter = Callable[[Sequence[str]], list[int]]


def counter(tokenizer: str = "") -> Counter:
  """A function from texts to how many tokens each has.

  Args:
    tokenizer: a folder with a fast tokenizer, whose special tokens do not
      count; "" for words between spaces.

  Raises:
    program.BadInput: if the folder has none.

  >>> counter()(["two words", ""])
  [2, 0]
  """
  if not tokenizer:
    return lambda texts: [len(text.split()) for text in texts]
  cutter = tokenizers.Tokenizer.from_str(tokens.read(tokenizer))
  cutter.no_padding()
  cutter.no_truncation()

  def count(texts: Sequence[str]) -> list[int]:
    found = cutter.encode_batch_fast(list(texts), add_special_tokens=False)
    return list(map(len, found))

  return count
