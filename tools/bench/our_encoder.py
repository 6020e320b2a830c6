"""Our encoder as a contender, from texts to vectors in memory."""

import pathlib
import time
from collections.abc import Mapping

import jax
import numpy as np

from data import program
from embeddings import calls
from embeddings import encode
from tools.bench import operations
from tools.bench import peak_memory

TIMES = 3  # that a call is watched


class OurEncoder:
  """`encode.Encoder` over texts, on one device.

  Args:
    folder: the model.

  Attributes:
    name: what the table calls it.
    encoder: the model.
    tokens: real tokens of each part.
    slots: tokens of each part with padding.
    settings: of each part none, for there is nothing to choose.
  """

  name = "ours"

  def __init__(self, folder: str | pathlib.Path):
    self.encoder = encode.load(str(folder))
    self._parts: dict[str, list[str]] = {}
    self.tokens: dict[str, int] = {}
    self.slots: dict[str, int] = {}
    self.settings: dict[str, int | None] = {}

  def take(self, parts: Mapping[str, list[str]]) -> None:
    """Takes the texts, by the name of the part."""
    self._parts = dict(parts)
    self.settings = dict.fromkeys(parts)
    for part in parts:
      found = self._packed(part)
      self.tokens[part] = sum(int((c.packed.text >= 0).sum()) for c in found)
      self.slots[part] = sum(c.packed.text.size for c in found)

  def vectors(self, part: str) -> np.ndarray:  # float32 [N, E]
    """The vectors of a part's texts."""
    return self.encoder.encode(self._parts[part])

  def encode(self, number: int) -> None:
    """Encodes the part of this number."""
    self.vectors(list(self._parts)[number])

  def peak_bytes(self, part: str) -> int | None:
    """What a part takes beside the parameters; None on an accelerator."""
    if jax.default_backend() != "cpu":
      return None
    return peak_memory.of_host(lambda: self.vectors(part))

  def stages(self, part: str) -> dict[str, float]:
    """Seconds of each stage, one after the other, where they overlap else."""
    clock = [time.perf_counter()]

    def lap() -> float:
      clock.append(time.perf_counter())
      return clock[-1] - clock[-2]

    longest = self.encoder.tokenizer.max_length
    ids, lengths = self.encoder.tokenizer.encode_flat(self._parts[part])
    took = {"tokenise": lap()}
    packed = list(calls.pack(ids, lengths, longest=longest))
    took["pack"] = lap()
    found = [
      jax.block_until_ready(self.encoder.embed(call, "document"))
      for call in packed
    ]
    took["devices"] = lap()
    for vectors in found:
      np.asarray(vectors)
    took["fetch"] = lap()
    return took

  def operations(self, part: str) -> dict[str, float] | None:
    """Shares of the time that devices take for a call; see `operations`.

    The call is one of the shape that most of the part's slots are in.
    """
    by_shape: dict[tuple[int, ...], list[calls.Call]] = {}
    for call in self._packed(part):
      by_shape.setdefault(call.packed.text.shape, []).append(call)
    most = max(by_shape, key=lambda shape: len(by_shape[shape]))
    call = by_shape[most][0]
    compiled = self.encoder.compiled(call, "document")
    return operations.shares(
      compiled.as_text() or "",
      lambda: jax.block_until_ready(self.encoder.embed(call, "document")),
      times=TIMES,
    )

  def _packed(self, part: str) -> list[calls.Call]:
    """The calls of a part."""
    tokenizer = self.encoder.tokenizer
    ids, lengths = tokenizer.encode_flat(self._parts[part])
    if len(lengths) > encode.STRETCH:
      raise program.BadInput(
        f"{len(lengths):,} {part} texts; wanted at most {encode.STRETCH:,}, "
        "which are packed together"
      )
    return list(calls.pack(ids, lengths, longest=tokenizer.max_length))
