"""sentence-transformers' training step as a contender.

What its trainer does with its best settings on a CPU: columns apart, each
padded to its longest text, its MultipleNegativesRankingLoss, torch's fused
AdamW (its default), scaled dot-product attention, all cores, threads that wait
without spinning. To embed both columns in one pass is its choice for columns
of like lengths; queries and documents are not, and it costs more than it
saves. It cannot leave padding out without flash attention, which has no CPU
version.
"""

import importlib.util
import os
import pathlib
from collections.abc import Sequence
from typing import Any

from data import program
from tools.bench import machine
from tools.bench import mix
from tools.bench import our_trainer
from tools.bench import peak_memory


class TheirTrainer:
  """Trains a SentenceTransformer on batches, on a GPU if torch has one.

  Args:
    folder: the model.
    batches: queries and documents of each.
    dropout: the rate, everywhere that the model has any.

  Attributes:
    name: what the table calls it.
    losses: of the steps so far.
    compile_seconds: None, for nothing is compiled.

  Raises:
    ImportError: if sentence-transformers is not installed.
  """

  name = "theirs"

  def __init__(
    self,
    folder: str | pathlib.Path,
    batches: Sequence[Sequence[mix.Column]],
    dropout: float,
  ):
    # Threads that wait by spinning make torch ten times slower, or a hundred,
    # where another process wants a core; read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import torch  # Here, for they are no requirements.
    from sentence_transformers.sentence_transformer import losses

    self._torch = torch
    torch.set_num_threads(machine.cores())
    device = "cuda" if torch.cuda.is_available() else "cpu"
    self._model = _load(folder, device, dropout)
    self._loss = losses.MultipleNegativesRankingLoss(
      self._model, scale=our_trainer.SCALE
    )
    self._optimizer = torch.optim.AdamW(
      self._model.parameters(),
      lr=our_trainer.LEARNING_RATE,
      betas=our_trainer.BETAS,
      eps=our_trainer.EPS,
      weight_decay=0.0,
      fused=True,
    )
    self._batches = [
      [_features(torch, self._model, column) for column in columns]
      for columns in batches
    ]
    self.losses: list[float] = []
    self.compile_seconds = None

  def training(self, batch: int) -> None:
    """One step on a batch, to its end."""
    # The model writes its results into what it is given.
    features = [dict(column) for column in self._batches[batch]]
    loss = self._loss(features, None)
    loss.backward()
    self._torch.nn.utils.clip_grad_norm_(
      self._model.parameters(), our_trainer.CLIP_NORM
    )
    self._optimizer.step()
    self._optimizer.zero_grad(set_to_none=True)
    self.losses.append(loss.item())
    if self._torch.cuda.is_available():
      self._torch.cuda.synchronize()

  def peak_bytes(self, batch: int) -> int | None:
    """What a step takes beside parameters and moments."""
    if not self._torch.cuda.is_available():
      return peak_memory.of_host(lambda: self.training(batch))
    cuda = self._torch.cuda
    cuda.reset_peak_memory_stats()
    before = cuda.memory_allocated()
    self.training(batch)
    return cuda.max_memory_allocated() - before


def check_installed() -> None:
  """Raises BadInput if there is no sentence-transformers."""
  if importlib.util.find_spec("sentence_transformers") is None:
    raise program.BadInput(
      "--against=sentence_transformers and it is not installed; install "
      "requirements-dev.txt, or give --against=nothing"
    )


def _load(folder: str | pathlib.Path, device: str, dropout: float) -> Any:
  """The model, ready to train with this rate of dropout."""
  import transformers.utils.logging as bars
  from sentence_transformers.sentence_transformer import model as library

  bars.disable_progress_bar()
  model: Any = library.SentenceTransformer(str(folder), device=device)
  # Without dropout nothing else differs, and rates of 0 still cost time.
  model.train(bool(dropout))
  for module in model.modules():
    if type(module).__name__ == "Dropout":
      module.p = dropout
  return model


def _features(torch: Any, model: Any, column: mix.Column) -> dict[str, Any]:
  """What its tokenizer makes of texts, on the model's device."""
  ids, mask = (torch.from_numpy(x).to(model.device) for x in column)
  ids = torch.where(mask > 0, ids, model.tokenizer.pad_token_id)
  found = {"input_ids": ids, "attention_mask": mask}
  if "token_type_ids" in model.tokenizer.model_input_names:
    found["token_type_ids"] = torch.zeros_like(ids)
  return found
