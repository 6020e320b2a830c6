"""Small random models as torch and sentence-transformers write them."""

import json
import pathlib
import shutil
from collections.abc import Mapping
from typing import TypeVar

import sentence_transformers
import torch
import transformers
from sentence_transformers.base import modules as base_modules
from sentence_transformers.sentence_transformer import modules

from data import tokens
from tests.embeddings.encoders import families

WIDTH = 24

Dense = modules.Dense

Model = TypeVar("Model", bound=transformers.PreTrainedModel)


def bert(
  folder: pathlib.Path, tokenizer: pathlib.Path, **settings: object
) -> transformers.BertModel:
  """Writes a BertModel and its tokenizer as transformers does."""
  torch.manual_seed(0)
  config = _small(tokenizer, **settings)
  return _write(transformers.BertModel(config), folder, tokenizer)


def cross_encoder(folder: pathlib.Path, tokenizer: pathlib.Path) -> None:
  """Writes a small cross-encoder and its tokenizer as transformers does."""
  torch.manual_seed(0)
  model = transformers.BertForSequenceClassification(
    _small(tokenizer, num_labels=1)
  )
  _write(model, folder, tokenizer)


def _small(
  tokenizer: pathlib.Path, **settings: object
) -> transformers.BertConfig:
  """A config of two layers, for a tokenizer's tokens."""
  return transformers.BertConfig(
    vocab_size=tokens.Tokenizer(tokenizer, max_length=8).vocab_size,
    hidden_size=WIDTH,
    num_hidden_layers=2,
    num_attention_heads=4,
    intermediate_size=40,
    max_position_embeddings=64,
    **settings,
  )


def _write(
  model: Model, folder: pathlib.Path, tokenizer: pathlib.Path
) -> Model:
  """Writes a model whose weights are far from where they begin."""
  model.eval()
  for weight in model.parameters():
    weight.data += 0.2 * torch.randn(weight.shape)
  model.save_pretrained(folder)
  for path in tokenizer.iterdir():
    shutil.copy(path, folder / path.name)
  return model


def family(folder: pathlib.Path, tokenizer: pathlib.Path, name: str) -> None:
  """Writes a model of a family and a tokenizer with the family's padding."""
  vocabulary = tokens.Tokenizer(tokenizer, max_length=8).vocab_size
  model = families.make(name, 2, vocab_size=vocabulary).torch
  model.save_pretrained(folder)
  for path in tokenizer.iterdir():
    shutil.copy(path, folder / path.name)
  if model.config.pad_token_id == 1:  # [PAD] and [UNK] change places
    path = folder / tokens.FILE
    content = json.loads(path.read_text(encoding="utf-8"))
    places = {"[PAD]": 1, "[UNK]": 0}
    content["model"]["vocab"].update(places)
    for token in content["added_tokens"]:
      token["id"] = places.get(token["content"], token["id"])
    write_json(path, content)
    (folder / "vocab.txt").unlink(missing_ok=True)


def parts(
  encoder: pathlib.Path,
  *,
  pooling: str = "mean",
  dense: Dense | None = None,
  normalise: bool = True,
) -> list[torch.nn.Module]:
  """The modules of one tower; those that are new have random weights."""
  found = [modules.Transformer(str(encoder)), modules.Pooling(WIDTH, pooling)]
  found += [dense] if dense else []
  return found + ([modules.Normalize()] if normalise else [])


def router(
  folder: pathlib.Path,
  query: list[torch.nn.Module],
  document: list[torch.nn.Module],
) -> sentence_transformers.SentenceTransformer:
  """Writes two towers as sentence-transformers 6 does, and gives them."""
  both = base_modules.Router.for_query_document(
    query_modules=query, document_modules=document
  )
  model = sentence_transformers.SentenceTransformer(
    modules=[both], device="cpu"
  )
  model.save(str(folder), create_model_card=False)
  return model


def sentence_transformer(
  folder: pathlib.Path,
  encoder: pathlib.Path,
  *,
  pooling: str = "mean",
  dense: Dense | None = None,
  normalise: bool = True,
  max_length: int | None = None,
  prompts: Mapping[str, str] | None = None,
  default_prompt: str | None = None,
  similarity: str | None = None,
) -> sentence_transformers.SentenceTransformer:
  """Writes a model folder as sentence-transformers 6 does, and gives it."""
  model = sentence_transformers.SentenceTransformer(
    modules=parts(encoder, pooling=pooling, dense=dense, normalise=normalise),
    device="cpu",
    prompts=dict(prompts or {}),
    default_prompt_name=default_prompt,
    similarity_fn_name=similarity,
  )
  if max_length:
    model.max_seq_length = max_length
  model.save(str(folder), create_model_card=False)
  return model


def classic(
  folder: pathlib.Path,
  encoder: pathlib.Path,
  *,
  pooling: str = "mean",
  normalise: bool = True,
  max_length: int | None = None,
) -> None:
  """Writes the same model as sentence-transformers 2 did, by hand."""
  shutil.copytree(encoder, folder)
  kinds = ["Transformer", "Pooling", "Normalize"][: 3 if normalise else 2]
  listed = [
    {
      "idx": i,
      "name": str(i),
      "path": f"{i}_{kind}" if i else "",
      "type": f"sentence_transformers.models.{kind}",
    }
    for i, kind in enumerate(kinds)
  ]
  write_json(folder / "modules.json", listed)
  flags = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens")
  write_json(
    folder / "1_Pooling" / "config.json",
    {
      "word_embedding_dimension": WIDTH,
      **{
        f"pooling_mode_{flag}": flag.startswith(pooling) and "sqrt" not in flag
        for flag in flags
      },
    },
  )
  write_json(
    folder / "sentence_bert_config.json",
    {"max_seq_length": max_length, "do_lower_case": False},
  )


def write_json(path: pathlib.Path, content: object) -> None:
  """Writes a JSON file, its folder too."""
  path.parent.mkdir(exist_ok=True)
  path.write_text(json.dumps(content), encoding="utf-8")


def change_json(path: pathlib.Path, **changes: object) -> None:
  """Sets keys of a JSON file; one that is set to None goes."""
  content = {**json.loads(path.read_text(encoding="utf-8")), **changes}
  kept = {key: value for key, value in content.items() if value is not None}
  path.write_text(json.dumps(kept), encoding="utf-8")
