"""Texts of a data set as vectors on disk, by which a model ranks them."""

import json
import pathlib

import xxhash

from data import program
from embeddings import bulk
from embeddings import encode
from embeddings import weights_digest
from embeddings.mining import by_vectors
from embeddings.mining import collected as collected_lib


STRETCH = 4_096  # texts encoded at a time; so many a kill undoes


def digest(encoder: encode.Encoder) -> str:
  """Of all that vectors depend on beside the texts."""
  about = [
    weights_digest.of(encoder.params or {}),
    repr(encoder.model.config),
    encoder.tokenizer.fingerprint,
    encoder.tokenizer.max_length,
    sorted(encoder.prompts.items()),
    encoder.default_prompt,
  ]
  return xxhash.xxh3_64_hexdigest(json.dumps(about).encode())


def ranking(
  encoder: encode.Encoder,
  texts: collected_lib.Collected,
  work: pathlib.Path,
  dtype: str,
) -> tuple[by_vectors.ByVectors, int]:
  """Encodes the texts that were not encoded before.

  Args:
    encoder: the model.
    texts: queries and documents.
    work: a folder for their vectors.
    dtype: of these.

  Returns:
    The ranking, and how many vectors were there.
  """
  stores, resumed = [], 0
  for side, source in (("query", texts.queries), ("document", texts.documents)):
    program.note_line(f"{side}: {len(source):,} different texts")
    how = {"side": side, "dtype": dtype, "stretch": STRETCH}
    about = bulk.describe(source, encoder, **how)
    # Vectors of another model or other texts are left for who wants them.
    name = xxhash.xxh3_64_hexdigest(json.dumps(about).encode())
    done = bulk.encode_to(work / f"{side}-{name}", source, encoder, **how)
    resumed += done.resumed
    stores.append(done.vectors)
  return by_vectors.ByVectors(*stores), resumed
