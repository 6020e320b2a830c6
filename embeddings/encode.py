"""Texts to vectors, by a model in a folder.

    from embeddings import encode
    encoder = encode.load("runs/quickstart/model")
    vectors = encoder.encode(["how to read a file"])  # [1, E]

`load` takes the workdir of a run, a sentence-transformers or Hugging Face
folder, or a hub id. Texts are packed into rows of few shapes, so that there are
few compilations and hardly any padding (calls.py). Given a mesh, its devices
share each call; where it spans several hosts, or the parameters do, all hosts
encode the same texts together, and each has all vectors. However many texts
there are, a stretch of them is cut into tokens at a time, while the devices
work on the one before.
"""

import collections
import functools
from collections.abc import Iterator, Sequence
from concurrent import futures
from typing import Any

import jax
from jax.sharding import Mesh
import numpy as np

from data import program
from data import tokens
from embeddings import calls
from embeddings import description
from embeddings import partition
from embeddings import pretrained
from embeddings import towers
from embeddings import workdir as workdir_lib

STRETCH = 16_384  # texts that are packed together
_AT_ONCE = 1_024  # texts that the tokenizer is given, for it returns much
_AHEAD = 2  # calls that devices have, so that they wait for none


class Encoder:
  """A model that is ready to encode texts.

  Args:
    model: the model.
    params: its parameters; set them before encoding if they are None.
    tokenizer: cuts texts at the longest that the model takes.
    prompts: texts by name that may be put before each text.
    default_prompt: the name of the one that is, unless told; "" for none.
    mesh: the devices that share the work, on which the parameters are, and
      which the model knows of; None for those of the parameters, each of which
      does all of it.
  """

  def __init__(
    self,
    model: towers.Model,
    params: towers.Params | None,
    tokenizer: tokens.Tokenizer,
    prompts: dict[str, str] | None = None,
    default_prompt: str = "",
    mesh: Mesh | None = None,
  ):
    self.model, self.params, self.mesh = model, params, mesh
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
      program.BadInput: if there is no such prompt or side, `texts` is one, or
        one of them is no text.
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
    vectors = np.zeros((len(texts), self.width), np.float32)
    at_work: collections.deque[tuple[np.ndarray, jax.Array]]
    at_work = collections.deque()
    for call in self._calls(texts, before):
      at_work.append((call.members, self.embed(call, side or towers.SIDES[-1])))
      if len(at_work) > _AHEAD:
        _put(vectors, *at_work.popleft())
    for members, found in at_work:
      _put(vectors, members, found)
    return vectors

  def _calls(self, texts: Sequence[str], before: str) -> Iterator[calls.Call]:
    """All calls, a stretch of texts after the other."""
    shards = partition.batch_shards(self.mesh) if self.mesh else 1
    for first, ids, lengths in self._tokenised(texts, before):
      longest = self.tokenizer.max_length
      for call in calls.pack(ids, lengths, longest=longest, shards=shards):
        there = call.members >= 0
        yield call._replace(members=np.where(there, call.members + first, -1))

  def _tokenised(
    self, texts: Sequence[str], before: str
  ) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Stretches: the first text's number, ids end to end, and lengths.

    A thread cuts the next while the devices work.
    """

    def cut(first: int) -> tuple[int, np.ndarray, np.ndarray]:
      end = min(first + STRETCH, len(texts))
      parts = [
        self._flat(texts[at : min(at + _AT_ONCE, end)], before)
        for at in range(first, end, _AT_ONCE)
      ]
      ids, lengths = zip(*parts, strict=True)
      return first, np.concatenate(ids), np.concatenate(lengths)

    with futures.ThreadPoolExecutor(1) as ahead:
      following = ahead.submit(cut, 0)
      for first in range(STRETCH, len(texts), STRETCH):
        ready = following.result()
        following = ahead.submit(cut, first)
        yield ready
      yield following.result()

  def _flat(
    self, texts: Sequence[str], before: str
  ) -> tuple[np.ndarray, np.ndarray]:
    """Ids of some texts end to end, and their lengths."""
    try:
      return self.tokenizer.encode_flat([before + text for text in texts])
    except TypeError as error:  # No string, or one with half a surrogate pair.
      bad = next((text for text in texts if not _is_text(text)), None)
      raise program.BadInput(
        f"{bad!r:.60} is no text that can be written as UTF-8; mend or leave "
        "out such texts"
      ) from error

  def embed(
    self, call: calls.Call, side: str
  ) -> jax.Array:  # float32 [G, T, E]
    """The vectors of one call, whole on every host; does not wait for them."""
    function, given = self._prepared(call, side)
    return function(*given)

  def compiled(self, call: calls.Call, side: str) -> jax.stages.Compiled:
    """What `embed` runs for a call of this shape, to be looked into."""
    function, given = self._prepared(call, side)
    return function.lower(*given).compile()

  def _prepared(
    self, call: calls.Call, side: str
  ) -> tuple[jax.stages.Wrapped, tuple[Any, ...]]:
    """The function that makes a call's vectors, and what it takes."""
    given = jax.tree.leaves(self.params)
    packed, whole = call.packed, None
    if self.mesh:
      here = partition.shards_here(self.mesh, len(call.members))
      mine = type(packed)(*(field[here] for field in packed))
      packed = partition.put_shards(mine, self.mesh, len(call.members))
      whole = partition.replicated(self.mesh)
    # Parameters that are spread over hosts would leave the vectors so.
    elif not all(getattr(x, "is_fully_addressable", True) for x in given):
      whole = partition.replicated(given[0].sharding.mesh)
    return self._jit(whole), (self.params, packed, call.size, None, side)

  def comparable(
    self, texts: Sequence[str], side: str = ""
  ) -> np.ndarray:  # float32 [N, E]
    """Vectors whose dot product is the model's similarity; see `encode`."""
    vectors = self.encode(texts, side=side)
    config = self.model.config
    if config.similarity == "cosine" and not config.normalise:
      vectors /= np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)
    return vectors


