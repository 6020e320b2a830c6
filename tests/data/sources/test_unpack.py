"""Compressed bytes, unpacked block by block."""

import bz2
import gzip
import lzma
import zlib

import hypothesis
import pytest
import zstandard
from hypothesis import strategies

from data.sources import bad
from data.sources import unpack
from tests.data.sources import packed

ENDINGS = tuple(packed.PACKERS)
SKIPPED = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"meta"


def read(data, ending, size=1_000):
  blocks = (data[i : i + size] for i in range(0, len(data), size))
  return b"".join(unpack.unpacked(blocks, ending))


@pytest.mark.parametrize("ending", ENDINGS)
@hypothesis.given(
  texts=strategies.lists(strategies.binary(max_size=300), max_size=4),
  size=strategies.integers(1, 200),
)
@hypothesis.settings(max_examples=40, deadline=None)
def test_members_end_to_end_are_one_text(ending, texts, size):
  data = b"".join(map(packed.PACKERS[ending], texts))
  assert read(data, ending, size) == b"".join(texts)


def test_names():
  names = ("a.xml.gz", "A.BZ2", "RC_2019-01.zst", "a.xz", "a.gz.xml", "gz")
  endings = [".gz", ".bz2", ".zst", ".xz", "", ""]
  assert list(map(unpack.ending, names)) == endings


@pytest.mark.parametrize("ending", ENDINGS)
def test_padding_and_what_is_no_padding(ending):
  data = packed.PACKERS[ending](b"text")
  assert read(data + b"\0" * 2_000 + data, ending) == b"texttext"
  with pytest.raises(bad.Broken) as caught:
    read(data + b"not packed", ending)
  assert caught.value.reason == "damaged"


def test_frames_of_other_programs():
  frame = zstandard.compress(b"text")
  assert read(SKIPPED + frame + SKIPPED, ".zst") == b"text"
  options = zstandard.ZstdCompressionParameters(window_log=31, enable_ldm=True)
  packer = zstandard.ZstdCompressor(compression_params=options)
  made = packer.compressobj()  # which does not say how long the text is
  long = made.compress(b"long" * 99) + made.flush()
  assert zstandard.get_frame_parameters(long).window_size == 2**31
  assert read(long, ".zst") == b"long" * 99


def bombs():
  """Few bytes that are 64 MiB, of each kind."""
  zeros = bytes(2**20)
  deflater = zlib.compressobj(wbits=31)
  yield ".gz", deflater.compress(zeros * 64) + deflater.flush()
  yield ".bz2", bz2.compress(zeros * 64)
  yield ".xz", lzma.compress(zeros * 64, preset=0)
  # A block of Zstandard: 128 KiB of one byte, said in four.
  head = b"(\xb5/\xfd\x00\x88"
  block = ((2**17 << 3) | (1 << 1)).to_bytes(3, "little") + b"\0"
  last = ((2**17 << 3) | (1 << 1) | 1).to_bytes(3, "little") + b"\0"
  yield ".zst", head + block * 511 + last


BOMBS = dict(bombs())


@pytest.mark.parametrize("ending", BOMBS)
def test_no_block_of_a_bomb_is_large(ending):
  bomb = BOMBS[ending]
  assert len(bomb) < 70_000
  sizes = [len(block) for block in unpack.unpacked(iter([bomb]), ending)]
  assert sum(sizes) == 64 * 2**20
  assert max(sizes) <= (2**24 if ending == ".zst" else 2**16)


def test_gzip_in_gzip_is_not_unpacked_twice():
  inner = gzip.compress(b"text")
  assert read(gzip.compress(inner), ".gz") == inner
