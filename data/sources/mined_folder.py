"""The folder of a miner's data sets, and whether it is there already.

It holds a data set folder for each output, and `summary.json`: the settings and
what the program's last line says.
"""

import json
import pathlib
import shutil
from typing import Any

import xxhash

from data import atomic
from data import program

SUMMARY = "summary.json"


def finished(
  out: pathlib.Path, settings: dict[str, Any]
) -> dict[str, Any] | None:
  """The result of an earlier run of the same settings, if there is one.

  Args:
    out: the folder.
    settings: all that decides what is in it, as JSON has it.

  Raises:
    program.BadInput: if something else stands there.
  """
  if not out.exists() or (out.is_dir() and not any(out.iterdir())):
    return None
  path = out / SUMMARY
  if not path.is_file():
    raise program.BadInput(
      f"--out={out} exists and holds no mined data sets (it has no {SUMMARY}); "
      "give another folder or move it away"
    )
  try:
    summary = json.loads(path.read_text(encoding="utf-8"))
    result, names = summary["result"], list(summary["result"]["datasets"])
    same = _text(summary["settings"]) == _text(settings)
  except (ValueError, KeyError, TypeError):
    return None
  return result if same and all((out / n).is_dir() for n in names) else None


def begin(work: pathlib.Path, settings: dict[str, Any]) -> pathlib.Path:
  """The folder for what is made by these settings; that of others goes.

  Args:
    work: where it stands.
    settings: as for `finished`.
  """
  digest = xxhash.xxh3_128_hexdigest(_text(settings).encode())
  made = work / f"made-{digest}"
  for other in set(work.glob("made-*")) - {made}:
    shutil.rmtree(other)
  return made


def put(
  whole: pathlib.Path,
  out: pathlib.Path,
  settings: dict[str, Any],
  result: dict[str, Any],
) -> None:
  """Says what a folder of data sets is, and puts it in its place."""
  summary = {"settings": settings, "result": result}
  atomic.write_text(whole / SUMMARY, json.dumps(summary, indent=2) + "\n")
  atomic.put(whole, out)


def _text(settings: dict[str, Any]) -> str:
  """Settings as a text that is the same for the same ones."""
  return json.dumps(settings, sort_keys=True)
