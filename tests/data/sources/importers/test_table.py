"""What every importer does, over the table of them."""

import gzip
import pathlib
import shutil
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from data import program
from data import records
from data.cleaning import rules as rules_lib
from data.sources import importing
from data.sources import raw
from data.sources import sieve
from data.sources import sifted
from data.sources.importers import table
from tests.data.sources.importers import cases


def settings(options: Mapping[str, Any]) -> dict[str, Any]:
  """The options of a case."""
  return {
    name: value.format(dumps=cases.DUMPS) if isinstance(value, str) else value
    for name, value in options.items()
  }


def convert(
  case: cases.Case, path: pathlib.Path, out: pathlib.Path, share: float = 1.0
) -> dict[str, Any]:
  """Imports a file."""
  importer = table.IMPORTERS[case.importer]
  files = [raw.File(path)]
  return importing.convert(
    importer,
    files,
    out,
    rules=sieve.Rules(
      importing.kind_of(importer, files, case.kind),
      rules_lib.Rules(),
      max_bad_share=share,
    ),
    about=sifted.About("test", "ours", "CC0"),
    options=settings(case.options),
  )


def copied(case: cases.Case, folder: pathlib.Path) -> pathlib.Path:
  """A copy of a case's file, and of those beside it."""
  root = case.file.split("/")[0]
  shutil.copytree(cases.DUMPS / root, folder / root)
  return folder / case.file


def with_row(content: bytes, row: bytes) -> bytes:
  """A file with one more row behind the others."""
  if content.startswith((b"[\n", b'{"info"', b'{"version"')):
    end = content.rindex(b"]")
    return content[:end] + b"," + row + content[end:]
  return content + row


def test_every_importer_has_a_case() -> None:
  assert {case.importer for case in cases.CASES.values()} == set(
    table.IMPORTERS
  )
  for name, importer in table.IMPORTERS.items():
    assert importer.name == name
    assert importer.columns == importer.kinds[importer.kind]


@pytest.mark.parametrize("case", cases.CASES.values(), ids=cases.CASES)
def test_what_comes_out(case: cases.Case, tmp_path: pathlib.Path) -> None:
  result = convert(case, cases.DUMPS / case.file, tmp_path / "set", 0.0)
  data_set = records.DataSet(tmp_path / "set")
  about = data_set.manifest
  everything = range(len(data_set))
  found = data_set.read(everything)
  origins = data_set.origins(everything) if case.origins else [""] * len(found)
  wanted_origins = case.origins or [""] * len(found)
  assert sorted(zip(found, origins, strict=True)) == sorted(
    zip(case.records, wanted_origins, strict=True)
  )
  assert result["dropped"] == case.dropped
  assert result["records"] == result["datasets"]["test"] == len(case.records)
  assert result["read"] == len(case.records) + sum(case.dropped.values())
  importer = table.IMPORTERS[case.importer]
  assert about.columns == importer.kinds[about.kind]
  assert about.filters["importer"] == case.importer
  assert [path.name for path in tmp_path.iterdir()] == ["set"]


@pytest.mark.parametrize("case", cases.CASES.values(), ids=cases.CASES)
def test_packed_and_broken(case: cases.Case, tmp_path: pathlib.Path) -> None:
  path = copied(case, tmp_path)
  convert(case, path, tmp_path / "plain")
  digest = records.DataSet(tmp_path / "plain").manifest.digest
  content = with_row(path.read_bytes(), case.broken)
  path = path.with_name(f"{path.name}.gz")
  path.write_bytes(gzip.compress(content))
  result = convert(case, path, tmp_path / "packed")
  assert records.DataSet(tmp_path / "packed").manifest.digest == digest
  bad = {"bad_record": 1} if case.broken else {}
  assert result["dropped"] == {**case.dropped, **bad}
  if case.broken:
    with pytest.raises(program.BadInput) as error:
      convert(case, path, tmp_path / "packed", 0.0)
    assert str(error.value).startswith(f"{path.name} ")
    # What stood there still stands.
    assert records.DataSet(tmp_path / "packed").manifest.digest == digest


@pytest.mark.parametrize("case", cases.CASES.values(), ids=cases.CASES)
@pytest.mark.parametrize(
  "content", [b"<html>\n<p>404\t\xe9</p>\n", b"", b"\0\1\2\xff\xfe"], ids=len
)
def test_a_wrong_file(
  case: cases.Case, content: bytes, tmp_path: pathlib.Path
) -> None:
  path = copied(case, tmp_path)
  path.write_bytes(content)
  with pytest.raises(program.BadInput) as error:
    convert(case, path, tmp_path / "set", 0.01)
  message = str(error.value)
  assert path.name in message
  assert any(word in message for word in ("fetch", "mend", "wanted", "give"))
  assert len(message) < 500
  assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("case", cases.CASES.values(), ids=cases.CASES)
