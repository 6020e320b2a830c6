"""Losses are found in configs and mixtures; what does not fit is one line."""

import dataclasses

import pytest

from data import program
from embeddings.losses import contrastive
from embeddings.losses import scored
from embeddings.losses import table
from launch import objectives
from launch.configs import default
from tests.launch import data_sets


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return data_sets.write_all(tmp_path_factory.mktemp("kinds"))


def find(folder, *entries, negatives=0, model=data_sets.MODEL, **loss):
  """The objectives of a mixture, checked."""
  mixture = data_sets.mix(folder, *entries, negatives=negatives)
  found = objectives.find(data_sets.config(**loss).loss, mixture)
  objectives.check(found, mixture, model)
  return found


def test_the_configs_loss_is_that_of_all(folder):
  found = find(folder, "pairs", "triplets", negatives=1, scale=50.0)
  (term,) = found.terms
  assert term.loss == contrastive.InBatch(scale=50.0)
  assert (term.name, term.weight, term.widths) == ("in_batch", 1.0, ())
  assert found.of_data_set == (0, 0)
  assert found.of(0) == found.of(1) == [term]
  assert not found.wants_vectors(0)


def test_a_data_set_may_name_its_own(folder):
  found = find(
    folder,
    "pairs",
    {"folder": "scored", "loss": "cosent"},
    {"folder": "triplets", "loss": {"name": "in_batch", "scale": 5}},
    {
      "folder": "texts",
      "loss": [
        {"name": "vector_mse", "weight": 3},
        {"name": "in_batch", "widths": [16, 4], "width_weights": [1, 0.5]},
      ],
    },
    {"folder": "grouped", "loss": {"name": "in_batch", "positives": "group"}},
    model=data_sets.DROPPING,
  )
  assert found.of_data_set == (0, 1, 2, 3, 4)
  names = [[term.name for term in found.of(index)] for index in range(5)]
  assert names == [
    ["in_batch"],
    ["cosent"],
    ["in_batch_2"],
    ["vector_mse", "in_batch_3"],
    ["in_batch_4"],
  ]
  assert found.of(1)[0].loss == scored.CoSent()
  assert found.of(2)[0].loss == contrastive.InBatch(scale=5)
  mse, wide = found.of(3)
  assert (mse.weight, mse.widths) == (3.0, ())
  assert (wide.widths, wide.width_weights) == ((16, 4), (1, 0.5))
  assert [found.wants_vectors(i) for i in range(5)] == [0, 0, 0, 1, 0]


def test_one_loss_of_several_data_sets_is_one_term(folder):
  same = {"name": "in_batch", "scale": 5}
  found = find(
    folder,
    {"folder": "pairs", "loss": same},
    {"folder": "triplets", "loss": [same, "triplet"]},
    negatives=1,
  )
  shared, own = found.terms
  assert (shared.name, shared.objectives) == ("in_batch", (0, 1))
  assert (own.name, own.objectives) == ("triplet", (1,))


def test_every_setting_of_a_loss_is_a_key_of_the_config():
  fields = {
    field.name
    for loss in table.LOSSES.values()
    for field in dataclasses.fields(loss)
  }
  assert fields == set(default.LOSS_SETTINGS)


# What each loss can learn from, where records bring a negative.
FITS = {
  "in_batch": {"pairs", "triplets", "texts", "scored_triplets"},
  "sigmoid": {"pairs", "texts"},
  "triplet": {"triplets", "scored_triplets"},
  "cosent": {"scored"},
  "angle": {"scored"},
  "cosine": {"scored"},
  "margin_mse": {"scored_triplets"},
  "kl": {"scored_triplets"},
  "vector_mse": {"pairs", "scored", "texts", "grouped"},
}


@pytest.mark.parametrize("name", table.LOSSES)
def test_a_loss_learns_from_some_kinds(folder, name):
  given = {"negatives": 1, "model": data_sets.DROPPING}
  for kind in data_sets.KINDS:
    if kind in FITS[name]:
      find(folder, kind, name=name, **given)
      continue
    with pytest.raises(program.BadInput) as error:
      find(folder, kind, name=name, **given)
    said = str(error.value)
    assert said.startswith(f"data set {kind!r} of {kind} and the loss {name}: ")
    assert "; " in said, said


def loss(folder, given, kind="pairs"):
  return find(folder, {"folder": kind, "loss": given}, negatives=1)


