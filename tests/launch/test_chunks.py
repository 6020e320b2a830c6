"""The largest chunk that fits is found, kept, and taken again."""

import dataclasses
import json
import math

from hypothesis import given
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import pytest

from data import program
from launch import chunks
from launch import device_memory

ROWS = 48


@given(
  rows=st.integers(1, 3_000),
  start=st.integers(0, 500),
  steps=st.lists(st.integers(0, 30), min_size=1, max_size=20),
  limit=st.integers(0, 60_000),
  breaks=st.integers(1, 3_000),
)
def test_the_fewest_chunks_that_fit_are_found(
  rows, start, steps, limit, breaks
):
  # Bytes that grow somehow with the rows; from some on, compiling fails.
  asked = []

  def plan(chunk_rows):
    size = chunk_rows or rows
    asked.append(size)
    grown = start + sum(steps[i % len(steps)] for i in range(size))
    return grown if size < breaks else math.inf

  sizes = [-(-rows // number) for number in range(1, rows + 1)]
  wanted = next((size for size in sizes if plan(size) <= limit), None)
  asked.clear()
  if wanted is None:
    with pytest.raises(program.BadInput, match="one row of a shard at a time"):
      chunks.choose(plan, rows, limit)
  else:
    found, planned = chunks.choose(plan, rows, limit)
    assert found == (0 if wanted == rows else wanted)
    assert planned == plan(wanted)
    asked.pop()
  assert len(asked) == len(set(asked)) <= 4 + 2 * math.log2(rows + 1)


def test_where_bytes_grow_evenly_few_are_planned():
  asked = []

  def plan(chunk_rows):
    asked.append(chunk_rows)
    return 10**9 + 10**7 * (chunk_rows or 4_096)

  assert chunks.choose(plan, 4_096, 3 * 10**9)[0] == 196  # 21 chunks
  assert len(asked) <= 5


def test_nothing_fits_in_nothing():
  with pytest.raises(program.BadInput) as error:
    chunks.choose(lambda chunk_rows: 3 * 2**30, ROWS, 2**30)
  said = str(error.value)
  assert "takes 3,072 MiB of a device, which has 1,024 MiB" in said
  assert "batch.size" in said and "mesh.fsdp" in said


def compile_with(chunk_rows):
  """A program whose temporaries are of the rows that it takes at a time."""
  taken = jax.ShapeDtypeStruct((64 * (chunk_rows or ROWS),), jnp.float32)

  def outer(x):
    return jnp.sort(x[:, None] * x, axis=0).sum()

  return jax.jit(outer).lower(taken).compile()


def test_the_choice_is_kept_and_taken_again(tmp_path, monkeypatch, capfd):
  path = tmp_path / chunks.FILE
  planned = {n: chunks.planned_bytes(compile_with(n)) for n in (0, 12, 16)}
  assert planned[12] < planned[16] < planned[0]
  limit = (planned[12] + planned[16]) // 2
  monkeypatch.setattr(device_memory, "limit_bytes", lambda: limit)
  compiled = []

  def compile_one(chunk_rows):
    compiled.append(chunk_rows)
    return compile_with(chunk_rows)

  assert chunks.of_run(path, "auto", ROWS, compile_one) == 12
  choice = chunks.read(path)
  kind = jax.devices()[0].device_kind
  assert choice == chunks.Choice(12, planned[12], limit, kind, 8)
  count = len(compiled)
  assert chunks.of_run(path, "auto", ROWS, compile_one) == 12
  assert len(compiled) == count
  # On other devices it is chosen anew, and that is said.
  monkeypatch.setattr(device_memory, "limit_bytes", lambda: planned[0])
  other = dataclasses.replace(choice, device_kind="abacus", devices=2)
  path.write_text(json.dumps(dataclasses.asdict(other)))
  assert chunks.of_run(path, "auto", ROWS, compile_one) == 0
  assert f"was 12, chosen for 2 x abacus; for 8 x {kind} it is 0" in (
    capfd.readouterr().err
  )
  assert chunks.read(path).chunk_rows == 0


def test_a_number_is_taken_as_it_is(tmp_path):
  for text, rows in (("0", 0), ("12", 12)):
    assert chunks.of_run(tmp_path / "none", text, ROWS, compile_with) == rows
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["", "-1", "1.5", "all", " 1", "²", 3, None])
def test_what_is_no_number_of_rows_is_refused(text):
  with pytest.raises(program.BadInput) as error:
    chunks.parse(text)
  assert f"config.batch.chunk_rows is {text!r}; wanted" in str(error.value)
