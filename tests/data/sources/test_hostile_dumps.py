"""Dumps that are broken or mean harm, through the miners.

Whatever stands in a dump beside its good rows, and whatever it is packed in,
the same pairs come of the good ones, and the rest is counted.
"""

import gzip
import json
import pathlib
import random
from collections.abc import Callable

import pytest

from data import engine
from data import program
from data import records
from data.sources import mining
from data.sources import mining_flags
from data.sources import raw
from data.sources import reddit
from data.sources import stackexchange
from data.sources import stackexchange_pairs
from data.sources import stackexchange_sites
from data.sources import wikipedia
from tests.data.sources import packed
from tests.data.sources import reddit_lines
from tests.data.sources import stackexchange_dump
from tests.data.sources import wikipedia_dump

Pairs = dict[str, set[tuple[str, tuple[str, ...]]]]
Mined = tuple[Pairs, dict[str, int]]

LAUGHS = b"".join(
  b'<!ENTITY l%d "%b">' % (i + 1, b"&l%d;" % i * 10) for i in range(9)
)
DOCTYPE = (
  b'<!DOCTYPE x [<!ENTITY l0 "lol">%b<!ENTITY f SYSTEM "file:///etc/passwd">]>'
  % LAUGHS
)
MEGABYTE = 2**20


def mine(miner: mining.Miner, out: pathlib.Path, share: float = 1.0) -> Mined:
  """The pairs of each data set with their origins, and what was bad."""
  one = engine.Settings(memory_bytes=2**29, processes=1)
  settings = mining_flags.Settings(one, processes=1, max_bad_share=share)
  result = mining.mine(miner, out, settings)
  found: Pairs = {}
  for name, count in result["datasets"].items():
    found[name] = set()
    if not count:  # It would not be opened.
      continue
    data_set = records.DataSet(out / name)
    every = range(len(data_set))
    texts = map(tuple, data_set.read(every))
    found[name] = set(zip(data_set.origins(every), texts, strict=True))
  return found, result["bad"]


def of_stackexchange(path: pathlib.Path) -> mining.Miner:
  """The miner of one site."""
  return stackexchange.miner(
    stackexchange_sites.find([str(path)], "repair.example.com"),
    ["title_body", "title_body_answer", "duplicates"],
    stackexchange_pairs.Settings(),
    "keep",
  )


def of_reddit(path: pathlib.Path) -> mining.Miner:
  """The miner of some months."""
  files = raw.find([str(path)], reddit.WANTED)
  return reddit.miner(files, reddit.Settings())


def of_wikipedia(path: pathlib.Path) -> mining.Miner:
  """The miner of a wiki."""
  return wikipedia.miner(raw.find([str(path)], wikipedia.WANTED))


def hostile_site(folder: pathlib.Path) -> pathlib.Path:
  """The site, with a DTD in its head and bad rows between its posts."""
  folder.mkdir()
  links = (stackexchange_dump.REPAIR / "PostLinks.xml").read_bytes()
  (folder / "PostLinks.xml.gz").write_bytes(gzip.compress(links))
  posts = (stackexchange_dump.REPAIR / "Posts.xml").read_bytes()
  head, *rows = posts.split(b"  <row ")
  question = b'PostTypeId="1" Score="1" Title="A title" Body="'
  bad_rows = [
    b'Id="9001" %b&l9;" />' % question,
    b'Id="9002" %b&f;" />' % question,
    b'Id="9003" %b<p>" />' % question,
    b'Id="9004" %b\x01" />' % question,
    b'Id="9005" Id="9005" %b" />' % question,
    b'Id="9006" %bno end of the row' % question,
    b'Id="9007" %b\xff" />' % question,
    b'Id="9008" %b%b" />' % (question, b"a" * (9 * MEGABYTE)),
    # Good rows with bad texts: many elements in elements, a large one, and
    # half a tag.
    b'Id="9009" %b%b" />' % (question, b"&lt;div&gt;" * 50_000),
    b'Id="9010" %b%b" />' % (question, b"&lt;p&gt;text " * 100_000),
    b'Id="9011" %b%b" />' % (question, b"&lt;" * 100_000),
    b'Id="9012" PostTypeId="2" ParentId="77777" Score="9" Body="lost" />',
  ]
  rows[3:3] = [row + b"\n" for row in bad_rows]
  (folder / "Posts.xml").write_bytes(b"  <row ".join([head + DOCTYPE, *rows]))
  return folder


