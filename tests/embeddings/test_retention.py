"""What stays of a run's checkpoints, whatever is asked for together."""

import datetime
import math
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
import jax.numpy as jnp
from orbax.checkpoint import checkpoint_managers
import pytest

from data import program
from embeddings import checkpoint
from embeddings import retention as retention_lib
from embeddings import step as step_lib

NAME = "dev.ndcg@10"


class Saved(NamedTuple):
  """What Orbax knows of a step."""

  step: int
  time: datetime.datetime
  metrics: dict[str, float] | None


RETENTIONS = st.builds(
  retention_lib.Retention,
  keep=st.integers(1, 4),
  keep_every=st.integers(0, 5),
  best=st.sampled_from(["", NAME]),
  best_mode=st.sampled_from(retention_lib.MODES),
)
METRICS = st.sampled_from(
  [None, {}, {"loss": 1.0}, *({NAME: x} for x in (0.0, 0.5, 1.0, math.nan))]
)


def wanted(retention: retention_lib.Retention, saved: list[Saved]) -> set[int]:
  """What stays of these, said as plainly as can be."""
  steps = [one.step for one in saved]
  stays = set(steps[-max(retention.keep, 2) :])
  if retention.keep_every:
    stays |= {step for step in steps if step % retention.keep_every == 0}
  sign = 1 if retention.best_mode == "max" else -1
  values = {
    one.step: sign * (one.metrics or {}).get(retention.best, math.nan)
    for one in saved
  }
  for among in (steps, steps[:-1]):
    measured = {s: values[s] for s in among if not math.isnan(values[s])}
    if retention.best and measured:
      best = max(measured.values())
      stays.add(max(s for s, value in measured.items() if value == best))
  return stays


@given(
  RETENTIONS, st.lists(st.tuples(st.integers(1, 4), METRICS, st.booleans()))
)
def test_what_stays(retention: Any, saves: Any) -> None:
  policy = retention.policy()
  context = checkpoint_managers.PreservationContext()
  there: list[Saved] = []
  newest_whole, step = None, 0
  for apart, metrics, killed in saves:
    step += apart
    there.append(Saved(step, datetime.datetime.now(), metrics))
    stays = policy.should_preserve(there, context=context)
    left = [one for one, stay in zip(there, stays, strict=True) if stay]
    assert {one.step for one in left} == wanted(retention, there)
    # The new one has no manifest yet; the one that was whole stands.
    assert newest_whole is None or newest_whole in {one.step for one in left}
    there = left
    if killed:  # now: the new one is set aside, and the run comes by it again
      there, step = left[:-1], step - apart
    else:
      newest_whole = step
    assert newest_whole == (there[-1].step if there else None)


def test_saves_leave_just_these(tmp_path: Any, capsys: Any) -> None:
  retention = retention_lib.Retention(2, 4, NAME, "max")
  folder = tmp_path / "checkpoints"
  results: dict[int, dict[str, float] | None] = {
    1: {NAME: 0.2},
    2: {NAME: 0.9, "loss": 3.0},
    4: None,
    5: {NAME: 0.1},
    6: None,
    8: {NAME: 0.9},
    9: None,
    10: None,
  }
  there: list[Saved] = []
  now = datetime.datetime.now()
  for steps in ((1, 2, 4, 5), (6, 8, 9, 10)):  # and opened again between
    checkpoints = checkpoint.Checkpoints(
      folder, keep=2, keep_every=4, best=NAME
    )
    for step in steps:
      params = {"w": {"b": jnp.full(3, step)}}
      state = step_lib.State(jnp.int32(step), params, {"m": jnp.zeros(2)})
      checkpoints.save(state, {}, results[step])
      there.append(Saved(step, now, results[step]))
      stays = wanted(retention, there)
      there = [one for one in there if one.step in stays]
    checkpoints.close()
    assert {int(path.name) for path in folder.iterdir()} == stays
  assert stays == {4, 8, 9, 10}
  assert "WARNING" not in capsys.readouterr().err


def test_a_result_that_there_is_not(tmp_path: Any) -> None:
  checkpoints = checkpoint.Checkpoints(tmp_path / "c", keep=2, best="dev.mrr")
  state = step_lib.State(jnp.int32(1), {"w": {"b": jnp.zeros(3)}}, {})
  with pytest.raises(program.BadInput, match=r"'dev.mrr'.*dev.ndcg@10, loss"):
    checkpoints.save(state, {}, {NAME: 0.5, "loss": 1.0})
  checkpoints.close()
  with pytest.raises(program.BadInput, match="best_mode is 'most'; wanted one"):
    checkpoint.Checkpoints(tmp_path / "c", keep=2, best_mode="most")
