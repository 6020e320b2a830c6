"""Sentences that say the same, summaries, and code with what it does."""

from data.catalogue import entry

_WIKIPEDIA = "CC BY-SA 3.0 (text of Wikipedia); the alignment's is not stated"

ENTRIES = (
  entry.on_hub(
    "AllNLI",
    name="all_nli",
    title="premise, what follows, what contradicts (SNLI and MultiNLI)",
    kind="triplets",
    published=277_230,
    weight=69,
    licence=(
      "SNLI: CC BY-SA 4.0; MultiNLI: OANC's licence, fiction CC BY 3.0 and "
      "CC BY-SA 3.0"
    ),
    source=(
      "https://nlp.stanford.edu/projects/snli/ and "
      "https://cims.nyu.edu/~sbowman/multinli/"
    ),
    original="nli",
  ),
  entry.on_hub(
    "coco_captions",
    name="coco_captions",
    title="two captions of one image (COCO)",
    kind="pairs",
    published=828_395,
    weight=1,
    licence="CC BY 4.0 (captions)",
    source="https://cocodataset.org/",
    options={"max_pairs": 0},
    original="captions",
    note="82,783 sets of about five captions; published: all pairs of a set",
  ),
  entry.on_hub(
    "flickr30k_captions",
    name="flickr30k_captions",
    title="two captions of one image (Flickr30k)",
    kind="pairs",
    published=317_695,
    weight=1,
    licence="non-commercial research and education",
    source="https://shannon.cs.illinois.edu/DenotationGraph/",
    options={"max_pairs": 0},
    original="captions",
    note="31,783 sets of five captions; published: all pairs of a set",
  ),
  entry.on_hub(
    "SimpleWiki",
    name="simple_wikipedia",
    title="sentence of Wikipedia, the same of Simple Wikipedia",
    kind="pairs",
    published=102_225,
    weight=26,
    licence=_WIKIPEDIA,
    source="https://cs.pomona.edu/~dkauchak/simplification/",
    within=0.05,
  ),
  entry.on_hub(
    "altlex",
    name="altlex",
    title="sentence of Wikipedia, the same of Simple Wikipedia (AltLex)",
    kind="pairs",
    published=112_696,
    weight=28,
    licence=_WIKIPEDIA,
    source="https://github.com/chridey/altlex/",
    within=0.05,
  ),
  entry.on_hub(
    "sentence-compression",
    name="sentence_compression",
    title="first sentence of a news article, the same shortened",
    kind="pairs",
    published=180_000,
    weight=45,
    licence='"as is", without a licence',
    source="https://github.com/google-research-datasets/sentence-compression",
  ),
  entry.on_hub(
    "wikihow",
    name="wikihow",
    title="headline of a step, its text (WikiHow)",
    kind="pairs",
    published=128_542,
    weight=32,
    licence="CC BY-NC-SA 3.0 (text of wikiHow); the pairs' is not stated",
    source="https://github.com/pvl/wikihow_pairs_dataset",
  ),
  entry.on_hub(
    "codesearchnet",
    name="code_search_net",
    title="documentation of a function, its code, in six languages",
    kind="pairs",
    published=1_151_414,
    weight=1,
    licence="each function that of its repository",
    source="https://github.com/github/CodeSearchNet",
    original="codesearchnet",
    within=0.05,
  ),
)
