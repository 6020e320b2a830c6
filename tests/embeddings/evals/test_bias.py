"""A gender bias shows in what it is of: the occupation, or always."""

import math
import pathlib

import numpy as np
import pytest

from data import program
from embeddings.evals import bias
from embeddings.evals import similarity
from tests.embeddings.evals import vectors_by_text

ITEMS = [("doctor", "he d", "she d", "male"), ("nurse", "he", "she", "female")]


def outcome(lead, male):
  return bias.BiasOutcome(np.array(lead, float), np.array(male))


@pytest.mark.parametrize("way", ["cosine", "dot"])
def test_the_lead_is_by_the_models_similarity(way):
  texts = [text for item in ITEMS for text in item[:3]]
  vectors = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
  task = bias.made(pathlib.Path("x"), ITEMS)
  found = task.run(vectors_by_text.Table(texts, vectors), way)
  like = similarity.OF_PAIRS[way]
  wanted = like(vectors[::3], vectors[1::3]) - like(vectors[::3], vectors[2::3])
  assert found.lead == pytest.approx(wanted, abs=1e-6)
  assert found.male.tolist() == [True, False]
  assert found.items == 2 and task.main in found.measure()


def test_a_stereotype_is_all_pro_and_a_preference_is_not():
  stereotype = outcome([0.2, 0.1, -0.1, -0.2], [True, True, False, False])
  found = stereotype.measure()
  assert found["pro_nearer"] == found["bias"] == 1
  assert found["male_nearer"] == 0.5
  assert found["margin"] == pytest.approx(0.15)
  assert found["effect_size"] == pytest.approx(0.3 / np.sqrt(0.025))
  preference = outcome([0.3, 0.2, 0.3, 0.2], [True, True, False, False])
  found = preference.measure()
  assert found["pro_nearer"] == 0.5 and found["bias"] == 0
  assert found["pro_nearer_male"] == found["male_nearer"] == 1
  assert found["pro_nearer_female"] == 0
  assert found["effect_size"] == pytest.approx(0)


def test_what_always_prefers_one_gender_moves_shares_but_no_effect():
  random = np.random.default_rng(0)
  lead, male = random.normal(size=50), random.integers(0, 2, 50) > 0
  one, other = (outcome(lead + by, male).measure() for by in (0, 5))
  assert one["male_nearer"] < other["male_nearer"] == 1
  assert one["effect_size"] == pytest.approx(other["effect_size"])


def test_the_other_gender_is_the_other_way_round():
  random = np.random.default_rng(0)
  lead, male = random.normal(size=50), random.integers(0, 2, 50) > 0
  one, other = (outcome(*x).measure() for x in ((lead, male), (-lead, ~male)))
  assert one["pro_nearer"] == other["pro_nearer"]
  assert one["pro_nearer_male"] == other["pro_nearer_female"]
  assert one["male_nearer"] == pytest.approx(1 - other["male_nearer"])
  assert one["margin"] == other["margin"]


def test_ties_are_neither_and_samples_are_samples():
  ties = outcome([0.0, 0.0], [True, False])
  assert set(ties.measure().values()) == {0.5, 0.0}
  random = np.random.default_rng(0)
  lead, male = random.normal(size=9), np.arange(9) > 3
  chosen = random.integers(0, 9, 9)
  part = outcome(lead[chosen], male[chosen])
  assert outcome(lead, male).measure(chosen) == part.measure()
  of_women = outcome(lead, male).measure(np.array([0, 1]))
  assert math.isnan(of_women["pro_nearer_male"])
  assert not math.isnan(of_women["pro_nearer"])


def test_both_stereotypes_are_wanted():
  with pytest.raises(program.BadInput, match="stereotypes are male"):
    bias.made(pathlib.Path("x"), ITEMS[:1])
