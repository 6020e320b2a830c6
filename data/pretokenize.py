"""Cuts the texts of data sets into tokens once, for all runs to come.

    python -m data.pretokenize --data=runs/pairs --tokenizer=runs/tokenizer \\
      --max_length=128

Beside the texts of each data set stands then what a run with this tokenizer
reads in their place: token ids, lengths and identities (data/token_files.py).
A run of several hosts needs it, and one whose input is slower than its model.
`--data` is what a run has in config.data.train: folders, or a mixture file,
whose data sets may have prompts of their own. `--query_prompt` stands before
the first text of each record, and `--document_prompt` before all others, or
the other way round in data sets that the run has `--swapped`; prompt and text
are cut at `--max_length` together.

A run that was stopped goes on where it was, and what is there is left alone.
"""

import os
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags

from data import faults as faults_lib
from data import growing
from data import mixture as mixture_lib
from data import options
from data import program
from data import records
from data import token_chunks
from data import token_files
from data import token_writer
from data import tokens


def pretokenize(
  data_set: records.DataSet,
  tokenizer: tokens.Tokenizer,
  prompts: tokens.Prompts,
  *,
  workers: token_chunks.Workers,
  faults: faults_lib.Faults,
  advance: Callable[[int], None] = lambda _: None,
) -> pathlib.Path:
  """Writes the token cache of one data set, unless it is there.

  Args:
    data_set: whose texts.
    tokenizer: what `workers` have.
    prompts: put before the texts.
    workers: do the work.
    faults: of all data sets.
    advance: is told how many further records are done.

  Returns:
    The cache's folder, for `token_cache.TokenCache`.

  Raises:
    program.BadInput: if a record cannot be read, the folder cannot be written
      to, or another process writes there.
  """
  stamp = token_files.stamp_of(data_set, tokenizer, prompts)
  folder = token_files.folder_of(data_set, stamp)
  if token_files.is_whole(folder):
    return folder
  with growing.alone(folder.parent):
    if token_writer.place(folder):
      return folder
    with token_writer.Writer(
      folder, kind=data_set.manifest.kind, ids_dtype=tokenizer.ids_dtype
    ) as writer:
      for bad in writer.written.bad:
        faults.note(*bad)
      for chunk in workers.cut(
        data_set, prompts, faults=faults, start=writer.written.records
      ):
        for bad in chunk.bad:
          faults.note(*bad)
        writer.append(chunk)
        advance(len(chunk.counts))
      writer.finish(stamp)
  return folder


def _write_all(
  work: Sequence[tuple[records.DataSet, tokens.Prompts]],
  tokenizer: tokens.Tokenizer,
  *,
  processes: int,
  faults: faults_lib.Faults,
) -> dict[str, Any]:
  """Writes the caches of several data sets.

  Returns:
    What the program's last line says.
  """
  start, total = time.monotonic(), sum(len(data_set) for data_set, _ in work)
  before = sum(_done(data_set, tokenizer, own) for data_set, own in work)
  with (
    program.progress(
      total, unit="records", label="tokenising", done=before
    ) as bar,
    token_chunks.Workers(tokenizer, processes) as workers,
  ):
    found = [
      token_files.read(
        pretokenize(
          data_set,
          tokenizer,
          prompts,
          workers=workers,
          faults=faults,
          advance=bar.advance,
        )
      )
      for data_set, prompts in work
    ]
  seconds = time.monotonic() - start
  return {
    "caches": len(found),
    "records": total,
    "texts": sum(contents.texts for contents in found),
    "tokens": sum(contents.tokens for contents in found),
    "bytes": sum(contents.bytes for contents in found),
    "seconds": round(seconds, 2),
    "records_per_s": round((total - before) / max(seconds, 1e-9), 1),
    "skipped": sum(contents.skipped for contents in found),
  }


def _done(
  data_set: records.DataSet,
  tokenizer: tokens.Tokenizer,
  prompts: tokens.Prompts,
) -> int:
  """How many records of a data set are in its cache already."""
  stamp = token_files.stamp_of(data_set, tokenizer, prompts)
  folder = token_files.folder_of(data_set, stamp)
  if token_files.is_whole(folder):
    program.note_line(f"{folder} is whole already, and is left as it is")
    return len(data_set)
  done = token_writer.journal(folder).records
  if done:
    program.note_line(f"{folder}: going on at record {done:,}")
  return done


def define_flags() -> None:
  """The program's flags; at import they would clash with other programs'."""
  flags.DEFINE_string("data", "", "FOLDER,... or a mixture file.")
  flags.DEFINE_string("root", "", "What a mixture file's folders are below.")
  flags.DEFINE_string("tokenizer", "", "A folder with a tokenizer.")
  flags.DEFINE_integer("max_length", None, "Most tokens a text.", 1)
  flags.DEFINE_string("query_prompt", "", "Before the first texts.")
  flags.DEFINE_string("document_prompt", "", "Before all other texts.")
  flags.DEFINE_bool("swapped", False, "The first two texts change places.")
  flags.DEFINE_integer("workers", 0, "Processes; as many as cores if 0.", 0)
  flags.DEFINE_enum(
    "on_bad_record", "stop", faults_lib.POLICIES, "At what cannot be read."
  )
  flags.DEFINE_integer("max_bad_records", 100, "Skipped at most.", 0)


def _cores() -> int:
  """The processor cores that this process may use."""
  if hasattr(os, "sched_getaffinity"):  # Not on macOS.
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def main() -> None:
  """Runs the program."""
  given = flags.FLAGS
  program.require(given.data, "data", "runs/pairs")
  program.require(given.tokenizer, "tokenizer", "runs/tokenizer")
  program.require(given.max_length, "max_length", "128")
  tokenizer = tokens.Tokenizer(given.tokenizer, max_length=given.max_length)
  plain = options.Options(given.query_prompt, given.document_prompt)
  mixture = mixture_lib.open_mixture(
    given.data, root=given.root, defaults=plain
  )
  work = [
    (data_set, prompts.swapped() if given.swapped else prompts)
    for data_set, chosen in zip(mixture.data_sets, mixture.options, strict=True)
    for prompts in chosen.all_prompts
  ]
  result = _write_all(
    work,
    tokenizer,
    processes=given.workers or _cores(),
    faults=faults_lib.Faults(given.on_bad_record, given.max_bad_records),
  )
  program.print_result(result)


if __name__ == "__main__":
  define_flags()
  program.run(main)
