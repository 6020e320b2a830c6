"""The first pattern that is found counts; one that is never found is wrong."""

import re

from hypothesis import given
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import program
from embeddings import parameter_groups
from tests.embeddings import tiny

PATTERNS = ("layers/", "attention/", "/w$", "inputs", "up|down", "tokens")
PATHS = [
  parameter_groups.path_of(path)
  for path, _ in jax.tree_util.tree_leaves_with_path(
    jax.eval_shape(tiny.model().init, jax.random.key(0))
  )
]


@given(
  st.lists(
    st.tuples(st.sampled_from(PATTERNS), st.sampled_from([0, 0.1, 1, 3]))
  )
)
def test_the_first_pattern_counts(rules):
  text = ",".join(f"{pattern}={factor}" for pattern, factor in rules)
  groups = parameter_groups.parse(text)
  for path in PATHS:
    wanted = 1
    for pattern, factor in reversed(rules):
      wanted = factor if re.search(pattern, path) else wanted
    assert groups.factor(path) == wanted


@pytest.mark.parametrize(
  ("text", "reason"),
  [
    ("layers/", "could not convert"),
    ("=0", "a pattern and a factor"),
    ("layers/=-1", "a pattern and a factor"),
    ("layers/=nan", "a pattern and a factor"),
    ("layers/=inf", "a pattern and a factor"),
    ("layers/=0,", "could not convert"),
    ("(=0", "missing )"),
  ],
)
def test_what_is_no_group_is_named(text, reason):
  with pytest.raises(program.BadInput) as error:
    parameter_groups.parse(text)
  assert f"({reason}" in str(error.value)
  assert "wanted PATTERN=FACTOR" in str(error.value)


@pytest.mark.parametrize(
  ("text", "message"),
  [
    ("layer/=0.1", "'layer/' is found in .* such as encoder/inputs/"),
    ("layers/=0.1,layers/up=2", "'layers/up' is found in .* put it first"),
    (".=0", "freezes all parameters"),
  ],
)
def test_groups_are_of_some_parameters_and_leave_some(text, message):
  with pytest.raises(program.BadInput, match=message):
    parameter_groups.parse(text).check(tiny.params())
  parameter_groups.parse("layers/up=2,layers/=0").check(tiny.params())


def test_no_gradient_is_computed_for_what_is_frozen():
  rows = tiny.pack([np.arange(1, 9, dtype=np.int32)], 8)
  packed = type(rows)(*(field[None] for field in rows))
  found, products = {}, {}
  for text in ("", "layers/=0"):
    groups = parameter_groups.parse(text)

    @jax.jit
    def gradient(params, groups=groups):
      def loss(params):
        vectors = tiny.model().embed(groups.freeze(params), packed, 1)
        return (vectors * jnp.arange(16)).sum()

      return jax.grad(loss)(params)

    products[text] = (
      gradient.lower(tiny.params()).as_text().count("dot_general")
    )
    found[text] = gradient(tiny.params())
  # Six with parameters and two of attention: forward, and for both factors.
  assert products == {"": 3 * 8, "layers/=0": 3 * 8 - 6}
  for module, leaves in found[""].items():
    for name, leaf in leaves.items():
      wanted = 0 * leaf if "layers/" in module else leaf
      np.testing.assert_allclose(
        found["layers/=0"][module][name], wanted, rtol=1e-4, atol=1e-5
      )
