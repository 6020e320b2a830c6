"""What is in a mirror is in the bucket, and the other way round."""

import pytest

from data import program
from embeddings import mirror
from tests import programs

FILES = {
  "a.json": b"{}",
  "words/tokenizer.json": b"[]",
  "carried/query/config.json": b"\x00\xff",
  "z.json": b"",
}


def write(folder, files):
  """Writes files below a folder."""
  for name, content in files.items():
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def stored(bucket, url):
  """What a bucket holds below an address."""
  start = len(url.removeprefix("gs://").partition("/")[2]) + 1
  return {n[start:]: bucket.objects[n].content for n in bucket.below(url)}


def test_what_is_pushed_is_pulled(bucket):
  url = bucket.folder()
  first = mirror.Mirror(url)
  assert programs.contents(first.path) == {}
  write(first.path, FILES)
  # Those that are no files of the folder yet, or never.
  write(first.path, {".b.json.partial": b"[", "lock": b""})
  first.push()
  assert stored(bucket, url) == FILES
  second = mirror.Mirror(url)
  assert programs.contents(second.path) == FILES
  assert second.path != first.path
  write(second.path, {"a.json": b"[1]", "new/b": b"2"})
  (second.path / "z.json").unlink()
  second.push()
  first.pull()
  there = {**FILES, "a.json": b"[1]", "new/b": b"2"}
  del there["z.json"]
  assert stored(bucket, url) == there
  # A mirror that another goes on with forgets nothing by itself.
  assert (first.path / "z.json").exists()
  assert (first.path / "a.json").read_bytes() == b"[1]"


def test_only_what_has_changed_is_sent(bucket):
  url = bucket.folder()
  one = mirror.Mirror(url)
  write(one.path, FILES)
  one.push()
  before = {name: bucket.objects[name] for name in bucket.below(url)}
  write(one.path, {"z.json": b"more"})
  one.push()
  after = {name: bucket.objects[name] for name in bucket.below(url)}
  changed = {name for name in after if after[name] != before[name]}
  assert [name.rpartition("/")[2] for name in changed] == ["z.json"]
  again = mirror.Mirror(url)
  again.push()
  assert after == {name: bucket.objects[name] for name in bucket.below(url)}


def test_what_speaks_of_others_is_sent_after_them(bucket):
  url = bucket.folder()
  one = mirror.Mirror(url, last=("z.json", "a.json"))
  write(one.path, FILES)
  one.push()
  by_time = sorted(
    bucket.below(url), key=lambda name: bucket.objects[name].generation
  )
  assert [name.rpartition("/")[2] for name in by_time][2:] == [
    "z.json",
    "a.json",
  ]


def test_what_a_run_does_not_read_is_left_there(bucket):
  url = bucket.folder()
  one = mirror.Mirror(url)
  curves = {"tensorboard/events": b"1", "checkpoints/5/params": b"2"}
  write(one.path, FILES | curves)
  one.push()
  again = mirror.Mirror(url)
  assert programs.contents(again.path) == FILES
  write(again.path, {"tensorboard/events2": b"3"})
  again.push()
  assert stored(bucket, url) == FILES | curves | {"tensorboard/events2": b"3"}


def test_folders_and_urls_are_told_apart(tmp_path):
  assert mirror.is_remote("gs://bucket/a") and mirror.is_remote("s3://bucket")
  for path in (tmp_path, "runs/gs:/a", "gs/a", "", "C:/a"):
    assert not mirror.is_remote(path)
  with pytest.raises(program.BadInput, match="with ftp://, which is not known"):
    mirror.is_remote("ftp://host/run")


def test_a_bucket_that_cannot_be_used_is_named():
  # It takes a package that is not required.
  with pytest.raises(
    program.BadInput, match="az://box/run cannot be used .* i"
  ):
    mirror.Mirror("az://box/run")
