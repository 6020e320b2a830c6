"""Data sets, weights and options as they are written; wrong ones are named."""

import json

import pytest

from data import mixture
from data import options
from data import program
from data import records


def test_opens_folders_with_weights(write_pairs):
  code, faq = write_pairs(20, "code"), write_pairs(30, "faq")
  opened = mixture.open_mixture(f"{code}=3,{faq}")
  assert opened.names == ("code", "faq")
  assert opened.weights == (3, 1)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "much"])
def test_wrong_weights_are_named(write_pairs, weight):
  with pytest.raises(program.BadInput, match=r"weight"):
    mixture.open_mixture(f"{write_pairs()}={weight}")


def test_names_stand_once(write_pairs):
  folder = write_pairs()
  with pytest.raises(program.BadInput, match=r"'code' stands twice"):
    mixture.open_mixture(f"{folder},{folder}")


def test_an_empty_mixture_is_named():
  with pytest.raises(program.BadInput, match=r"mixture is empty"):
    mixture.open_mixture(" , ")


@pytest.fixture
def file(tmp_path, write_pairs):
  """Writes a mixture file beside the data sets `a` and `b`."""
  write_pairs(20, "a"), write_pairs(30, "b")

  def write(*data_sets):
    path = tmp_path / "mixture.json"
    path.write_text(json.dumps(data_sets))
    return str(path)

  return write


def test_a_file_gives_each_data_set_its_options(file):
  path = file(
    {"folder": "a", "weight": 2, "swap": 0.5, "prompts": {"query": "query: "}},
    {"name": "second", "folder": "b", "negatives": 3, "max_epochs": 1.5},
  )
  defaults = options.Options(document_prompt="passage: ", negatives=1)
  opened = mixture.open_mixture(path, defaults=defaults)
  assert opened.names == ("a", "second")
  assert opened.weights == (2, 1)
  assert opened.sizes == (20, 30)
  assert opened.options == (
    options.Options("query: ", "passage: ", swap=0.5, negatives=1),
    options.Options("", "passage: ", negatives=3, max_epochs=1.5),
  )


def test_folders_of_a_file_may_be_below_a_root(file, tmp_path):
  moved = tmp_path / "elsewhere" / "mixture.json"
  moved.parent.mkdir()
  moved.write_text(json.dumps([{"name": "a.jsonl.gz", "lines": 9}]))
  (there,) = mixture.plan(str(moved), root=str(tmp_path)).entries
  (alone,) = mixture.plan(str(moved)).entries
  # Where the data set is, it is counted; else its lines are believed.
  assert (there.records, alone.records) == (20, 9)
  assert there.name == alone.name == "a"
  with pytest.raises(program.BadInput, match="not a data set"):
    mixture.open_mixture(str(moved))


def test_the_mixture_of_2021_loads(minilm):
  planned = mixture.plan(str(minilm / "data_config.json"))
  assert len(planned.entries) == 290
  assert sum(planned.sizes) == 1_170_060_424
  assert (sum(planned.weights), max(planned.weights)) == (4_737, 247)


def test_a_temperature_evens_sizes_out(file):
  path = file({"folder": "a"}, {"folder": "b", "weight": 2})
  assert mixture.plan(path, temperature=1).weights == (1, 3)
  even = mixture.plan(path, temperature=1e9).weights
  assert even[1] / even[0] == pytest.approx(2, rel=1e-3)


@pytest.mark.parametrize(
  ("given", "loss"),
  [
    ("", ""),
    ("cosent", '[{"name": "cosent"}]'),
    (
      {"scale": 10, "name": "cosent"},
      '[{"name": "cosent", "scale": 10}]',
    ),
    (
      ["in_batch", {"weight": 0.5, "name": "kl"}],
      '[{"name": "in_batch"}, {"name": "kl", "weight": 0.5}]',
    ),
  ],
)
def test_a_data_set_names_its_losses(file, given, loss):
  plain, named = (
    mixture.open_mixture(file({"folder": "a", **more}, {"folder": "b"}))
    for more in ({}, {"loss": given})
  )
  assert [entry.loss for entry in named.options] == [loss, ""]
  assert [entry.loss for entry in plain.options] == ["", ""]
  assert named.weights == plain.weights


