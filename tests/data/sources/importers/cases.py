"""A case or more of each importer: its file, what comes out, what is broken."""

import pathlib
from collections.abc import Mapping
from typing import Any, NamedTuple

DUMPS = pathlib.Path(__file__).parents[1] / "dumps"

_LINE = b'{"text": "caf\xe9"}\tcaf\xe9\t1\n'  # Latin-1, and in no format.
_CATS = "Cats purr when they are content, and also when they are in pain."
_NANDU = "A ñandú runs at up to 60 km/h."
_PIANO = "A girl plays the piano in a café."
_AGAINST = ("A girl is swimming in a lake.", "The piano is on fire.")
_PIER = (
  "The harbour of Lindby was dug in 1684 by fishermen. A stone pier was added "
  "in 1731, after two storms had broken the wooden one."
)
_BERTHS = (
  "Today the harbour has a café, a small museum and berths for thirty boats."
)
_STATION = (
  "who painted the ceiling of the old station",
  "Old Station The ceiling of the old station was painted by Marta Lindqvist "
  "in 1902.",
  "New Station The new station has no painted ceiling [citation needed].",
  'Ceilings {of stations} are often "high".',
)
_FERRY = (
  "where does the ferry to Nordholm start",
  "Ferry The ferry to Nordholm starts in Lindby.",
  "Nordholm Nordholm has a sandy beach.",
)
_SUEDE, _MOON = "49d890b20ca4c004", "c9d0b4542a03bf65"
_TRAIN = ("The train leaves at noon.", "Der Zug fährt mittags ab.")
_APPLES = ("I like apples.", "Ich mag Äpfel.")


class Case(NamedTuple):
  """What an importer makes of a file.

  Attributes:
    importer: its name.
    file: below `dumps`.
    kind: of the data set; "" for the one that the importer takes it for.
    records: what comes out, in any order.
    dropped: what does not, by reason.
    options: of the importer; `{dumps}` in a text is the folder of that name.
    broken: a row that cannot be read, to be put behind the file's; b"" where
      there is no such thing.
    origins: of the records, in their order; empty where there are none.
  """

  importer: str
  file: str
  kind: str
  records: list[tuple[Any, ...]]
  dropped: Mapping[str, int] = {}
  options: Mapping[str, Any] = {}
  broken: bytes = _LINE
  origins: tuple[str, ...] = ()


_MIXED = "embedding_training_data/mixed.jsonl"
_BY_ID = {
  "queries": "{dumps}/msmarco/queries.tsv",
  "collection": "{dumps}/msmarco/collection.tsv",
}
_PURR = ("why do cats purr", _CATS, "Cats have whiskers on their legs.")
_RUN = ("ñandú running speed", _NANDU, _CATS)

