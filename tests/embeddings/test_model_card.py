"""The card says of what data, how and how well a model was made."""

import json
import re

import huggingface_hub

from embeddings import model_card
from embeddings import pretrained
from embeddings import workdir as workdir_lib
from tests.embeddings import conftest


def section(card, title):
  """The cells of the table under a heading."""
  text = re.search(f"## {title}\n\n(.*?)(?:\n\n|$)", card, re.DOTALL)
  rows = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
    for line in text[1].splitlines()
  ]
  assert rows[1] == ["---"] * len(rows[0])
  assert {len(row) for row in rows} == {len(rows[0])}
  return rows[:1] + rows[2:]


def test_the_card_says_what_the_model_is(make_run):
  run = make_run(steps=())
  evals = [
    {"step": 2, "dev.mrr_at_10": 0.1},
    {"step": 5, "dev.mrr_at_10": 0.25, "dev.ndcg_at_10": 0.375},
  ]
  (run.workdir.path / "evals.jsonl").write_text(
    "".join(json.dumps(line) + "\n" for line in evals)
  )
  card = model_card.render(
    run.workdir, step=1_234, extras=model_card.Extras(licence="apache-2.0")
  )
  front = huggingface_hub.ModelCard(card).data.to_dict()
  assert front["library_name"] == "sentence-transformers"
  assert front["pipeline_tag"] == "sentence-similarity"
  assert "sentence-transformers" in front["tags"]
  assert front["license"] == "apache-2.0"
  assert f"\n    {conftest.COMMAND}\n" in card
  assert 'model = SentenceTransformer("FOLDER_OR_ID")' in card
  assert "at most 24 tokens to 16 numbers" in card
  assert "Exported from step 1,234." in card
  assert section(card, "Training data") == [
    ["data set", "records", "weight", "source", "licence"],
    ["code", "12,345", "3", r"a \| b", "Apache-2.0"],
    ["faq", "67", "1", "not stated", "not stated"],
  ]
  settings = dict(section(card, "Hyper-parameters"))
  assert settings["loss.scale"] == "20.0"
  assert settings["optim.learning_rate"] == "0.0003"
  assert settings["batch.size"] == "16"
  assert settings["model.init"] == "from scratch"
  assert settings["seed"] == "0"
  assert section(card, "Results") == [
    ["measure", "value"],
    ["dev.mrr_at_10", "0.2500"],
    ["dev.ndcg_at_10", "0.3750"],
  ]
  model = dict(section(card, "Model"))
  assert model["layers, width, heads, MLP"] == "2, 16, 2, 32"
  assert (model["pooling"], model["normalised"]) == ("mean", "yes")


def test_results_may_be_given(make_run):
  run = make_run(steps=())
  given = {"test.ndcg_at_10": 0.5, "test.candidates": 1_234}
  for results, shown in (
    (given, "| test.ndcg_at_10 | 0.5000 |\n| test.candidates | 1,234 |"),
    (None, "None were measured."),
    ({}, "None were measured."),
  ):
    extras = model_card.Extras(results)
    card = model_card.render(run.workdir, step=5, extras=extras)
    assert card.split("## Results")[1].strip().endswith(shown)


def test_vectors_that_are_not_normalised_are_said_to_be(make_run):
  run = make_run(
    steps=(), normalise=False, similarity="dot", pooling="cls", truncate=8
  )
  card = model_card.render(run.workdir, step=5)
  model = dict(section(card, "Model"))
  assert (model["pooling"], model["normalised"]) == ("cls", "no")
  assert (model["similarity"], model["numbers kept"]) == ("dot", "8")
  assert "24 tokens to 8 numbers" in card and "large dot product" in card


def test_two_folders_are_two_models(make_run):
  run = make_run(steps=(), towers="two")
  extras = model_card.Extras(name="me/mine")
  for layout, names in (
    ("router", ["me/mine"]),
    ("folders", ["me/mine/query", "me/mine/document"]),
  ):
    card = model_card.render(run.workdir, step=5, layout=layout, extras=extras)
    assert re.findall(r'SentenceTransformer\("(.*)"\)', card) == names
    usage = re.search("```python\n(.*?)```", card, re.DOTALL)[1]
    compile(usage, "README.md", "exec")


def test_an_imported_model_says_where_it_is_from(bert_folder, tmp_path):
  command = "python -m tools.from_huggingface --model=them/bert --out=here"
  found = pretrained.load(str(bert_folder))
  pretrained.keep(found, tmp_path / "kept", command)
  workdir = workdir_lib.Workdir(tmp_path / "kept")
  extras = model_card.Extras({"dev.mrr_at_10": 0.5}, "mit")
  card = model_card.render(workdir, step=0, extras=extras)
  assert f"not trained by it:\n\n    {command}\n" in card
  assert "\n# A sentence-embedding model imported with Gigapair\n" in card
  assert section(card, "Results")[1:] == [["dev.mrr_at_10", "0.5000"]]
  assert huggingface_hub.ModelCard(card).data.to_dict()["license"] == "mit"
  assert "Training data" not in card
  (tmp_path / "kept" / "command.txt").unlink()
  card = model_card.render(workdir, step=0)
  assert "not trained by it:\n\n    The command is not known.\n" in card
