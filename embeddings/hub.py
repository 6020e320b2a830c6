"""The Hugging Face hub: models that come from it, and models that go there.

    folder = hub.download("sentence-transformers/all-MiniLM-L6-v2")
    url = hub.push(folder, "me/mine")

Both go through huggingface_hub: its cache, its token, and what its environment
says (HF_HOME, HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE, HF_HUB_DISABLE_XET).
"""

import functools
import pathlib

import huggingface_hub
from huggingface_hub import utils

from data import hub_errors
from data import program

# What a model is read from, and folders that hold it for other libraries.
_FILES = ["*.json", "*.txt", "*.model", "*.safetensors"]
_OTHERS = ["onnx/*", "openvino/*"]


def download(name: str) -> pathlib.Path:
  """The folder of a model on the hub, in the cache; downloaded if it is new.

  Args:
    name: the model's id; what of it is cached serves where the hub does not
      answer.

  Raises:
    program.BadInput: if there is no such model, or it has no safetensors.
  """
  try:
    folder = pathlib.Path(_snapshot(name))
  except hub_errors.ERRORS as error:
    raise program.BadInput(
      f"{name!r} is neither a folder nor a model that the hub gives "
      f"({hub_errors.reason(error)}); give a folder or check the id"
    ) from error
  if not any(folder.rglob("*.safetensors")):
    raise program.BadInput(
      f"{name} has no safetensors on the hub; load it with the library that "
      "wrote it, save it to a folder, which writes some, and give that"
    )
  return folder


def check(name: str) -> None:
  """Raises BadInput where nothing can be pushed to `name`, as far as is known.

  Args:
    name: the id of the model, ORG/NAME.
  """
  try:
    utils.validate_repo_id(name)
  except ValueError as error:
    raise program.BadInput(f"--push_to={name} is no id: {error}") from error
  if name.count("/") != 1:
    raise program.BadInput(f"--push_to={name} is no id; wanted ORG/NAME")
  if not huggingface_hub.get_token():
    raise program.BadInput(
      "there is no token for the hub; run `hf auth login`, or set HF_TOKEN to "
      "one that may write"
    )


def push(folder: pathlib.Path, name: str, *, private: bool = False) -> str:
  """Uploads a model; files of the hub's that are not in it stay there.

  Args:
    folder: of the model.
    name: its id, ORG/NAME; a model that is new is created.
    private: whether one that is new is for its owners alone.

  Returns:
    The model's page.

  Raises:
    program.BadInput: if the hub does not take it.
  """
  try:
    url = huggingface_hub.create_repo(
      name, private=private or None, exist_ok=True
    )
    huggingface_hub.upload_folder(
      repo_id=name,
      folder_path=folder,
      commit_message="Exported by Gigapair",
    )
  except hub_errors.ERRORS as error:
    raise program.BadInput(
      f"{folder} is written and the hub did not take it as {name} "
      f"({hub_errors.reason(error)}); check the connection and that your "
      f"token may write to {name.partition('/')[0]}, and run the same command "
      "again"
    ) from error
  return str(url)


def _snapshot(name: str) -> str:
  """The folder of a model; the cached one if the connection breaks."""
  snapshot = functools.partial(
    huggingface_hub.snapshot_download,
    name,
    allow_patterns=_FILES,
    ignore_patterns=_OTHERS,
  )
  try:
    return str(snapshot())
  except hub_errors.HTTP_ERROR as error:
    if isinstance(error, OSError):  # the hub's own answer, and it did look
      raise
    return str(snapshot(local_files_only=True))
