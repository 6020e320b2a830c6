"""A miner of a small format of its own: lines that answer others.

    python -m tests.data.sources.answers --in=FILE --out=DIR

A line is {"id": 7, "parent": 3, "score": 2, "text": "..."}. A pair is a line
and the best of those that answer it.
"""

import random

import msgspec
import pyarrow as pa

from data import program
from data.sources import bad
from data.sources import cut
from data.sources import mining
from data.sources import parsing
from data.sources import raw

LINES = pa.schema(
  [
    ("id", pa.int64()),
    ("parent", pa.int64()),
    ("score", pa.int64()),
    ("text", pa.string()),
  ]
)


class Line(msgspec.Struct):
  """A line of the dump."""

  id: int
  parent: int
  score: int
  text: str


def read(chunk, settings):
  """The lines of a chunk that are long enough."""
  decode = msgspec.json.Decoder(Line).decode
  found = parsing.Found({}, len(chunk.rows))
  lines = []
  for number, row in enumerate(chunk.rows, chunk.first):
    try:
      line = decode(row)
    except ValueError:
      found.add_bad(bad.BadRow("broken_json"), number)
      continue
    if len(line.text) < settings["min_chars"]:
      found.dropped["short"] += 1
    else:
      lines.append(msgspec.structs.asdict(line))
  found.tables["lines"] = pa.Table.from_pylist(lines, LINES)
  return found


FORMAT = parsing.Format("answers", 1, cut.lines, read, {"lines": LINES})


def best_answer(tables):
  """Each line with the best of its answers, by score and then by id."""
  import ibis

  lines = tables["lines"]
  among = ibis.window(
    group_by=lines.parent, order_by=[lines.score.desc(), lines.id]
  )
  ranked = lines.mutate(place=ibis.row_number().over(among))
  best = ranked.filter(ranked.place == 0)
  asked = lines.select(asked="id", query="text")
  pairs = asked.join(best, asked.asked == best.parent)
  return pairs.select(
    "query",
    document=pairs.text,
    negatives=ibis.literal([], type="array<string>"),
    origin=pairs.asked.cast("string") + "/" + pairs.id.cast("string"),
  )


def miner(files, min_chars=2):
  """What to make of such files."""
  settings = {"min_chars": min_chars}
  return mining.Miner(
    name="answers",
    version=1,
    source="made up",
    licence="CC0",
    settings=settings,
    jobs=[parsing.Job(file, FORMAT, settings) for file in files],
    outputs={
      "best": mining.Output(best_answer, origin="line/answer"),
      "plain": mining.Output(best_answer),
    },
  )


def write(path, lines, seed=0):
  """Writes a dump; some lines repeat others, and a few are no JSON."""
  choose = random.Random(seed)
  words = [f"word{number}" for number in range(10)]
  with path.open("w", encoding="utf-8") as file:
    for number in range(1, lines + 1):
      if number % 500 == 250:
        file.write('{"id": 1, "par\n')
        continue
      text = " ".join(choose.choices(words, k=choose.randint(1, 4)))
      line = {
        "id": number,
        "parent": choose.randrange(number),
        "score": choose.randrange(5),
        "text": text,
      }
      file.write(msgspec.json.encode(line).decode() + "\n")


def main():
  """Mines by the flags."""
  mining.run(miner(raw.find(mining.dumps(), ["*.jsonl"])))


if __name__ == "__main__":
  mining.define_flags()
  program.run(main)
