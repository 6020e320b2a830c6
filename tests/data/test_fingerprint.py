"""Whatever changes the order of training changes the fingerprint."""

from data import fingerprint
from data import mixture
from data import options
from data import tokens


def test_it_knows_order_weights_options_and_contents(
  write_pairs, tokenizer_folder
):
  one, two = write_pairs(20, "a"), write_pairs(20, "b")
  tokenizer = tokens.Tokenizer(tokenizer_folder, max_length=32)

  def of(text, **given):
    opened = mixture.open_mixture(text, **given)
    return fingerprint.of(opened, tokenizer)

  first = of(f"{one},{two}")
  assert first == of(f"{one},{two}=1.0")
  assert first["data"].keys() == {"a", "b"}
  others = [
    of(f"{two},{one}"),
    of(f"{one},{two}=2"),
    of(f"{one}"),
    of(f"{one},{two}", defaults=options.Options("query: ")),
  ]
  write_pairs(21, "b")
  others.append(of(f"{one},{two}"))
  assert all(other != first for other in others)
  longer = tokens.Tokenizer(tokenizer_folder, max_length=64)
  opened = mixture.open_mixture(f"{one},{two}")
  # Where texts are cut is in the config.
  assert fingerprint.of(opened, longer) == of(f"{one},{two}")
