"""A teacher is there where a loss wants one, and fits the model."""

import numpy as np
import pytest

from data import program
from embeddings import description
from embeddings import partition
from embeddings import towers
from launch import objectives
from launch import teachers
from tests.data import taught
from tests.embeddings import tiny
from tests.launch import data_sets


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  """Data sets, of which pairs and triplets have a teacher's vectors."""
  found = data_sets.write_all(tmp_path_factory.mktemp("kinds"))
  opened = data_sets.mix(found, "pairs", "triplets")
  for data_set, columns in zip(opened.data_sets, ("query", "all"), strict=True):
    taught.write(data_set, columns)
  return found


@pytest.fixture
def about(tokenizer_folder):
  """The model that learns; its vectors are as wide as `taught`'s."""
  return description.Description(
    towers.ModelConfig(tiny.encoder_config(), truncate=taught.WIDTH),
    24,
    tokenizer_folder,
  )


def find(folder, about, *entries, source=(), **loss):
  """The teacher of a run on a mixture; `source` is `teacher` of the config."""
  mixture = data_sets.mix(folder, *entries, negatives=1)
  config = data_sets.config(**loss)
  for key, value in dict(source).items():
    config.teacher[key] = value
  found = objectives.find(config.loss, mixture)
  objectives.check(found, mixture, about.config)
  mesh = partition.make_mesh()
  return teachers.find(config.teacher, found, mixture, about, mesh)


VECTORS = {"vectors": taught.NAME}


def test_none_is_wanted_and_none_is_there(folder, about):
  found = find(folder, about, "pairs")
  assert found.model is None and found.width == 0
  assert not any(found.vectors)
  assert found.place(partition.make_mesh()) is None


def test_vectors_are_opened_for_those_that_want_them(folder, about):
  found = find(
    folder,
    about,
    {"folder": "pairs", "loss": "vector_mse"},
    {"folder": "triplets", "loss": {"name": "kl", "teacher": "vectors"}},
    {"folder": "scored", "loss": "cosent"},
    source=VECTORS,
  )
  assert found.width == taught.WIDTH
  assert [v is not None for v in found.vectors] == [True, True, False]


WRONG = [
  # One that is not wanted, and the reverse.
  ("pairs", {}, VECTORS, "names 'teacher' and no loss .in_batch. learns from"),
  ("pairs", {}, {"init": "x"}, "names 'x' and no loss .in_batch. learns from"),
  ("pairs", {"name": "vector_mse"}, {}, "config.teacher is empty; set --confi"),
  (
    "triplets",
    {"name": "kl", "teacher": "vectors"},
    {},
    "a loss of kl learns from a teacher's vectors and config.teacher is empty",
  ),
  (
    "pairs",
    {"filter": "absolute", "guide": "teacher"},
    {},
    "a loss of in_batch learns from a teacher's vectors",
  ),
  (
    "pairs",
    {"name": "vector_mse"},
    {"init": "x", **VECTORS},
    "init is 'x' and config.teacher.vectors 'teacher'; give one of them",
  ),
  # Vectors that are not there, or are of queries alone.
  ("texts", {"name": "vector_mse"}, VECTORS, "teacher"),
  (
    "pairs",
    {"filter": "absolute", "guide": "teacher"},
    VECTORS,
    "vectors of queries alone and the loss in_batch wants those of all texts",
  ),
]


@pytest.mark.parametrize(("kind", "loss", "source", "message"), WRONG)
def test_what_does_not_fit_is_named(folder, about, kind, loss, source, message):
  with pytest.raises(program.BadInput, match=message):
    find(folder, about, kind, source=source, **loss)


def test_vectors_that_are_to_be_equal_are_as_wide(folder, about):
  wide = about.replace(config=about.config.replace(truncate=0))
  with pytest.raises(
    program.BadInput, match=r"of 5 numbers and the model of 16.*width=5, with"
  ):
    find(folder, wide, "pairs", source=VECTORS, name="vector_mse")
  # A guide's are only compared with each other.
  loss = {"filter": "absolute", "guide": "teacher"}
  find(folder, wide, "triplets", source=VECTORS, **loss)


@pytest.fixture(scope="module")
def as_teacher(trained):
  return {"init": str(trained)}


def test_a_model_teaches_beside_the_one_that_learns(
  folder, about, as_teacher, corpus
):
  learner = about.replace(tokenizer=corpus / "words")
  found = find(
    folder,
    learner,
    "pairs",
    source=as_teacher,
    filter="absolute",
    guide="teacher",
  )
  assert found.model is not None and found.width == 0
  mesh = partition.make_mesh(data=4, fsdp=2)
  placed = found.place(mesh)
  for name, values in found.params.items():
    for key, value in values.items():
      np.testing.assert_array_equal(placed[name][key], value)


MISFITS = [
  (
    {"prompts": {"query": "q: "}},
    "has the query prompt '' and the model 'q: '",
  ),
  (
    {"max_length": 10_000},
    "takes .* tokens and config.batch.max_length is 1000",
  ),
]


@pytest.mark.parametrize(("changes", "message"), MISFITS)
def test_a_teacher_reads_the_models_tokens(
  folder, about, as_teacher, corpus, changes, message
):
  learner = about.replace(tokenizer=corpus / "words", **changes)
  with pytest.raises(program.BadInput, match=message):
    find(
      folder,
      learner,
      "pairs",
      source=as_teacher,
      filter="absolute",
      guide="teacher",
    )


def test_a_teacher_of_another_width_cannot_be_equalled(
  folder, about, as_teacher, corpus
):
  learner = about.replace(tokenizer=corpus / "words")
  with pytest.raises(program.BadInput, match="numbers and the model of 5"):
    find(folder, learner, "pairs", source=as_teacher, name="vector_mse")
