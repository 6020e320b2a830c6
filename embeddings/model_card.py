"""The README.md of an exported model: what it is and how it came to be."""

from typing import Any, NamedTuple

from embeddings import towers
from embeddings import workdir as workdir_lib

_CARD = """\
---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
{licence}tags:
- sentence-transformers
- sentence-similarity
- feature-extraction
- gigapair
---

# A sentence-embedding model {how} with Gigapair

It maps a text of at most {max_length} tokens to {width} numbers; texts that
belong together have a large {similarity}.

## Use

```python
from sentence_transformers import SentenceTransformer

{usage}
```

## Model

{model}

{training}"""

_ONE_MODEL = """\
model = SentenceTransformer("{name}")
queries = model.encode_query(["a question in words"])
documents = model.encode_document(["a text that may answer it"])
print(model.similarity(queries, documents))"""

_TWO_MODELS = """\
query_tower = SentenceTransformer("{name}/query")
document_tower = SentenceTransformer("{name}/document")
queries = query_tower.encode_query(["a question in words"])
documents = document_tower.encode_document(["a text that may answer it"])
print(query_tower.similarity(queries, documents))"""

_TRAINING = """\
## Training data

{data}

## Hyper-parameters

{settings}

Exported from step {step:,}. Each pair's documents are told from those of the
other pairs in its batch; texts that are equal are never negatives.

    {command}

## Results

{results}
"""

_IMPORTED = """\
## Origin

Imported by Gigapair, and not trained by it:

    {command}

## Results

{results}
"""


class Extras(NamedTuple):
  """What a card says beside what the run knows."""

  results: dict[str, float] | None = None  # of evaluations; None: the run's
  licence: str = ""  # an identifier that the hub knows, "" for none
  name: str = "FOLDER_OR_ID"  # where the model will be found


NOTHING_MORE = Extras()


def render(
  workdir: workdir_lib.Workdir,
  *,
  step: int,
  layout: str = "router",
  extras: Extras = NOTHING_MORE,
) -> str:
  """The model card of a run, or of a model that was imported.

  Args:
    workdir: of the run.
    step: that is exported.
    layout: "folders" where each of two towers is a model of its own.
    extras: what the run does not know.

  Returns:
    Markdown with the front matter that the hub reads.
  """
  about = workdir.model()
  usage = _TWO_MODELS if layout == "folders" else _ONE_MODEL
  licence = extras.licence
  return _CARD.format(
    licence=f"license: {licence}\n" if licence else "",
    how="trained" if workdir.begun else "imported",
    usage=usage.format(name=extras.name),
    max_length=about.max_length,
    width=about.config.width,
    similarity={"cosine": "cosine similarity", "dot": "dot product"}[
      about.config.similarity
    ],
    model=_model_table(about.config),
    training=_training(workdir, step, extras.results)
    if workdir.begun
    else _imported(workdir, extras.results),
  )


def _training(
  workdir: workdir_lib.Workdir, step: int, results: dict[str, float] | None
) -> str:
  """On what, how and how well the model was trained."""
  if results is None:
    lines = workdir.results("evals.jsonl")
    results = {k: v for k, v in (lines or [{}])[-1].items() if k != "step"}
  return _TRAINING.format(
    data=_data_table(workdir.fingerprint()["data"]),
    settings=_settings_table(workdir.config()),
    step=step,
    command=workdir.command(),
    results=_results_table(results),
  )


def _imported(
  workdir: workdir_lib.Workdir, results: dict[str, float] | None
) -> str:
  """Where a model came from that was not trained here."""
  return _IMPORTED.format(
    command=workdir.command() or "The command is not known.",
    results=_results_table(results or {}),
  )


def _results_table(results: dict[str, float]) -> str:
  """A line a measure."""
  if not results:
    return "None were measured."
  return _table(
    ("measure", "value"),
    [(name, _number(value)) for name, value in results.items()],
  )


def _model_table(config: towers.ModelConfig) -> str:
  """The encoder's shape and what follows it."""
  encoder, projection = config.encoder, config.projection
  return _table(
    ("part", "value"),
    [
      ("family", encoder.family),
      ("towers", config.towers),
      (
        "layers, width, heads, MLP",
        f"{encoder.layers}, {encoder.width}, "
        f"{encoder.heads}, {encoder.mlp_width}",
      ),
      ("vocabulary", f"{encoder.vocab_size:,}"),
      ("pooling", config.pooling),
      (
        "projection",
        f"{projection.width}, {projection.activation}"
        if projection
        else "none",
      ),
      ("numbers kept", str(config.truncate or "all")),
      ("normalised", "yes" if config.normalise else "no"),
      ("similarity", config.similarity),
    ],
  )


def _data_table(data: dict[str, Any]) -> str:
  """A line a data set."""
  rows = [
    (
      name,
      f"{about['records']:,}",
      str(about["weight"]),
      about["source"] or "not stated",
      about["licence"] or "not stated",
    )
    for name, about in data.items()
  ]
  return _table(("data set", "records", "weight", "source", "licence"), rows)


def _settings_table(config: dict[str, Any]) -> str:
  """The parts of the config that say how the parameters moved."""
  rows = [
    (f"{part}.{key}", str(value))
    for part in ("loss", "optim", "batch")
    for key, value in config[part].items()
  ]
  rows += [
    ("data.datasets_per_batch", str(config["data"]["datasets_per_batch"])),
    ("model.init", config["model"]["init"] or "from scratch"),
    ("seed", str(config["seed"])),
  ]
  return _table(("setting", "value"), rows)


def _number(value: float) -> str:
  """A count as it is, a measure with four places."""
  return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
  """A Markdown table."""
  lines = [head, tuple("---" for _ in head), *rows]
  return "\n".join(
    "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |"
    for line in lines
  )
