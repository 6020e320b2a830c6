"""The input that a config describes: its mixture, and what gives its tokens."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
from jax.sharding import Mesh

from data import faults
from data import fingerprint
from data import gather
from data import layout as layout_lib
from data import loader
from data import mixture as mixture_lib
from data import options
from data import program
from data import tokens
from data import vectors as vectors_lib
from embeddings import description
from embeddings import partition
from embeddings import towers

Config = Any  # a ConfigDict, whose fields are known at run time only


def with_prompts(
  about: description.Description, prompts: Config
) -> description.Description:
  """The model with the prompts that a config gives, which it is trained with.

  Args:
    about: as it was found.
    prompts: by side; None for the model's own.
  """
  given = {side: prompts[side] for side in towers.SIDES}
  chosen = {side: text for side, text in given.items() if text is not None}
  others = {
    name
    for side in chosen
    for name in description.SIDE_PROMPTS[side]
    if name in about.prompts
  }
  kept = {k: v for k, v in about.prompts.items() if k not in others}
  return about.replace(prompts={**kept, **chosen})


def open_mixture(
  config: Config, about: description.Description
) -> mixture_lib.Mixture:
  """The mixture of a run.

  Args:
    config: `data` of a config.
    about: the model, which brings the prompts.

  Raises:
    program.BadInput: names the data set, the value and the remedy.
  """
  settings = config.to_dict()
  settings["prompts"] = {side: about.prompt(side) for side in towers.SIDES}
  return mixture_lib.open_mixture(
    config.train,
    root=config.root,
    temperature=config.temperature,
    defaults=options.of_settings(settings),
  )


class Input:
  """What a run reads.

  Args:
    config: of the run.
    mixture: its open data sets.
    about: the model, which brings the tokenizer.
    layout: of the batches, but for shapes that are chosen by the data.
    mesh: the devices, which say what this host fills.
    objective: the number of each data set's losses.
    vectors: a teacher's, of each data set; empty for none.

  Attributes:
    mixture: as given.
    layout: with its shapes.
    fingerprint: what identifies it; see data/fingerprint.py.
    cached: whether tokens come from caches; else texts are cut as they are
      read.

  Raises:
    program.BadInput: names the key, the value and the remedy.
  """

  def __init__(
    self,
    config: Config,
    mixture: mixture_lib.Mixture,
    about: description.Description,
    layout: layout_lib.Layout,
    mesh: Mesh,
    objective: Sequence[int],
    vectors: Sequence[vectors_lib.Vectors | None] = (),
  ):
    self._config, self.layout, self.mixture = config, layout, mixture
    self._objective = objective
    self._shards = partition.shards_here(mesh, layout.pack_shards)
    tokenizer = tokens.Tokenizer(about.tokenizer, max_length=about.max_length)
    self.fingerprint = fingerprint.of(self.mixture, tokenizer)
    if any(vectors):
      self.fingerprint["teacher"] = [
        found and _without_name(found.contents.about) for found in vectors
      ]
    self._faults = faults.Faults(
      config.input.on_bad_record, config.input.max_bad_records
    )
    self._source = gather.open_source(
      config.input.tokens,
      self.mixture,
      tokenizer,
      layout.columns,
      self._faults,
      vectors or None,
    )
    self.cached = isinstance(self._source, gather.Caches)
    if jax.process_count() > 1 and not self.cached:
      raise program.BadInput(
        f"{jax.process_count()} hosts would each read and cut all texts; write "
        "the tokens first, with `python -m data.pretokenize`"
      )
    batches = self.batches()  # A schedule that cannot be is named at once.
    if not layout.ladder:
      self.layout = batches.choose_shapes(config.batch.shapes)

  @property
  def skipped(self) -> int | None:
    """Bad records met so far; None where worker processes count them."""
    return None if self._config.input.workers else self._faults.met

  def batches(self, since: int = 0) -> loader.Batches:
    """The batches, this mixture's first being that of step `since`."""
    config = self._config
    return loader.Batches(
      self.mixture,
      self._source,
      self.layout,
      datasets_per_batch=config.data.datasets_per_batch,
      seed=config.seed,
      steps=config.optim.steps,
      since=since,
      run_length=config.data.run_length,
      shards=self._shards,
      objective=self._objective,
    )


def _without_name(about: vectors_lib.About) -> dict[str, Any]:
  """What vectors depend on; a teacher that was moved is the same teacher."""
  content = dataclasses.asdict(about)
  del content["teacher"]
  return content
