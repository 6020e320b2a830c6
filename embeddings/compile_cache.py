"""Compiled programs on disk, for the next start.

    compile_cache.use("auto", workdir.place)  # before anything is compiled

JAX looks each program up by a digest of what it is compiled from, and process 0
alone writes. JAX neither renames what it writes into place nor sees a flipped
byte, and an entry that is torn would stay so for ever. Here an entry appears
whole, behind its checksum, and a damaged one is compiled again. Programs that
call the host back are not kept, nor those that compile in half a second.

On CPUs a program that was loaded gave the parameters of one that was compiled,
to the bit, but an entry is of one kind of CPU, and XLA has no sure way to tell
(jax#38445): a workdir that goes to another machine might end in an illegal
instruction. So "auto" keeps those of accelerators, and a folder those of all.
"""

import os
from typing import Any

from etils import epath
import jax

# Where JAX has its cache, whose entries cannot be minded from outside.
from jax._src import compilation_cache
from jax._src import compilation_cache_interface
import xxhash

from data import program

FOLDER = "compiled"  # of a workdir
_LEAST_S = 0.5  # to compile what is kept
_DIGEST_BYTES = xxhash.xxh3_128().digest_size


def use(choice: str, workdir: str | os.PathLike[str]) -> epath.Path | None:
  """Keeps what is compiled from now on, and loads what was.

  Args:
    choice: a folder, which may be in a bucket; "" to keep nothing; "auto" for
      the workdir, on accelerators.
    workdir: the run's folder.

  Returns:
    The folder, or None.

  Raises:
    program.BadInput: if no folder can be made there.
  """
  if choice == "auto" and jax.default_backend() == "cpu":
    choice = ""
  if not choice:  # JAX_COMPILATION_CACHE_DIR counts, where that is set.
    return None
  folder = epath.Path(workdir) / FOLDER if choice == "auto" else choice
  folder = epath.Path(folder).expanduser()
  entries = _Entries(folder)
  jax.config.update("jax_compilation_cache_dir", str(folder))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", _LEAST_S)
  # XLA's own caches beside this one have no checksums.
  jax.config.update("jax_persistent_cache_enable_xla_caches", None)
  compilation_cache.reset_cache()
  module: Any = compilation_cache
  module._cache = entries
  return folder


class _Entries(compilation_cache_interface.CacheInterface):
  """The files of a folder, one a program."""

  def __init__(self, folder: epath.Path):
    try:
      folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ImportError) as error:
      raise program.BadInput(
        f"compiled programs cannot be kept in {folder} ({error}); give another "
        "folder with --config.compile_cache, or '' to keep none"
      ) from error
    self._path: Any = folder

  def get(self, key: str) -> bytes | None:
    """What was put there, None if there is nothing, or it is damaged."""
    path: epath.Path = self._path / key
    if not path.exists():
      return None
    entry = path.read_bytes()
    digest, content = entry[:_DIGEST_BYTES], entry[_DIGEST_BYTES:]
    if digest == xxhash.xxh3_128_digest(content):
      return content
    program.note_line(f"{path} is not as it was written; compiling again")
    path.unlink(missing_ok=True)
    return None

  def put(self, key: str, value: bytes) -> None:
    """Writes an entry, which appears whole."""
    partial: epath.Path = self._path / f".{key}.partial"
    partial.write_bytes(xxhash.xxh3_128_digest(value) + value)
    partial.replace(self._path / key)
