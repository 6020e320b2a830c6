"""Texts to vectors, by a model in a folder.

    from embeddings import encode
    encoder = encode.load("runs/quickstart/model")
    vectors = encoder.encode(["how to read a file"])  # [1, E]

`load` takes the workdir of a run, a sentence-transformers or Hugging Face
folder, or a hub id. Texts are packed into rows of few shapes, so that there are
few compilations and hardly any padding. Where the parameters are spread over
several hosts, all of them encode the same texts together, and each has all
vectors.
"""

import functools
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from data import batch
from data import packing
from data import program
from data import tokens
from embeddings import description
from embeddings import partition
from embeddings import pretrained
from embeddings import towers
from embeddings import workdir as workdir_lib

ROW_SLOTS = 8_192  # tokens of one call to the device, padding included
ROW_TOKENS = 128  # of a row of short texts


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
    # By where the vectors are to be; None leaves that to JAX.
    self._jit = functools.cache(
      lambda out: jax.jit(model.embed, static_argnums=(2, 4), out_shardings=out)
    )

  @property
  def width(self) -> int:
    """E, numbers in a vector."""
    return self.model.config.width

  def encode(
    self,
    texts: Sequence[str],
    prompt: str | None = None,
    *,
    side: str = "",
  ) -> np.ndarray:  # float32 [N, E]
    """The vectors of texts.

    Args:
      texts: N texts.
      prompt: the name of a prompt of the model, "" for none, or None for the
        side's, if the model has one, or its default, which hardly any has.
      side: "query" or "document" where that makes a difference: in a model with
        two towers, whose document tower serves what is neither, and in one
        with prompts for them.

    Returns:
      float32 [N, E], in the order of the texts.

    Raises:
      program.BadInput: if there is no such prompt or side, or `texts` is one.
    """
    if isinstance(texts, str):  # whose letters would be the texts
      raise program.BadInput(
        f"{texts[:40]!r} is one text; wanted a list of texts"
      )
    if side not in ("", *towers.SIDES):
      raise program.BadInput(
        f"there is no side {side!r}; wanted one of {', '.join(towers.SIDES)}"
      )
    if prompt is None:
      prompt = description.prompt_name(self.prompts, self.default_prompt, side)
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
      found = self._embed(packed, size, side or towers.SIDES[-1])
      vectors[members] = found[0, : len(members)]
    return vectors

  def _embed(
    self, packed: batch.Packed, size: int, side: str
  ) -> np.ndarray:  # float32 [1, T, E]
    """The vectors of one call, whole on every host."""
    given = jax.tree.leaves(self.params)
    # Parameters that are spread over hosts would leave the vectors so.
    spread = not all(getattr(x, "is_fully_addressable", True) for x in given)
    whole = partition.replicated(given[0].sharding.mesh) if spread else None
    found = self._jit(whole)(self.params, packed, size, None, side)
    return np.asarray(found)

  def comparable(
    self, texts: Sequence[str], side: str = ""
  ) -> np.ndarray:  # float32 [N, E]
    """Vectors whose dot product is the model's similarity; see `encode`."""
    vectors = self.encode(texts, side=side)
    config = self.model.config
    if config.similarity == "cosine" and not config.normalise:
      vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)
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
  if untrained:
    return _first(workdir_lib.Workdir(name))
  found = pretrained.load(name)
  return make(found.description, jax.device_put(found.params))


def make(
  about: description.Description, params: towers.Params | None
) -> Encoder:
  """An encoder out of a model; its parameters may be set later."""
  return Encoder(
    towers.Model(about.config),
    params,
    tokens.Tokenizer(about.tokenizer, max_length=about.max_length),
    dict(about.prompts),
    about.default_prompt,
  )


def _first(workdir: workdir_lib.Workdir) -> Encoder:
  """An encoder with the parameters that a run began with."""
  if not workdir.begun:
    raise program.BadInput(
      f"{workdir.place} is not the workdir of a run, which alone knows what "
      "its model was before; give the --workdir of python -m launch.train"
    )
  about, began = workdir.model(), workdir.config()
  params = towers.Model(about.config).init(jax.random.key(began["seed"]))
  if began["model"]["init"]:
    found = pretrained.load(began["model"]["init"])
    kept = jax.device_put(pretrained.fit(found, about.config).params)
    params = {**params, **kept}
  return make(about, params)


def _calls(
  ids: list[np.ndarray], longest: int
) -> Iterator[tuple[np.ndarray, batch.Packed, int]]:
  """Packs texts and cuts the rows into calls of few shapes.

  Rows are as long as the texts in them want, in powers of two from ROW_TOKENS
  on, since attention costs a row's length a token.

  Args:
    ids: the texts.
    longest: the most tokens that one may have.

  Yields:
    members: which texts the call holds.
    packed: their rows, [1, R, L].
    size: how many texts the call is made for, at least `members`.
  """
  lengths = np.array([len(text) for text in ids])
  row_tokens, below = min(ROW_TOKENS, longest), -1
  while below < longest:
    chosen = np.flatnonzero((lengths > below) & (lengths <= row_tokens))
    if len(chosen):
      of_length = _calls_of_length([ids[text] for text in chosen], row_tokens)
      for members, packed, size in of_length:
        yield chosen[members], packed, size
    row_tokens, below = min(2 * row_tokens, longest), row_tokens


def _calls_of_length(
  ids: list[np.ndarray], row_tokens: int
) -> Iterator[tuple[np.ndarray, batch.Packed, int]]:
  """The calls of texts that go into rows of one length; see `_calls`."""
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
      np.concatenate([ids[text] for text in members]),
      lengths[members],
      np.arange(len(members)),
      row[members] - number * per_call,
      offset[members],
      shape=(per_call, row_tokens),
    )
    yield members, batch.Packed(*(field[None] for field in packed)), size
