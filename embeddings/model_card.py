"""The README.md of an exported model: what it is and how it came to be."""

from typing import Any

from embeddings import towers
from embeddings import workdir as workdir_lib

_CARD = """\
---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags:
- sentence-transformers
- sentence-similarity
- feature-extraction
- gigapair
---

# A sentence-embedding model trained with Gigapair

It maps a text of at most {max_length} tokens to {width} numbers; texts that
belong together have a large {similarity}.

## Use

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("FOLDER_OR_ID")
vectors = model.encode(["a question in words", "a text that may answer it"])
print(vectors[0] @ vectors[1])
```

## Model

{model}

## Training data

{data}

## Hyper-parameters

{settings}

Exported from step {step:,}. Each pair's documents are told from those of the
other pairs in its batch; texts that are equal are never negatives.

## Results

{results}
"""


def render(
  workdir: workdir_lib.Workdir,
  config: towers.ModelConfig,
  *,
  step: int,
  results: dict[str, float] | None,
) -> str:
  """The model card of a run.

  Args:
    workdir: of the run.
    config: of its model.
    step: that is exported.
    results: of evaluations; None for the run's last.

  Returns:
    Markdown with the front matter that the hub reads.
  """
  if results is None:
    lines = workdir.results("evals.jsonl")
    results = {k: v for k, v in (lines or [{}])[-1].items() if k != "step"}
  similarity = "dot product (they have length 1)"
  return _CARD.format(
    max_length=workdir.model()[1],
    width=config.encoder.width,
    similarity=similarity if config.normalise else "dot product",
    model=_model_table(config),
    data=_data_table(workdir.fingerprint()["data"]),
    settings=_settings_table(workdir.config()),
    step=step,
    results=_table(
      ("measure", "value"),
      [(name, _number(value)) for name, value in results.items()],
    )
    if results
    else "None were measured.",
  )


def _model_table(config: towers.ModelConfig) -> str:
  """The encoder's shape and what follows it."""
  encoder = config.encoder
  return _table(
    ("part", "value"),
    [
      ("family", encoder.family),
      (
        "layers, width, heads, MLP",
        f"{encoder.layers}, {encoder.width}, "
        f"{encoder.heads}, {encoder.mlp_width}",
      ),
      ("vocabulary", f"{encoder.vocab_size:,}"),
      ("pooling", config.pooling),
      ("normalised", "yes" if config.normalise else "no"),
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