def load(
  name: str, *, untrained: bool = False, mesh: Mesh | None = None
) -> Encoder:
  """An encoder out of a run's workdir, a model folder or a hub id.

  Args:
    name: the folder or id.
    untrained: of a workdir, take the parameters that the run began with.
    mesh: the devices that share the work, each with all parameters; the first
      device alone if None. `partition.make_mesh(devices=jax.local_devices())`
      takes all of this machine.

  Raises:
    program.BadInput: if there is no such model, or it has no weights, or only
      a workdir knows what was asked for.
  """
  if untrained:
    return _first(workdir_lib.Workdir(name), mesh)
  found = pretrained.load(name)
  return make(found.description, _placed(found.params, mesh), mesh)


def make(
  about: description.Description,
  params: towers.Params | None,
  mesh: Mesh | None = None,
) -> Encoder:
  """An encoder out of a model.

  Args:
    about: the model.
    params: its parameters, on the mesh if there is one, cut up or whole; they
      may be set later.
    mesh: the devices that share the work; see `Encoder`.
  """
  return Encoder(
    towers.Model(about.config, mesh),
    params,
    tokens.Tokenizer(about.tokenizer, max_length=about.max_length),
    dict(about.prompts),
    about.default_prompt,
    mesh,
  )


def _first(workdir: workdir_lib.Workdir, mesh: Mesh | None) -> Encoder:
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
    params = {**params, **pretrained.fit(found, about.config).params}
  return make(about, _placed(params, mesh), mesh)


def _placed(params: towers.Params, mesh: Mesh | None) -> towers.Params:
  """Parameters on all devices of a mesh, or on the first device."""
  return jax.device_put(params, mesh and partition.replicated(mesh))


def _put(vectors: np.ndarray, members: np.ndarray, found: jax.Array) -> None:
  """Waits for the vectors of a call, and writes them where they belong."""
  there = members >= 0
  vectors[members[there]] = np.asarray(found)[there]


def _is_text(text: object) -> bool:
  """Whether this is a string that can be written as UTF-8."""
  try:
    return isinstance(text, str) and text.encode() is not None
  except UnicodeEncodeError:
    return False
