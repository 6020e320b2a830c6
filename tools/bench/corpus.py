"""The data sets of the input benchmark, written out of real pairs.

Pairs are read below a folder, `NAME/pairs.jsonl.gz` with a list of two texts a
line, and `NAME/triplets.jsonl.gz` with one of three, whose first two count.
"""

import itertools
import json
import pathlib
from collections.abc import Mapping, Sequence

# A compiled module without a stub:
from array_record.python import array_record_module  # pyright: ignore[reportAttributeAccessIssue]

from data import kinds
from data import manifest
from data import mixture as mixture_lib
from data import program
from data import records
from data.sources import rows

SHARDS = (1, 32, 400)  # of a data set
MAIN = 32
FILES = ("pairs.jsonl.gz", "triplets.jsonl.gz")

_PARTS = 4  # data sets that all pairs are cut into

Pair = tuple[str, str]


def find(folder: str) -> list[pathlib.Path]:
  """The files of pairs below a folder.

  Raises:
    program.BadInput: if there are none.
  """
  found = sorted(
    path for name in FILES for path in pathlib.Path(folder).rglob(name)
  )
  if not found:
    raise program.BadInput(
      f"--data={folder} has no file named {' or '.join(FILES)}; wanted one in "
      "it, or in each of the folders below it"
    )
  return found


def read(paths: Sequence[pathlib.Path], most: int) -> dict[str, list[Pair]]:
  """The pairs of each folder, by its name; those with a blank text are left.

  Args:
    paths: as `find` gives them.
    most: pairs of each file; 0 for all.

  Raises:
    program.BadInput: names the file or line that cannot be read.
  """
  pairs: dict[str, list[Pair]] = {}
  layout = rows.Layout(("first", "second"))
  with program.progress(len(paths), unit="files", label="reading") as progress:
    for path in paths:
      of_folder = pairs.setdefault(path.parent.name, [])
      for row in itertools.islice(rows.read(path, layout), most or None):
        if row.fault:
          raise program.BadInput(f"{rows.place(path, row.number)}: {row.fault}")
        first, second = map(str, row.values)
        if not (first.isspace() or second.isspace()) and first and second:
          of_folder.append((first, second))
      progress.advance()
  return {name: found for name, found in pairs.items() if found}


def write(
  folder: pathlib.Path, pairs: Sequence[Pair], shards: int = 1
) -> pathlib.Path:
  """Writes a data set, unless an earlier run has; gives its folder.

  Args:
    folder: takes it.
    pairs: what it is to hold.
    shards: into how many files, about; never more.
  """
  size = sum(len(kinds.encode(pair)) for pair in pairs)
  source = f"tools.bench.input: {len(pairs)} pairs, {size} bytes, {shards}"
  if not (folder / manifest.FILE).exists() or (
    manifest.read(folder).source != source
  ):
    with records.Writer(
      folder,
      name=folder.name,
      kind="pairs",
      columns=("first", "second"),
      source=source,
      shard_bytes=-(-size // shards),
    ) as writer:
      for pair in pairs:
        writer.write(pair)
  return folder


def layouts(
  out: pathlib.Path, pairs: Sequence[Pair], mixture: str
) -> dict[str, mixture_lib.Mixture]:
  """All pairs in a few data sets, which the names of a mixture share.

  Args:
    out: takes the data sets.
    pairs: of all.
    mixture: a file, whose names and weights are taken.

  Returns:
    Open mixtures by the number of shards of each data set; "apart" has as many
    as MAIN, and each name links to its data set by a folder of its own.
  """
  planned = mixture_lib.plan(mixture)
  opened = {}
  with program.progress(
    len(SHARDS), unit="layouts", label="writing"
  ) as progress:
    for shards in SHARDS:
      folders = [
        write(out / f"shards-{shards}" / str(part), pairs[part::_PARTS], shards)
        for part in range(_PARTS)
      ]
      opened[str(shards)] = _shared(out / f"{shards}.json", planned, folders)
      if shards == MAIN:
        links = _links(out / "apart", folders, len(planned.names))
        opened["apart"] = _shared(out / "apart.json", planned, links)
      progress.advance()
  return opened


def weighted(
  out: pathlib.Path, pairs: Mapping[str, Sequence[Pair]], most: int
) -> mixture_lib.Mixture:
  """A data set of each folder's first pairs, weighted by how many it has."""
  folders = [write(out / name, of[:most]) for name, of in pairs.items()]
  weights = list(map(len, pairs.values()))
  return open_mixture(out / "weighted.json", list(pairs), folders, weights)


def open_mixture(
  path: pathlib.Path,
  names: Sequence[str],
  folders: Sequence[pathlib.Path],
  weights: Sequence[float],
) -> mixture_lib.Mixture:
  """Writes a mixture file and opens its data sets."""
  content = [
    {"name": name, "folder": str(folder), "weight": weight}
    for name, folder, weight in zip(names, folders, weights, strict=True)
  ]
  path.write_text(json.dumps(content), encoding="utf-8")
  return mixture_lib.open_mixture(str(path))


def for_grain(out: pathlib.Path, pairs: Sequence[Pair]) -> list[list[str]]:
  """The files of the same data sets as grain wants them, one group a record.

  Args:
    out: takes the files.
    pairs: of all.

  Returns:
    The paths of each data set's files.
  """
  found: list[list[str]] = []
  for part in range(_PARTS):
    of_part = pairs[part::_PARTS]
    folder = out / "grain" / str(part)
    folder.mkdir(parents=True, exist_ok=True)
    found.append([])
    for shard in range(min(MAIN, len(of_part))):
      path = str(folder / f"{shard:05d}.array_record")
      writer = array_record_module.ArrayRecordWriter(path, "group_size:1")
      for pair in of_part[shard::MAIN]:
        writer.write(kinds.encode(pair))
      writer.close()
      found[-1].append(path)
  return found


def _shared(
  path: pathlib.Path,
  planned: mixture_lib.Mixture,
  folders: Sequence[pathlib.Path],
) -> mixture_lib.Mixture:
  """The mixture of the same names and weights that read these folders."""
  count = len(planned.names)
  taken = [folders[number % len(folders)] for number in range(count)]
  weights = [entry.weight for entry in planned.entries]
  return open_mixture(path, planned.names, taken, weights)


def _links(
  out: pathlib.Path, folders: Sequence[pathlib.Path], count: int
) -> list[pathlib.Path]:
  """So many folders, which are links to others."""
  out.mkdir(exist_ok=True)
  links = [out / str(number) for number in range(count)]
  for number, link in enumerate(links):
    if not link.is_symlink():
      link.symlink_to(folders[number % len(folders)])
  return links
