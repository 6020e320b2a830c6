"""Captions of one image as pairs: COCO, Flickr30k and files of their kind.

    python -m data.sources.importers.captions \\
      --in=annotations_trainval2014.zip --out=runs/coco

(COCO: Chen et al. 2015, arXiv 1504.00325; Flickr30k: Young et al. 2014.) It
reads

- captions_train2014.json: annotations with image_id and caption;
- dataset_coco.json, dataset_flickr30k.json (Karpathy's): images with their
  sentences, those of `--splits`;
- results_20130124.token: `IMAGE#NUMBER`, a tab and a caption;
- results.csv and captions.txt: columns for the image and its caption;
- lines of `{"set": [...]}`.

Any two captions of an image are a pair: ten of the usual five, and no more than
`--max_pairs` (data/sources/text_sets.py says which). `--kind=grouped` names the
image in each record. An origin is the image.
"""

import pathlib
from collections.abc import Iterator
from typing import Any

import msgspec

from data.sources import bad
from data.sources import importing
from data.sources import json_array
from data.sources import json_line
from data.sources import line_rows
from data.sources import named_rows
from data.sources import raw
from data.sources import rows
from data.sources import text_groups
from data.sources import text_sets
from data.sources.importers import importer

_NAMES = {
  "image": ("image_name", "image", "image_id", "filename"),
  "caption": ("comment", "caption", "raw"),
}


class _Annotation(msgspec.Struct):
  """A caption of COCO."""

  image_id: int | str
  caption: str


class _Sentence(msgspec.Struct):
  """A caption of Karpathy's files."""

  raw: str


class _Image(msgspec.Struct):
  """An image of Karpathy's files."""

  sentences: list[_Sentence]
  filename: str = ""
  imgid: int = 0
  split: str = ""


class _Set(msgspec.Struct):
  """Captions of one image, which has no name."""

  texts: list[str] = msgspec.field(name="set")


def read(
  file: raw.File, options: importer.Options, scratch: pathlib.Path
) -> Iterator[rows.Row]:
  """The rows of a file."""
  groups = text_groups.Groups(scratch)
  yield from _collect(file, options, groups)
  for image, values in groups:
    texts = [text.strip() for (text,) in values]
    pairs = text_sets.pairs(texts, options["max_pairs"])
    if not pairs:
      yield rows.Row(0, dropped="one_caption")
    for pair in pairs:
      grouped = options["kind"] == "grouped"
      yield rows.Row(0, (*pair, image) if grouped else pair, origin=image)


def _collect(
  file: raw.File, options: importer.Options, groups: text_groups.Groups
) -> Iterator[rows.Row]:
  """Puts all captions into groups; gives the rows that are none."""

  def of_set(_: int, found: _Set) -> Iterator[rows.Row]:
    group = text_sets.group_of(found.texts) if found.texts else "none"
    for text in found.texts:
      groups.add(group, [text])
    yield from ()

  def of_values(_: int, values: dict[str, Any]) -> Iterator[rows.Row]:
    groups.add(str(values["image"]).strip(), [str(values["caption"])])
    yield from ()

  def of_token(number: int, fields: list[str]) -> Iterator[rows.Row]:
    if len(fields) != 2 or "#" not in fields[0]:
      fault = f"is {fields!r:.60}; wanted IMAGE#NUMBER, a tab and a caption"
      yield rows.Row(number, fault=fault)
    else:
      groups.add(fields[0].rpartition("#")[0], [fields[1]])

  first = line_rows.header(file)
  if file.base.endswith(".json"):
    return _of_json(file, options, groups)
  if first.lstrip().startswith('{"set"'):
    return line_rows.of_json(file, _Set, of_set)
  if "#" in first.partition("\t")[0] and "\t" in first:
    return line_rows.of_fields(file, of_token)
  delimiter = next((mark for mark in "|\t" if mark in first), ",")
  return named_rows.read(
    file, _NAMES, of_values, quoted=delimiter == ",", delimiter=delimiter
  )


def _of_json(
  file: raw.File, options: importer.Options, groups: text_groups.Groups
) -> Iterator[rows.Row]:
  """The captions of COCO's or Karpathy's file."""
  splits = options["splits"].split(",")
  schema = _Image if _is_karpathys(file) else _Annotation
  decode = json_line.decoder(schema)
  key = "images" if schema is _Image else "annotations"
  with raw.open_stream(file) as stream:
    for number, element, fault in json_array.elements(stream, key):
      try:
        found = None if fault else decode(element)
      except bad.BadRow as error:
        found, fault = None, f"is bad ({error})"
      if found is None:
        yield rows.Row(number, fault=fault)
      elif isinstance(found, _Annotation):
        groups.add(str(found.image_id), [found.caption])
      elif found.split and found.split not in splits:
        yield rows.Row(number, dropped="other_split")
      else:
        for sentence in found.sentences:
          groups.add(found.filename or str(found.imgid), [sentence.raw])


def _is_karpathys(file: raw.File) -> bool:
  """Whether the images of a file have their sentences."""
  decode = json_line.decoder(dict[str, Any])
  with raw.open_stream(file) as stream:
    for _, element, fault in json_array.elements(stream, "images"):
      try:
        return not fault and "sentences" in decode(element)
      except bad.BadRow:
        return False
  return False


IMPORTER = importer.Importer(
  name="captions",
  kinds={
    "pairs": ("caption", "other_caption"),
    "grouped": ("caption", "other_caption", "image"),
  },
  wanted=(
    "captions_train*.json",
    "dataset_*.json",
    "*.token",
    "results.csv",
    "captions.txt",
    "*.jsonl",
  ),
  read=read,
  options=(
    importer.Option(
      "max_pairs", 10, "The most pairs of an image; 0 for all.", low=0
    ),
    importer.Option(
      "splits", "train,restval", "Of Karpathy's files, those that are taken."
    ),
  ),
  origin="image",
)


if __name__ == "__main__":
  importing.run(IMPORTER)
