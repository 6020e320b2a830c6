"""Models to start from, whatever they are: workdirs, folders, hub ids."""

import pathlib

import jax

from data import atomic
from data import program
from embeddings import checkpoint
from embeddings import description
from embeddings import huggingface
from embeddings import mirror
from embeddings import towers
from embeddings import workdir as workdir_lib


def load(name: str) -> description.Pretrained:
  """A model out of a workdir, a model folder or a hub id.

  Args:
    name: the folder or id; of a run, its newest checkpoint counts. Two of them
      with a comma between become the query and the document tower, and so do
      the folders that an export made of two towers.

  Raises:
    program.BadInput: if there is no such model, or it has no weights.
  """
  folders = [pathlib.Path(name) / side for side in towers.SIDES]
  if all((folder / "modules.json").exists() for folder in folders):
    name = ",".join(str(folder) for folder in folders)
  if "," in name:
    query, document = name.split(",", 1)
    return _two(load(query), load(document), name)
  workdir = workdir_lib.Workdir(name)
  if not workdir.has_model:
    if mirror.is_remote(name):
      raise program.BadInput(
        f"{name} has no model.json and is not the workdir of a run; other "
        "models are read on this machine: copy it here, and name the copy"
      )
    return huggingface.load(name)
  about = workdir.model()
  shapes = jax.eval_shape(towers.Model(about.config).init, jax.random.key(0))
  params, _ = checkpoint.restore_params(workdir.checkpoints, shapes)
  return description.Pretrained(about, params)


def keep(
  found: description.Pretrained, folder: pathlib.Path, command: str = ""
) -> None:
  """Writes a model as a folder that `load` reads; whole or not at all.

  Args:
    found: the model.
    folder: the place; a model that was kept there before is replaced.
    command: that was given, for the model card.

  Raises:
    program.BadInput: if there is something else.
  """
  there = workdir_lib.Workdir(folder)
  former = there.has_model and not there.begun
  if folder.exists() and not former and not _is_empty(folder):
    raise program.BadInput(
      f"{folder} exists and holds no model that was imported; give another "
      "folder"
    )
  with atomic.folder(folder) as partial:
    workdir = workdir_lib.Workdir(partial)
    workdir.keep(found.description, command)
    checkpoint.save_params(workdir.checkpoints, found.params)


def fit(
  found: description.Pretrained, config: towers.ModelConfig
) -> description.Pretrained:
  """What a model of `config` takes over from one that was found.

  Args:
    found: the model to start from.
    config: of the model that starts; its encoder is that of `found`.

  Returns:
    The description of the model, and its parameters but for those that are
    new: one tower serves as both of two, and another projection is left.

  Raises:
    program.BadInput: if one tower is wanted and there are two.
  """
  about, params = found
  carried = dict(about.carried)
  before = about.config
  if config.projection != before.projection:
    new = {f"{side}/projection".strip("/") for side in before.sides}
    params = {k: v for k, v in params.items() if k not in new}
  if (before.towers, config.towers) == ("two", "shared"):
    raise program.BadInput(
      "config.model.towers is 'shared' and config.model.init has two towers; "
      "wanted 'two', or the folder of one of them"
    )
  if (before.towers, config.towers) == ("shared", "two"):
    params = towers.join(dict.fromkeys(towers.SIDES, params))
    carried = dict.fromkeys(towers.SIDES, carried[""]) if carried else {}
  return description.Pretrained(
    about.replace(config=config, carried=carried), params
  )


def _is_empty(folder: pathlib.Path) -> bool:
  """Whether it is a folder with nothing in it."""
  return folder.is_dir() and not any(folder.iterdir())


def _two(
  query: description.Pretrained, document: description.Pretrained, name: str
) -> description.Pretrained:
  """One model with a tower of each of two, which must be alike."""
  about, other = query.description, document.description
  if about.config != other.config or about.config.towers == "two":
    raise program.BadInput(
      f"{name} names models of two kinds, {about.config} and {other.config}; "
      "wanted two with one tower each that differ in their weights alone"
    )
  huggingface.check_tokenizers([about.tokenizer, other.tokenizer], name)
  pair = dict(zip(towers.SIDES, (query, document), strict=True))
  of_documents = {k: v for k, v in other.prompts.items() if k != "query"}
  return description.Pretrained(
    about.replace(
      config=about.config.replace(towers="two"),
      max_length=max(about.max_length, other.max_length),
      prompts={**about.prompts, **of_documents},
      carried={side: m.description.carried[""] for side, m in pair.items()},
    ),
    towers.join({side: found.params for side, found in pair.items()}),
  )