CASES = {
  "pairs of all forms": Case(
    "embedding_training_data",
    _MIXED,
    "",
    [
      (
        "How do I keep basil alive indoors?",
        "Give it six hours of light and water it from below.",
      ),
      ("a grey heron stands in a pond", "a wading bird is in the water"),
      ("café opening hours", "The café opens at eight."),
      ("café opening hours", "We serve coffee from 8 to 17 h."),
      ("How high is that lighthouse?", "What is the height of the lighthouse?"),
      ("Bread did not rise", "Your yeast was too old or the water too hot."),
      (
        "My kettle whistles in two tones",
        "It began after I descaled it. Is the lid bent?",
      ),
    ],
    {"one_text": 1},
    {"max_pairs": 1},
  ),
  "triplets": Case(
    "embedding_training_data",
    _MIXED,
    "triplets",
    [
      (
        "a grey heron stands in a pond",
        "a wading bird is in the water",
        "a heron is carved in stone",
      ),
      (
        "café opening hours",
        "The café opens at eight.",
        "The bakery is closed on Mondays.",
      ),
      (
        "café opening hours",
        "We serve coffee from 8 to 17 h.",
        "The bakery is closed on Mondays.",
      ),
    ],
    {"no_negative": 5},
  ),
  "SQuAD": Case(
    "squad",
    "squad/small-v2.0.json",
    "",
    [
      ("How many boats have a berth?", _BERTHS),
      ("When was the stone pier added?", _PIER),
      ("Who dug the harbour of Lindby?", _PIER),
    ],
    {"impossible": 1},
    broken=b'{"title": "Tea", "paragraphs": [{"context": "Tea is hot."}]}',
    origins=("a4", "a2", "a1"),
  ),
  "DPR": Case(
    "dpr",
    "dpr/small.json",
    "",
    [_FERRY, _STATION],
    {"no_negative": 1},
    broken=b'{"dataset": "invented", "question": 7}',
  ),
  "DPR's other negatives": Case(
    "dpr",
    "dpr/small.json",
    "triplets",
    [
      (
        "where does the ferry to Nordholm start",
        "The ferry to Nordholm starts in Lindby.",
        "Nordholm has a sandy beach.",
      ),
      (
        "who painted the ceiling of the old station",
        "The ceiling of the old station was painted by Marta Lindqvist in "
        "1902.",
        "The new station has no painted ceiling [citation needed].",
        'Ceilings {of stations} are often "high".',
        "A teapot is a vessel with a spout.",
      ),
    ],
    {"no_negative": 1},
    {"negatives": "all", "title": "drop"},
    broken=b'{"question": "cut',
  ),
  "BEIR": Case(
    "beir",
    "beir/qrels/train.tsv",
    "",
    [
      ("crêpe batter too thick", "A crêpe needs a hot pan and a thin batter."),
      (
        "how to keep a sourdough starter",
        "Sourdough Feed the starter every day and keep it warm.",
      ),
    ],
    {"low_grade": 1},
    broken=b"q1\td9\t1\n",  # There is no such document.
    origins=("q2/d2", "q1/d1"),
  ),
  "MS MARCO": Case("msmarco", "msmarco/triples.tsv", "", [_PURR, _RUN]),
  "MS MARCO by ids": Case(
    "msmarco",
    "msmarco/qidpidtriples.tsv",
    "",
    [_PURR, _RUN],
    options=_BY_ID,
    broken=b"7\t70\t9999\n",
    origins=("7/70/71", "8/80/70"),
  ),
  "MS MARCO's judgements": Case(
    "msmarco",
    "msmarco/qrels.tsv",
    "",
    [_PURR[:2], _RUN[:2]],
    {"low_grade": 1},
    _BY_ID,
    origins=("7/70", "8/80"),
  ),
  "NLI": Case(
    "nli",
    "nli/snli_small_train.jsonl",
    "",
    [
      (_PIANO, "A girl is at the piano.", *_AGAINST),
      (_PIANO, "Someone makes music indoors.", *_AGAINST),
    ],
    {"neutral": 1, "no_label": 1, "no_negative": 1},
  ),
  "NLI's pairs": Case(
    "nli",
    "nli/snli_small_train.jsonl",
    "pairs",
    [
      (_PIANO, "A girl is at the piano."),
      (_PIANO, "Someone makes music indoors."),
      ("Two dogs sleep on a red sofa.", "Animals are resting."),
    ],
    {"neutral": 1, "no_label": 1},
  ),
  "STS-B": Case(
    "sts",
    "sts/sts-train.csv",
    "",
    [
      ("A man slices a lemon.", "A man is cutting a lemon.", 1.0),
      ('The "old" bridge reopens', "Rain delays the race in Málaga", 0.25),
    ],
  ),
  "SICK": Case(
    "sts",
    "sts/SICK_train.txt",
    "",
    [
      ("A child is jumping", "A kid jumps", 0.9),
      ("A child is jumping", "Nobody eats rice", 0.0),
    ],
    options={"min_score": 1.0},
    broken=b"3\tA cat\tA dog\t7\tNEUTRAL\n",
  ),
  "COCO": Case(
    "captions",
    "captions/captions_train.json",
    "",
    [
      ("A blue tram waits at a stop.", "A tram stands in front of a theatre."),
      (
        "A tram stands in front of a theatre.",
        "People board a blue streetcar.",
      ),
      ("Jalapeños lie on a board.", "Green peppers next to a knife."),
      ("People board a blue streetcar.", "A blue tram waits at a stop."),
    ],
    {"one_caption": 1},
    broken=b'{"image_id": 7, "caption": "caf\xe9"}',
    origins=("7", "7", "8", "7"),
  ),
  "Flickr": Case(
    "captions",
    "captions/results.token",
    "grouped",
    [
      (
        "Green peppers next to a knife .",
        "Jalapeños lie on a board .",
        "2.jpg",
      ),
      (
        "People board a blue streetcar .",
        "A blue tram waits at a stop .",
        "1.jpg",
      ),
    ],
    origins=("2.jpg", "1.jpg"),
  ),
  "Flickr's table": Case(
    "captions",
    "captions/results.csv",
    "",
    [("People board a blue streetcar .", "A blue tram waits at a stop .")],
    origins=("1.jpg",),
  ),
  "WikiAnswers": Case(
    "clusters",
    "clusters/part-0.tsv",
    "grouped",
    [
      (
        "how do you clean suede shoes ?",
        "what removes stains from suede ?",
        _SUEDE,
      ),
      ("what is the distance to the moon ?", "how far is the moon ?", _MOON),
      (
        "what removes stains from suede ?",
        "how to clean süede shoes ?",
        _SUEDE,
      ),
    ],
    {"one_text": 1},
    {"max_pairs": 2},
    broken=b"q:caf\xe9 ?\tq:where ?\n",
  ),
  "Quora": Case(
    "clusters",
    "clusters/quora.tsv",
    "",
    [
      ("How do I learn the oboe?", "What is the best way to learn the oboe?"),
      ('Is "café" a French word?', 'Does "café" come from French?'),
    ],
    {"no_duplicate": 1},
  ),
  "a table of translations": Case(
    "parallel", "parallel/small.tsv", "", [_APPLES, _TRAIN]
  ),
  "two files of translations": Case(
    "parallel",
    "parallel/small.en",
    "",
    [_APPLES, _TRAIN, ("Where is the key?", "Wo ist der Schlüssel?")],
    {"empty": 1},
    {"language": "en", "translation": "de"},
    broken=b"",
  ),
  "CodeSearchNet": Case(
    "codesearchnet",
    "codesearchnet/small_train_0.jsonl",
    "",
    [
      (
        "Finds the longest word, naïvely.",
        "public String longest(List<String> words) {\n"
        '    String best = "";\n'
        "    for (String word : words) {\n"
        "        best = word.length() > best.length() ? word : best;\n"
        "    }\n"
        "    return best;\n"
        "}",
      ),
      (
        "Reads a time such as 01:30 and gives seconds.",
        "def seconds_of(text):\n"
        '    minutes, seconds = text.split(":")\n'
        "    return 60 * int(minutes) + int(seconds)\n",
      ),
    ],
    {
      "standard_method": 1,
      "test": 1,
      "short_code": 1,
      "short_documentation": 1,
      "other_split": 1,
    },
    origins=(
      "https://example.org/ada/list/List.java#L9",
      "https://example.org/ada/clock/clock.py#L1-L8",
    ),
  ),
}