def hostile_months(folder: pathlib.Path) -> pathlib.Path:
  """The months, with bad lines between their comments."""
  folder.mkdir()
  lines = b"".join(path.read_bytes() for path in reddit_lines.MONTHS)
  first, *rest = lines.splitlines(keepends=True)
  good = reddit_lines.line("h1", "absent", body="an answer to nobody knows")
  text = json.dumps(good).encode()
  bad_lines = [
    text[:-30],
    b"<html>",
    b'{"x": ' + b"[" * 1_000_000,
    text.replace(b"nobody", b"no\\ud800body"),
    text.replace(b"nobody", b"no\xffbody"),
    text.replace(b'"an answer', b'["an answer').replace(b'knows"', b'knows"]'),
    json.dumps(good | {"body": "a" * 9 * MEGABYTE}).encode(),
    text,
    json.dumps(good | {"id": "h2", "body": "[" * MEGABYTE}).encode(),
    json.dumps(good | {"id": "h3", "body": "&lt;" * MEGABYTE}).encode(),
  ]
  path = folder / "RC_2019-03"
  path.write_bytes(
    b"".join([first, *(row + b"\n" for row in bad_lines), *rest])
  )
  return folder


def hostile_wiki(folder: pathlib.Path) -> pathlib.Path:
  """The wiki, with a DTD in its head and bad pages between its articles."""
  folder.mkdir()
  pages = [page.encode() for page in wikipedia_dump.pages()]
  good = wikipedia_dump.page(9001, "Bad page", "Words of a bad page.").encode()
  bad_pages = [
    good.replace(b"Words", b"&l9; &f;"),
    good.replace(b"Words", b"<p>"),
    good.replace(b"Words", b"\x01"),
    good.replace(b"Words", b"\xff"),
    good.replace(b"</page>", b""),
    good.replace(b"<revision>", b"<x>" * 100_000),
    good.replace(b"Words", b"a" * 9 * MEGABYTE),
  ]
  texts = ("{{" * 50_000, "[[" * 50_000, "<ref>" * 50_000, "{|" * 50_000)
  bad_pages += [
    wikipedia_dump.page(9100 + i, f"{{ {i}", text).encode()
    for i, text in enumerate(texts)
  ]
  pages[2:2] = bad_pages
  parts = [DOCTYPE, wikipedia_dump.head().encode(), *pages]
  dump = b"".join(parts) + wikipedia_dump.END.encode()
  (folder / wikipedia_dump.FILE.name).write_bytes(dump)
  return folder


SOURCES: dict[
  str,
  tuple[
    Callable[[pathlib.Path], mining.Miner],
    pathlib.Path,
    Callable[[pathlib.Path], pathlib.Path],
    dict[str, int],
  ],
] = {
  "stackexchange": (
    of_stackexchange,
    stackexchange_dump.REPAIR,
    hostile_site,
    {"broken_xml": 6, "not_utf8": 1, "row_too_long": 1},
  ),
  "reddit": (
    of_reddit,
    reddit_lines.FOLDER,
    hostile_months,
    {"broken_json": 4, "not_utf8": 1, "wrong_fields": 1, "row_too_long": 1},
  ),
  "wikipedia": (
    of_wikipedia,
    wikipedia_dump.FOLDER,
    hostile_wiki,
    {"broken_xml": 5, "not_utf8": 1, "row_too_long": 1},
  ),
}
# Of the rows that are good and hold bad texts; they may give pairs.
THEIRS = ("/q90", "/h", "/91", "/90")


@pytest.mark.parametrize("source", SOURCES)
def test_bad_rows_are_counted_and_cost_nothing_else(source, tmp_path):
  miner, clean, spoil, bad = SOURCES[source]
  plain, nothing_bad = mine(miner(clean), tmp_path / "plain")
  assert nothing_bad == {} and sum(map(len, plain.values())) > 20
  found, counts = mine(miner(spoil(tmp_path / "dump")), tmp_path / "out")
  assert counts == bad
  assert found.keys() == plain.keys()
  for name, pairs in plain.items():
    assert pairs <= found[name]
    for origin, _ in found[name] - pairs:
      assert any(part in origin for part in THEIRS), origin


@pytest.mark.parametrize("source", ["reddit"])
def test_too_many_bad_rows_stop_it(source, tmp_path):
  miner, _, spoil, _ = SOURCES[source]
  dump = spoil(tmp_path / "dump")
  with pytest.raises(program.BadInput, match="rows could not be read.*first"):
    mine(miner(dump), tmp_path / "out", share=0.01)
  assert not (tmp_path / "out").exists()