@pytest.fixture
def kinds(tmp_path, write_pairs):
  """A mixture file of texts and of another kind, and that kind's record."""

  def write(kind, record):
    columns = [f"column {i}" for i in range(len(record))]
    for name, given, one in (
      ("alone", "texts", ("text",)),
      ("other", kind, record),
    ):
      with records.Writer(
        tmp_path / name, name=name, kind=given, columns=columns[: len(one)]
      ) as writer:
        writer.write(one)
    path = tmp_path / "kinds.json"
    path.write_text(json.dumps([{"folder": "alone"}, {"folder": "other"}]))
    return str(path)

  return write


def test_texts_have_one_prompt_and_no_swap(kinds):
  both = options.Options("query: ", "passage: ", swap=0.5)
  opened = mixture.open_mixture(kinds("pairs", ("a", "b")), defaults=both)
  assert opened.options[0] == options.Options("query: ", "query: ")
  assert opened.options[1] == both
  assert len(opened.options[0].all_prompts) == 1


def test_scores_of_negatives_do_not_change_sides(kinds):
  path = kinds("scored_triplets", ("q", "p", "n", (2.0, 1.0)))
  with pytest.raises(program.BadInput, match="data set 2.*swap is 0.5 .* want"):
    mixture.open_mixture(path, defaults=options.Options(swap=0.5))
  assert mixture.open_mixture(path).sizes == (1, 1)


@pytest.mark.parametrize(
  ("data_set", "message"),
  [
    ({"folder": "a", "wieght": 1}, "it has wieght; wanted folder or name"),
    ({"weight": 1}, "give one of them"),
    ({"folder": 3}, "give one of them"),
    ({"name": "absent"}, "absent is not a data set"),
    ({"name": "absent", "lines": "many"}, "lines 'many'"),
    ({"folder": "a", "swap": 1.5}, "swap is 1.5; wanted a probability"),
    ({"folder": "a", "negatives": 0.5}, "negatives is 0.5; wanted a whole"),
    ({"folder": "a", "max_epochs": float("nan")}, "max_epochs is nan"),
    ({"folder": "a", "max_epochs": "2"}, "max_epochs is '2'"),
    ({"folder": "a", "choose_negatives": "last"}, "one of first, random"),
    ({"folder": "a", "prompts": {"title": "t: "}}, "for 'title'"),
    ({"folder": "a", "prompts": "query: "}, "prompts 'query: '"),
    ({"folder": "a", "loss": 3}, "loss is 3; wanted a name"),
    ({"folder": "a", "loss": None}, "loss is None; wanted a name"),
    ({"folder": "a", "loss": []}, "loss is .*; wanted a name"),
    ({"folder": "a", "loss": [["kl"]]}, "loss is .*; wanted a name"),
    ({"folder": "a", "loss": ["kl", ""]}, "loss is .*; wanted a name"),
    ({"folder": "a", "loss": {"scale": 3}}, "loss is .*; wanted a name"),
    (
      {"folder": "a", "loss": {"name": "kl", "scale": float("nan")}},
      "loss is .*; wanted a name",
    ),
  ],
)
def test_a_wrong_data_set_of_a_file_is_named(file, data_set, message):
  with pytest.raises(program.BadInput, match=f"data set 2 of .*{message}"):
    mixture.plan(file({"folder": "b"}, data_set))


@pytest.mark.parametrize("weight", [0, -1, float("nan"), "3", None, [1]])
def test_a_wrong_weight_of_a_file_is_named(file, weight):
  with pytest.raises(program.BadInput, match="'a' has weight"):
    mixture.open_mixture(file({"folder": "a", "weight": weight}))


@pytest.mark.parametrize("text", ["{}", "[1]", "[", ""])
def test_a_file_that_is_no_mixture_is_named(tmp_path, text):
  path = tmp_path / "mixture.json"
  path.write_text(text)
  with pytest.raises(program.BadInput, match=r"mixture\.json"):
    mixture.plan(str(path))
  with pytest.raises(program.BadInput, match="cannot read the mixture"):
    mixture.plan(str(tmp_path / "absent.json"))
