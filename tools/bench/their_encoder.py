"""`SentenceTransformer.encode` as a contender, at its best settings.

Float32, scaled dot-product attention, all cores, threads that wait without
spinning, no progress bar, and of some batch sizes that which is the fastest for
the texts. It sorts texts by length, pads each batch to its longest, and turns
gradients off by itself. It cannot leave padding out without flash attention,
which has no CPU version. The backend is torch, as by default: those of ONNX and
OpenVINO want other packages and an exported model. Who sets OMP_WAIT_POLICY has
it so, as active, which may be faster on a machine that does nothing else.
"""

import os
import pathlib
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from data import program
from tools.bench import machine
from tools.bench import peak_memory

_SAMPLE = 4  # of so many texts one is encoded to choose a batch size


class TheirEncoder:
  """A SentenceTransformer over texts, on a GPU if torch has one.

  Args:
    folder: the model.
    parts: texts by the name of the part.
    batch_sizes: of which the fastest is taken.

  Attributes:
    name: what the table calls it.
    settings: the batch size of each part.
    slots: tokens of each part with padding, once `vectors` was called.

  Raises:
    ImportError: if sentence-transformers is not installed.
    program.BadInput: if it cannot read the model.
  """

  name = "theirs"

  def __init__(
    self,
    folder: str | pathlib.Path,
    parts: Mapping[str, list[str]],
    batch_sizes: Sequence[int],
  ):
    # Threads that wait by spinning make torch ten times slower, or a hundred,
    # where another process wants a core; read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import sentence_transformers  # Here, for they are no requirements.
    import torch

    torch.set_num_threads(machine.cores())
    self.device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
      self._model: Any = sentence_transformers.SentenceTransformer(
        str(folder),
        device=self.device,
        local_files_only=True,
        model_kwargs={"attn_implementation": "sdpa", "dtype": torch.float32},
      )
    except (OSError, ValueError, KeyError) as error:
      raise program.BadInput(
        f"{folder} is no model to sentence-transformers ({str(error)[:150]}); "
        "give a folder of its kind, or --against=nothing"
      ) from error
    self._parts = dict(parts)
    self.slots: dict[str, int] = {}
    self._encode(parts[next(iter(parts))][: batch_sizes[0]], batch_sizes[0])
    self.settings = {
      part: self._fastest(texts, batch_sizes) for part, texts in parts.items()
    }

  def vectors(self, part: str) -> np.ndarray:  # float32 [N, E]
    """The vectors of a part's texts; counts what was computed."""
    slots = 0

    def count(module: Any, given: tuple[dict[str, Any], ...]) -> None:
      nonlocal slots
      slots += given[0]["input_ids"].numel()

    hook = self._model[0].register_forward_pre_hook(count)
    found = self._encode(self._parts[part], self.settings[part])
    hook.remove()
    self.slots[part] = slots
    return found

  def encode(self, number: int) -> None:
    """Encodes the part of this number."""
    part = list(self._parts)[number]
    self._encode(self._parts[part], self.settings[part])

  def peak_bytes(self, part: str) -> int | None:
    """What a part takes beside the parameters; None on a GPU."""
    if self.device != "cpu":
      return None
    return peak_memory.of_host(
      lambda: self._encode(self._parts[part], self.settings[part])
    )

  def _encode(self, texts: list[str], batch_size: int) -> np.ndarray:
    """The vectors of texts."""
    return self._model.encode(
      texts, batch_size=batch_size, show_progress_bar=False
    )

  def _fastest(self, texts: list[str], batch_sizes: Sequence[int]) -> int:
    """The batch size that takes the least time, on a sample of the texts."""
    took = {}
    for size in batch_sizes:
      # At least a batch, or large ones would not be what they are.
      sample = texts[: max(len(texts) // _SAMPLE, min(size, len(texts)))]
      began = time.perf_counter()
      self._encode(sample, size)
      took[size] = (time.perf_counter() - began) / len(sample)
    return min(took, key=lambda size: took[size])
