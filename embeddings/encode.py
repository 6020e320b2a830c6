"""Texts to vectors, by a model in a folder.

    from embeddings import encode
    encoder = encode.load("runs/quickstart/model")
    vectors = encoder.encode(["how to read a file"])  # [1, E]

`load` takes the workdir of a run, a sentence-transformers or Hugging Face
folder, or a hub id. Texts are packed into rows of one shape, so that there is
one compilation and hardly any padding.
"""

from collections.abc import Iterator, Sequence

import jax
import numpy as np

from data import batch
from data import packing
from data import program
from data import tokens
from embeddings import checkpoint
from embeddings import huggingface
from embeddings import towers
from embeddings import workdir as workdir_lib

ROW_SLOTS = 8_192  # tokens of one call to the device, padding included


class Encoder:
  """A model that is ready to encode texts.

  Args:
    model: the model.
    params: its parameters; set them before encoding if they are None.
    tokenizer: cuts texts at the longest that the model takes.
    prompts: texts by name that may be put before each text.
    default_prompt: the name of the one that is, unless told; "" for none.
  """

  def __init__(
    self,
    model: towers.Model,
    params: towers.Params | None,
    tokenizer: tokens.Tokenizer,
    prompts: dict[str, str] | None = None,
    default_prompt: str = "",
  ):
    self.model, self.params = model, params
    self.tokenizer, self.prompts = tokenizer, prompts or {}
    self.default_prompt = default_prompt
    self._embed = jax.jit(model.embed, static_argnums=2)

  @property
  def width(self) -> int:
    """E, numbers in a vector."""
    return self.model.config.encoder.width

  def encode(
    self,
    texts: Sequence[str],
    prompt: str | None = None,
  ) -> np.ndarray:  # float32 [N, E]
    """The vectors of texts.

    Args:
      texts: N texts.
      prompt: the name of a prompt of the model, "" for none, or None for the
        model's default, which hardly any has.

    Returns:
      float32 [N, E], in the order of the texts.

    Raises:
      program.BadInput: if the model has no such prompt, or `texts` is one.
    """
    if isinstance(texts, str):  # whose letters would be the texts
      raise program.BadInput(
        f"{texts[:40]!r} is one text; wanted a list of texts"
      )
    prompt = self.default_prompt if prompt is None else prompt
    if prompt and prompt not in self.prompts:
      raise program.BadInput(
        f"the model has no prompt {prompt!r}; it has "
        f"{', '.join(self.prompts) or 'none'}"
      )
    if not texts:
      return np.zeros((0, self.width), np.float32)
    before = self.prompts[prompt] if prompt else ""
    ids = self.tokenizer.encode([before + text for text in texts])
    vectors = np.zeros((len(texts), self.width), np.float32)
    for members, packed, size in _calls(ids, self.tokenizer.max_length):
      found = self._embed(self.params, packed, size)
      vectors[members] = np.asarray(found[0, : len(members)])
    return vectors


def load(name: str, *, untrained: bool = False) -> Encoder:
  """An encoder out of a run's workdir, a model folder or a hub id.

  Args:
    name: the folder or id.
    untrained: of a workdir, take the parameters that the run began with.

  Raises:
    program.BadInput: if there is no such model, or it has no weights, or only
      a workdir knows what was asked for.
  """
  if workdir_lib.Workdir(name).begun:
    return _from_workdir(workdir_lib.Workdir(name), untrained)
  if untrained:
    raise program.BadInput(
      f"{name} is not the workdir of a run, which alone knows what its model "
      "was before; give the --workdir of python -m launch.train"
    )
  found = huggingface.load(name)
  tokenizer = tokens.Tokenizer(found.folder, max_length=found.max_length)
  params = jax.device_put(found.params)
  return Encoder(
    towers.Model(found.config),
    params,
    tokenizer,
    found.prompts,
    found.default_prompt,
  )


def _from_workdir(workdir: workdir_lib.Workdir, untrained: bool) -> Encoder:
  """An encoder with the parameters of a run's newest checkpoint, or first."""
  config, max_length = workdir.model()
  model = towers.Model(config)
  tokenizer = tokens.Tokenizer(workdir.tokenizer, max_length=max_length)
  began = workdir.config()
  if not untrained:
    shapes = jax.eval_shape(model.init, jax.random.key(0))
    params, _ = checkpoint.restore_params(workdir.checkpoints, shapes)
  elif began["model"]["init"]:
    params = jax.device_put(huggingface.load(began["model"]["init"]).params)
  else:
    params = model.init(jax.random.key(began["seed"]))
  return Encoder(model, params, tokenizer)


def _calls(
  ids: list[np.ndarray], row_tokens: int
) -> Iterator[tuple[np.ndarray, batch.Packed, int]]:
  """Packs texts and cuts the rows into calls of one shape.

  Yields:
    members: which texts the call holds.
    packed: their rows, [1, R, L].
    size: how many texts the call is made for, at least `members`.
  """
  lengths = np.array([len(text) for text in ids])
  row, offset, rows = packing.best_fit(lengths, row_tokens)
  # Short work takes few rows; long work the same number each time.
  most = max(ROW_SLOTS // row_tokens, 1)
  per_call = min(most, 1 << (rows - 1).bit_length())
  call = row // per_call
  size = 1 << int(np.bincount(call).max() - 1).bit_length()
  for number in range(-(-rows // per_call)):
    members = np.flatnonzero(call == number)
    packed = packing.fill(
      [ids[text] for text in members],
      np.arange(len(members)),
      row[members] - number * per_call,
      offset[members],
      rows=per_call,
      row_tokens=row_tokens,
    )
    yield members, batch.Packed(*(field[None] for field in packed)), size