def test_a_file_cut_short(case: cases.Case, tmp_path: pathlib.Path) -> None:
  path = copied(case, tmp_path)
  first, end, others = path.read_bytes().partition(b"\n")
  content = first + end + others * (1 if path.suffix == ".json" else 50)
  path.unlink()
  path = path.with_name(f"{path.name}.gz")
  path.write_bytes(gzip.compress(content, 0)[:-100])
  with pytest.raises(program.BadInput) as error:
    convert(case, path, tmp_path / "set", 0.0)
  assert path.name in str(error.value)
  # What came before is taken, where so much may be bad.
  if case.options.get("translation"):
    return  # Its other file is longer now.
  result = convert(case, path, tmp_path / "set", 1.0)
  assert result["dropped"]["bad_record"] == 1


def test_options_that_there_are_not(tmp_path: pathlib.Path) -> None:
  importer = table.IMPORTERS["dpr"]
  with pytest.raises(
    program.BadInput, match="dpr has no option 'colour', only"
  ):
    importer.settings({"colour": "red"})
  with pytest.raises(program.BadInput, match="=some: wanted one of hard, all"):
    importer.settings({"negatives": "some"})
  with pytest.raises(
    program.BadInput, match="--kind=scored: dpr makes triplet"
  ):
    importing.kind_of(importer, [], "scored")


@pytest.mark.parametrize("name", ["beir", "codesearchnet"])
def test_archives(name: str, tmp_path: pathlib.Path) -> None:
  importer = table.IMPORTERS[name]
  with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
    for path in sorted((cases.DUMPS / name).rglob("*.*sv")) + sorted(
      (cases.DUMPS / name).rglob("*.jsonl")
    ):
      inside = path.relative_to(cases.DUMPS)
      archive.writestr(f"{inside}.gz", gzip.compress(path.read_bytes()))
      # As macOS adds to its archives: MultiNLI's has them.
      hidden = inside.with_name(f"._{inside.name}")
      archive.writestr(f"__MACOSX/{hidden}", b"\0\5\x16\7\0Mac OS X")
  digests = []
  for place in (cases.DUMPS / name, tmp_path / "all.zip"):
    importing.convert(
      importer,
      importing.find(importer, [str(place)], {}),
      tmp_path / "set",
      rules=sieve.Rules(importer.kind),
      about=sifted.About("set"),
    )
    digests.append(records.DataSet(tmp_path / "set").manifest.digest)
  assert digests[0] == digests[1]


def test_files_of_a_folder() -> None:
  for name, options, wanted in (
    ("beir", {}, ["train.tsv"]),
    ("beir", {"split": "test"}, ["test.tsv"]),
    ("parallel", {}, ["small.tsv"]),
    ("parallel", {"language": "en"}, ["small.en"]),
    ("codesearchnet", {}, ["small_train_0.jsonl"]),
  ):
    importer = table.IMPORTERS[name]
    found = importing.find(importer, [str(cases.DUMPS / name)], options)
    assert [file.base for file in found] == wanted


@pytest.mark.parametrize(
  "name, published, train",
  [
    ("nli", "snli_1.0_{}.jsonl", "train"),
    ("nli", "snli_1.0_{}.txt", None),  # The same as the .jsonl beside it.
    ("nli", "multinli_1.0_{}.jsonl", "train"),
    ("squad", "{}-v2.0.json", "train"),
    ("dpr", "biencoder-nq-{}.json.gz", "train"),
    ("msmarco", "qrels.{}.tsv", "train"),
    ("sts", "sts-{}.csv", "train"),
    ("captions", "captions_{}2014.json", "train"),
    ("codesearchnet", "java_{}_0.jsonl.gz", "train"),
  ],
)
def test_of_a_folder_only_training_is_taken(
  name: str, published: str, train: str | None, tmp_path: pathlib.Path
) -> None:
  for part in ("train", "dev", "dev_matched", "val", "valid", "test"):
    (tmp_path / published.format(part)).touch()
  importer = table.IMPORTERS[name]
  if train is None:
    with pytest.raises(program.BadInput, match="has no "):
      importing.find(importer, [str(tmp_path)], {})
    return
  found = importing.find(importer, [str(tmp_path)], {})
  assert [file.path.name for file in found] == [published.format(train)]
