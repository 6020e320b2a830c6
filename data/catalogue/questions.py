"""Questions and what answers them, and questions that ask the same."""

from data.catalogue import entry

_YAHOO = "https://www.kaggle.com/soumikrakshit/yahoo-answers-dataset"

ENTRIES = (
  entry.on_hub(
    "gooaq_pairs",
    name="gooaq",
    title="question to Google, its answer box (GOOAQ)",
    kind="pairs",
    published=3_012_496,
    weight=247,
    licence="non-commercial, by the README of allenai/gooaq of 2021",
    source="https://github.com/allenai/gooaq",
  ),
  entry.on_hub(
    "msmarco-triplets",
    "msmarco-query_passage_negative",
    name="msmarco",
    title="query to Bing, passage, hard negatives (MS MARCO)",
    kind="triplets",
    published=9_144_553,
    weight=247,
    licence="non-commercial research, by Microsoft's terms",
    source="https://microsoft.github.io/msmarco/",
    original="msmarco",
    records=532_751,
    within=0.07,
    note=(
      "published with one negative a line; here a record is a query, a passage "
      "and all its negatives, of which the project counted 532,751 before it "
      "left out queries without negatives (499,184 lines are on the hub)"
    ),
  ),
  entry.on_hub(
    "yahoo_answers_title_answer",
    name="yahoo_answers_title_answer",
    title="title of a question, its best answer (Yahoo Answers)",
    kind="pairs",
    published=1_198_260,
    weight=247,
    licence=entry.NOT_STATED,
    source=_YAHOO,
  ),
  entry.on_hub(
    "yahoo_answers_title_question",
    name="yahoo_answers_title_question",
    title="title of a question, its body (Yahoo Answers)",
    kind="pairs",
    published=659_896,
    weight=163,
    licence=entry.NOT_STATED,
    source=_YAHOO,
  ),
  entry.on_hub(
    "yahoo_answers_question_answer",
    name="yahoo_answers_question_answer",
    title="body of a question, its best answer (Yahoo Answers)",
    kind="pairs",
    published=681_164,
    weight=169,
    licence=entry.NOT_STATED,
    source=_YAHOO,
  ),
  entry.on_hub(
    "amazon-qa",
    "amazon-qa-train-pairs",
    name="amazon_qa",
    title="question about a product, its answers (AmazonQA)",
    kind="pairs",
    published=2_448_839,
    weight=247,
    licence=entry.NOT_STATED,
    source="https://github.com/amazonqa/amazonqa",
    within=0.05,
    note=(
      "in the mixture and in the total of the second card, and in no table; "
      "1,095,290 lines of a question and all its answers"
    ),
  ),
  entry.on_hub(
    "PAQ_pairs",
    name="paq",
    title="generated question, passage of Wikipedia (PAQ)",
    kind="pairs",
    published=64_371_441,
    weight=123,
    licence="CC BY-SA",
    source="https://github.com/facebookresearch/PAQ",
  ),
  entry.on_hub(
    "searchQA_top5_snippets",
    "searchQA_question_top5_snippets_merged",
    name="searchqa",
    title="Jeopardy! question, snippets of a search (SearchQA)",
    kind="pairs",
    published=582_261,
    weight=144,
    licence="BSD 3-Clause for the code; the texts' is not stated",
    source="https://github.com/nyu-dl/dl4ir-searchQA",
    within=0.05,
    note="117,220 lines of a question and five snippets",
  ),
  entry.on_hub(
    "eli5_question_answer",
    name="eli5",
    title="question and answer from r/explainlikeimfive (ELI5)",
    kind="pairs",
    published=325_475,
    weight=81,
    licence="not stated (posts of Reddit)",
    source="https://github.com/facebookresearch/ELI5",
  ),
  entry.on_hub(
    "NQ-train_pairs",
    name="natural_questions",
    title="question to Google, passage of Wikipedia (Natural Questions)",
    kind="pairs",
    published=100_231,
    weight=25,
    licence="CC BY-SA 3.0",
    source="https://ai.google.com/research/NaturalQuestions",
    original="dpr",
  ),
  entry.on_hub(
    "squad_pairs",
    name="squad",
    title="question, paragraph of Wikipedia (SQuAD)",
    kind="pairs",
    published=87_599,
    weight=22,
    licence="CC BY-SA 4.0",
    source="https://rajpurkar.github.io/SQuAD-explorer/",
    original="squad",
    note=(
      "the cards say SQuAD2.0; 87,599 are the training questions of SQuAD 1.1 "
      "(2.0 has 130,319, of which 86,821 have an answer)"
    ),
  ),
  entry.on_hub(
    "TriviaQA_pairs",
    name="triviaqa",
    title="trivia question, passage that answers it (TriviaQA)",
    kind="pairs",
    published=73_346,
    weight=19,
    licence="Apache 2.0 for the code; the texts' is not stated",
    source="https://nlp.cs.washington.edu/triviaqa/",
    original="dpr",
  ),
  entry.on_hub(
    "WikiAnswers",
    "WikiAnswers_pairs",
    name="wikianswers",
    title="questions that users marked as the same (WikiAnswers)",
    kind="pairs",
    published=77_427_422,
    weight=123,
    licence=entry.NOT_STATED,
    source="https://github.com/afader/oqa#wikianswers-corpus",
    options={"max_pairs": 3},
    original="clusters",
    within=0.1,
    note=(
      "27,383,151 sets of questions are on the hub, and the published pairs "
      "are 2.83 a set: how these were chosen is not known, and at most 3 of a "
      "set come near"
    ),
  ),
  entry.on_hub(
    "quora_duplicates_triplets",
    name="quora_duplicates",
    title="question, one that asks the same, hard negatives (Quora)",
    kind="triplets",
    published=103_663,
    weight=26,
    licence="non-commercial, by Quora's terms of service",
    source=(
      "https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs"
    ),
    within=0.05,
    note=(
      "101,762 lines of the hub's file of triplets; its file of pairs, "
      "quora_duplicates.jsonl.gz, has the published 103,663"
    ),
  ),
)
