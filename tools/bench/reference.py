"""transformers' torch model as a contender, with the same weights.

It does what sentence-transformers does: in training, the first and the second
texts of a batch are two calls, each padded to its longest; to encode, all
texts are sorted by length and cut into batches. Scaled dot-product attention
where transformers has it for the family; bfloat16 is autocast, for our
parameters are float32 too.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from embeddings import towers
from embeddings import weights
from embeddings.encoders import config as config_lib
from embeddings.encoders.names import table
from tools.bench import machine
from tools.bench import peak_memory
from tools.bench import work as work_lib

# Ids that a family's config has by default and a small vocabulary has not.
_SPECIAL = ("bos_token_id", "eos_token_id", "cls_token_id", "sep_token_id")


class Reference:
  """The torch model over batches, on a GPU if torch has one.

  Args:
    config: of the encoder.
    params: its parameters, as our model has them.
    work: the texts.
    dtype: "float32" or "bfloat16".

  Raises:
    ImportError: if torch is not installed.
  """

  name = "torch"

  def __init__(
    self,
    config: config_lib.EncoderConfig,
    params: towers.Params,
    work: work_lib.Work,
    dtype: str,
  ):
    # Threads that wait by spinning make torch ten times slower, or a hundred,
    # where another process wants a core; read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch  # Here, because all but this runs without it.

    self._torch, self._dtype = torch, getattr(torch, dtype)
    self.device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(machine.cores())
    torch.set_float32_matmul_precision("high")  # on a GPU as XLA; none on CPUs
    self._model = _model(torch, config, params).to(self.device).eval()
    self.version = f"torch {torch.__version__}"
    pad = self._model.config.pad_token_id
    by_length = np.argsort([len(text) for text in work.ids], kind="stable")
    self._sorted = by_length.reshape(len(work.batches), -1)
    self._batches = {
      "forward": [[_pad(work, numbers, pad)] for numbers in self._sorted],
      "training": [
        [_pad(work, numbers, pad) for numbers in columns]
        for columns in work.batches
      ],
    }
    self.slots = {
      mode: sum(ids.size for columns in batches for ids, _ in columns)
      for mode, batches in self._batches.items()
    }
    self.compile_seconds: dict[str, float | None] = {}

  def prepare(self, mode: str) -> None:
    """There is nothing to compile."""
    self.compile_seconds[mode] = None

  def members(self, batch: int) -> np.ndarray:
    """The numbers of the texts whose vectors `forward` gives."""
    return self._sorted[batch]

  def forward(self, batch: int) -> np.ndarray:  # float32 [T, D]
    """Vectors of a batch."""
    with self._torch.inference_mode():
      (columns,) = self._batches["forward"][batch]
      return self._vectors(*columns).cpu().numpy()

  def training(self, batch: int) -> None:
    """The gradient of the sum of the squares of a batch's vectors."""
    self._model.zero_grad(set_to_none=True)
    columns = self._batches["training"][batch]
    vectors = self._torch.cat([self._vectors(*column) for column in columns])
    vectors.square().sum().backward()
    if self.device == "cuda":
      self._torch.cuda.synchronize()

  def gradient_norm(self) -> float:
    """The length of the last gradient."""
    found = [p.grad for p in self._model.parameters() if p.grad is not None]
    return float(sum(grad.square().sum() for grad in found) ** 0.5)

  def peak_bytes(self, mode: str) -> int | None:
    """What the last batch, where texts are longest, takes beside parameters."""
    self._model.zero_grad(set_to_none=True)
    if self.device == "cpu":
      return peak_memory.of_host(lambda: getattr(self, mode)(-1))
    cuda = self._torch.cuda
    cuda.reset_peak_memory_stats()
    before = cuda.memory_allocated()
    getattr(self, mode)(-1)
    return cuda.max_memory_allocated() - before

  def _vectors(self, ids: np.ndarray, mask: np.ndarray) -> Any:
    """The mean over each text's tokens, float32 [T, D]."""
    torch = self._torch
    tokens, seen = (torch.from_numpy(x).to(self.device) for x in (ids, mask))
    half = self._dtype != torch.float32
    with torch.autocast(self.device, self._dtype, enabled=half):
      found = self._model(input_ids=tokens, attention_mask=seen)
    hidden, weight = found.last_hidden_state.float(), seen[..., None].float()
    return (hidden * weight).sum(1) / weight.sum(1)


def _model(
  torch: Any, config: config_lib.EncoderConfig, params: towers.Params
) -> Any:
  """transformers' model of a config, without dropout, with our parameters."""
  import transformers  # Here, because it takes seconds.

  content = table.FAMILIES[config.family].content(config)
  content = {"pad_token_id": 0, **dict.fromkeys(_SPECIAL), **content}
  del content["architectures"]
  settings = transformers.AutoConfig.for_model(**content)
  model = transformers.AutoModel.from_config(settings)
  tensors = {
    **weights.tensors_of(params, config),
    **weights.placeholders(config),
  }
  model.load_state_dict(
    {name: torch.tensor(value) for name, value in tensors.items()}
  )
  return model


def _pad(
  work: work_lib.Work, numbers: Sequence[int] | np.ndarray, pad: int
) -> tuple[np.ndarray, np.ndarray]:  # int64 [T, longest], twice
  """Token ids padded to the longest, and which of them are real."""
  texts = [work.ids[number] for number in numbers]
  lengths = np.array([len(text) for text in texts])
  mask = np.arange(lengths.max()) < lengths[:, None]
  ids = np.full(mask.shape, pad, np.int64)
  ids[mask] = np.concatenate(texts)
  return ids, mask.astype(np.int64)
