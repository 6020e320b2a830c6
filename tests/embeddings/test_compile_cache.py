"""A program that was kept is the one that was compiled, or is none."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from data import layout as layout_lib
from data import program
from embeddings import average as average_lib
from embeddings import compile_cache
from embeddings import optimizer
from embeddings import partition
from embeddings import step as step_lib
from jax._src import compilation_cache
from tests.embeddings import tiny

HITS, MISSES = (
  f"/jax/compilation_cache/cache_{what}" for what in ("hits", "misses")
)
SETTINGS = (
  "jax_compilation_cache_dir",
  "jax_persistent_cache_min_compile_time_secs",
  "jax_persistent_cache_enable_xla_caches",
)


@pytest.fixture(scope="module")
def events():
  """What JAX says of its cache, as it says it."""
  found = []
  jax.monitoring.register_event_listener(lambda name, **_: found.append(name))
  return found


@pytest.fixture
def use(monkeypatch):
  """Keeps what is compiled, however soon it is, until the test ends."""
  monkeypatch.setattr(compile_cache, "_LEAST_S", 0.0)
  before = {name: getattr(jax.config, name) for name in SETTINGS}
  yield compile_cache.use
  for name, value in before.items():
    jax.config.update(name, value)
  compilation_cache.reset_cache()


def compiled(events):
  """Compiles a function anew; what it gives, and what the cache said."""
  del events[:]
  function = jax.jit(lambda x: jnp.cos(x) * 3)
  x = np.arange(5, dtype=np.float32)
  values = function.lower(x).compile()(x)
  return values, (events.count(HITS), events.count(MISSES))


@pytest.mark.parametrize("harm", ["none", "cut", "flipped", "empty", "swapped"])
def test_a_damaged_entry_is_compiled_again(use, events, tmp_path, capsys, harm):
  folder = use(str(tmp_path / "programs"), tmp_path)
  wanted, said = compiled(events)
  assert said == (0, 1)
  (entry,) = folder.iterdir()
  content = entry.read_bytes()
  middle = len(content) // 2
  entry.write_bytes(
    {
      "none": content,
      "cut": content[:middle],
      "flipped": content[:middle]
      + bytes([content[middle] ^ 4])
      + content[middle + 1 :],
      "empty": b"",
      "swapped": content[16:] + content[:16],
    }[harm]
  )
  found, said = compiled(events)
  assert said == ((1, 0) if harm == "none" else (0, 1))
  words = f"{entry} is not as it was written"
  assert (words in capsys.readouterr().err) == (harm != "none")
  # It was mended.
  again, said = compiled(events)
  assert said == (1, 0)
  np.testing.assert_array_equal([found, again], [wanted, wanted])


def test_a_kill_while_an_entry_is_written_leaves_none(use, events, tmp_path):
  folder = use(str(tmp_path), tmp_path)
  compiled(events)
  (entry,) = folder.iterdir()
  partial = folder / f".{entry.name}.partial"
  partial.write_bytes(entry.read_bytes()[:100])
  entry.unlink()
  assert compiled(events)[1] == (0, 1)
  assert compiled(events)[1] == (1, 0) and not partial.exists()


def test_programs_are_kept_in_a_bucket(use, events, bucket):
  folder = bucket.folder()
  use(folder, "runs/mine")
  wanted, said = compiled(events)
  assert said == (0, 1)
  (name,) = bucket.below(folder)
  found, said = compiled(events)
  assert said == (1, 0)
  np.testing.assert_array_equal(found, wanted)
  bucket.write(name, bucket.objects[name].content[:50])
  assert compiled(events)[1] == (0, 1)
  assert compiled(events)[1] == (1, 0) and bucket.below(folder) == [name]


@pytest.mark.long
def test_a_step_that_was_loaded_is_the_one_that_was_compiled(
  use, events, tmp_path
):
  mesh = partition.make_mesh(devices=jax.devices()[:1])
  objective = tiny.objective(tiny.model(layers=1), mesh=mesh)
  move = optimizer.make(optimizer.OptimizerConfig(accumulate=2))
  average = average_lib.Average(0.9, 2)
  state = step_lib.init(objective, move, seed=0, mesh=mesh, average=average)
  first = jax.device_get(state)
  places = partition.shard_state(state, mesh)
  layout = layout_lib.Layout(size=4, max_length=16)
  batch = layout.zeros([(4, 16)])
  numbers = np.arange(64, dtype=np.int32).reshape(1, 4, 16)
  side = batch.sides[0]._replace(tokens=numbers, text=numbers // 8)
  there = np.ones_like(batch.present)
  batch = batch._replace(sides=(side,), present=there)
  batch = partition.put_batch(batch, mesh)

  def trained():
    del events[:]
    step = step_lib.make(
      objective, move, seed=0, mesh=mesh, state=state, average=average
    )
    step = step.lower(state, batch, None).compile()
    said = events.count(HITS), events.count(MISSES)
    now = jax.device_put(first, places)
    for _ in range(2):
      before = now
      now, metrics = step(before, batch, None)
      assert all(leaf.is_deleted() for leaf in jax.tree.leaves(before))
    return said, jax.device_get((now, metrics))

  use(str(tmp_path), tmp_path)
  (first_said, fresh), (then_said, loaded) = trained(), trained()
  assert first_said == (0, 1) and then_said == (1, 0)
  jax.tree.map(np.testing.assert_array_equal, loaded, fresh)


def test_auto_is_of_accelerators(use, tmp_path):
  before = jax.config.jax_compilation_cache_dir
  for choice in ("auto", ""):
    assert use(choice, tmp_path) is None
  assert jax.config.jax_compilation_cache_dir == before
  assert not list(tmp_path.iterdir())


def test_a_place_that_can_be_no_folder_is_named(use, tmp_path):
  (tmp_path / "file").touch()
  with pytest.raises(program.BadInput, match=r"file/in .*compile_cache"):
    use(str(tmp_path / "file" / "in"), tmp_path)