WRONG = [
  # Two positives with a loss of one.
  ("grouped", {}, "several positives and the loss takes one; set positives=gr"),
  # A learned scale with margin filters.
  (
    "pairs",
    {"max_scale": 100.0, "filter": "absolute"},
    "the loss in_batch: max_scale=100.*do not go together.*set max_scale=0",
  ),
  # Negatives in a loss that has none, and none in a loss that wants some.
  ("triplets", {"name": "sigmoid"}, "it takes no negatives; set negatives=0"),
  ("triplets", {"name": "vector_mse"}, "it takes no negatives; set negativ"),
  (
    "scored_triplets",
    {"name": "sigmoid"},
    "it takes no negatives; set negatives=0",
  ),
  ("pairs", {"name": "triplet"}, "it learns from triplets, scored_triplets; "),
  ("triplets", {"name": "kl"}, "has no teacher's scores; write it as scored_"),
  ("texts", {}, "differ by dropout alone, which is 0; set --config.model.enc"),
  # What is not known.
  ("pairs", {"name": "infonce"}, "the loss 'infonce' is not known; wanted one"),
  ("scored", {"name": "cosent", "margin": 1.0}, "cosent has no margin .found"),
  ("scored", {"name": "cosine", "scale": 1.0}, "cosine has no scale.*no setti"),
  ("pairs", {"scale": -1.0}, "the loss in_batch: scale is -1.0; wanted a num"),
  ("pairs", {"partition": "x"}, "the loss in_batch: partition is 'x'; wanted"),
  # Widths that there are not.
  ("pairs", {"widths": (8, 17)}, r"widths \(8, 17\); wanted different whole n"),
  ("pairs", {"widths": (0,)}, r"widths \(0,\); wanted different whole numbers"),
  ("pairs", {"widths": (8, 8)}, "wanted different whole numbers from 1 to 16"),
  ("pairs", {"widths": (8.0,)}, "wanted different whole numbers from 1 to 16"),
  (
    "pairs",
    {"widths": (16, 8), "width_weights": (1.0,)},
    r"width_weights \(1.0,\) for widths \(16, 8\); wanted a number above 0",
  ),
  ("pairs", {"width_weights": (1.0,)}, r"width_weights \(1.0,\) for widths \("),
  (
    "pairs",
    {"widths": (8,), "width_weights": (float("inf"),)},
    "wanted a number above 0 for each",
  ),
  (
    "pairs",
    {"name": "vector_mse", "widths": (8,)},
    "learns a teacher's whole vectors; leave widths out",
  ),
]


@pytest.mark.parametrize(("kind", "given", "message"), WRONG)
def test_what_does_not_fit_is_named(folder, kind, given, message):
  with pytest.raises(program.BadInput, match=message):
    find(folder, kind, negatives=1, **given)


IN_FILES = [
  ({"name": "in_batch", "weight": 0}, "in_batch has weight 0; wanted a number"),
  ({"name": "in_batch", "weight": "1"}, "in_batch has weight '1'; wanted a nu"),
  ({"name": "in_batch", "weight": True}, "in_batch has weight True; wanted a "),
  ({"name": "in_batch", "widths": 8}, "in_batch has widths 8; wanted a list o"),
  ({"name": "in_batch", "widths": "8"}, "in_batch has widths '8'; wanted a li"),
  ({"name": "in_batch", "symmetric": "no"}, "symmetric is 'no'; wanted True o"),
  ({"name": "in_batch", "scale": "20"}, "scale is '20'; wanted a number from"),
  ({"name": "in_batch", "contrast": ["queries"]}, "contrast is .'queries'.; w"),
  ("infonce", "the loss 'infonce' is not known; wanted one of in_batch, sigm"),
  (
    ["in_batch", {"name": "kl"}],
    "the loss kl: it learns from triplets, scored",
  ),
]


@pytest.mark.parametrize(("given", "message"), IN_FILES)
def test_what_a_mixture_file_says_wrong_is_named(folder, given, message):
  with pytest.raises(program.BadInput, match=message):
    loss(folder, given)


def test_negatives_that_do_not_come_are_no_matter(folder):
  for name in ("sigmoid", "vector_mse"):
    find(folder, "triplets", "scored_triplets", name=name, negatives=0)
  with pytest.raises(program.BadInput, match="needs negatives; set negatives="):
    find(folder, "triplets", name="triplet", negatives=0)