def test_bad_archives_beside_a_good_one(tmp_path, capsys):
  folder = tmp_path / "dump"
  folder.mkdir()
  posts, links = (
    (stackexchange_dump.REPAIR / f"{name}.xml").read_bytes()
    for name in ("Posts", "PostLinks")
  )
  members = {"Posts.xml": posts, "PostLinks.xml": links}
  whole = packed.archive("seven.7z", members)
  outside = {"../Posts.xml": b"outside", "/tmp/PostLinks.xml": b"outside"}
  for name, data in {
    "repair.example.com.7z": packed.archive("deflated.zip", members | outside),
    "html.example.com.7z": b"<!DOCTYPE html><title>404</title>",
    "cut.example.com.7z": whole[: len(whole) // 2],
    "empty.example.com.7z": b"",
  }.items():
    path = folder / name
    if data.startswith(b"PK"):
      path = path.with_suffix(".zip")
    path.write_bytes(data)
  sites = stackexchange_sites.find([str(folder)])
  miner = stackexchange.miner(
    sites, ["title_body"], stackexchange_pairs.Settings(), "keep"
  )
  found, bad = mine(miner, tmp_path / "out")
  assert bad == {"damaged": 2, "empty": 1}
  assert len(found["title_body"]) > 5
  assert all(origin.startswith("repair") for origin, _ in found["title_body"])
  told = capsys.readouterr().err
  assert "'../Posts.xml' leads outside; it is left out" in told
  assert "html.example.com.7z:Posts.xml: is no .7z archive" in told


def packed_dump(
  source: str, ending: str, folder: pathlib.Path
) -> tuple[pathlib.Path, list[pathlib.Path]]:
  """A source's dump with its files packed, and these files."""
  folder.mkdir()
  files, pack = [], packed.PACKERS.get(ending, bytes)
  for path in sorted(SOURCES[source][1].iterdir()):
    files.append(folder / f"{path.name}{ending}")
    files[-1].write_bytes(pack(path.read_bytes()))
  return folder, files


# What depends on a row alone, and not on others that may be missing.
ALONE = {
  "stackexchange": ("title_body",),
  "reddit": ("train", "test"),
  "wikipedia": ("title_introduction", "sections"),
}
ENDINGS = {"stackexchange": ".gz", "reddit": ".zst", "wikipedia": ".bz2"}


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES)
def test_a_dump_that_is_cut_short_anywhere(source, tmp_path):
  miner, clean, _, _ = SOURCES[source]
  plain, _ = mine(miner(clean), tmp_path / "plain")
  for tenth in range(10):
    dump, files = packed_dump(source, ENDINGS[source], tmp_path / f"{tenth}")
    whole = files[-1].read_bytes()
    files[-1].write_bytes(whole[: len(whole) * tenth // 10])
    try:
      found, bad = mine(miner(dump), tmp_path / f"out{tenth}")
    except program.BadInput as error:
      assert "no records came of" in str(error)
      continue
    assert bad == {"cut_short" if tenth else "empty": 1}
    for name in ALONE[source]:
      assert found[name] <= plain[name]


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES)
def test_flipped_bytes_end_in_counts(source, tmp_path):
  miner, _, _, _ = SOURCES[source]
  drawn = random.Random(source)
  for ending in ("", *packed.PACKERS):
    for number in range(4):
      name = f"{number}{ending}"
      dump, files = packed_dump(source, ending, tmp_path / name)
      data = bytearray(files[-1].read_bytes())
      for _ in range(3):
        data[drawn.randrange(len(data))] ^= drawn.randrange(1, 256)
      files[-1].write_bytes(data)
      try:
        _, bad = mine(miner(dump), tmp_path / f"out{name}")
      except program.BadInput as error:
        assert "no records came of" in str(error)
      else:
        assert bad or not ending


@pytest.mark.long
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_dumps_in_other_encodings(source, encoding, tmp_path):
  miner, clean, _, _ = SOURCES[source]
  (tmp_path / "dump").mkdir()
  for path in clean.iterdir():
    text = path.read_text(encoding="utf-8-sig").encode(encoding)
    (tmp_path / "dump" / path.name).write_bytes(text)
  plain = mine(miner(clean), tmp_path / "plain")
  assert mine(miner(tmp_path / "dump"), tmp_path / "out") == plain
