"""Tests of data/sources/importers/captions.py."""

import json
import pathlib

from data.sources import raw
from data.sources import rows
from data.sources.importers import captions


def read(path: pathlib.Path, kind: str = "pairs") -> list[rows.Row]:
  """The rows of a file."""
  options = captions.IMPORTER.settings({}) | {"kind": kind}
  return list(captions.read(raw.File(path), options, path.parent / "scratch"))


def test_karpathys_files(tmp_path: pathlib.Path) -> None:
  images = [
    {
      "filename": f"{split}.jpg",
      "imgid": number,
      "split": split,
      "sentences": [
        {"raw": f"{split} one", "tokens": []},
        {"raw": f"{split} two", "tokens": []},
      ],
    }
    for number, split in enumerate(("train", "val", "restval", "test"))
  ]
  path = tmp_path / "dataset_coco.json"
  path.write_text(json.dumps({"images": images, "dataset": "coco"}))
  found = read(path)
  assert {frozenset(row.values) for row in found if row.values} == {
    frozenset({"train one", "train two"}),
    frozenset({"restval one", "restval two"}),
  }
  assert [row.dropped for row in found if not row.values] == ["other_split"] * 2
  assert {row.origin for row in found} == {"", "train.jpg", "restval.jpg"}


def test_sets(tmp_path: pathlib.Path) -> None:
  path = tmp_path / "t.jsonl"
  path.write_text('{"set": ["a", "b"]}\n{"set": ["c"]}\n{"set": 7}\n')
  found = read(path, "grouped")
  assert [row.fault[:6] for row in found if row.fault] == ["is bad"]
  assert [row.dropped for row in found if row.dropped] == ["one_caption"]
  (pair,) = [row.values for row in found if row.values]
  assert sorted(pair[:2]) == ["a", "b"]
