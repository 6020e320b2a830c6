"""Tests of data/cleaning/cleaner.py, and of the rules that it applies."""

import dataclasses
import time

import pytest
import tokenizers
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies
from tokenizers import models
from tokenizers import pre_tokenizers

from data import kinds
from data import program
from data.cleaning import cleaner
from data.cleaning import languages
from data.cleaning import markup
from data.cleaning import rules
from data.cleaning import tokens_in
from data.cleaning import urls
from tests.data import kind_records

Rules = rules.Rules
GOOD = ("how high is K2?", "8,611 metres above the sea")
FRENCH = "Quelle est la hauteur de cette montagne au-dessus de la mer ?"


@pytest.mark.parametrize(
  ("how", "record", "reason"),
  [
    (Rules(), GOOD, ""),
    (Rules(), ("how high?", " \n"), "empty"),
    (Rules(urls="strip"), ("how high?", "https://k2.org/high"), "empty"),
    (Rules(markup="strip"), ("how high?", "<br/>&nbsp;"), "empty"),
    (Rules(min_chars=10), ("how high?", GOOD[1]), "too_short"),
    (Rules(max_chars=20), GOOD, "too_long"),
    (Rules(min_tokens=5), GOOD, "too_few_tokens"),
    (Rules(max_tokens=4), GOOD, "too_many_tokens"),
    (Rules(urls="drop"), ("www.k2.org?", GOOD[1]), "urls"),
    (Rules(urls="drop", max_url_share=0.5), ("see www.k.it now", "b"), ""),
    (Rules(markup="drop"), (GOOD[0], "<p>8,611 metres</p>"), "markup"),
    (Rules(languages=("en",)), GOOD, ""),
    (Rules(languages=("en",)), (FRENCH, GOOD[1]), "language"),
    (Rules(languages=("en", "fr")), (FRENCH, GOOD[1]), ""),
    (Rules(), ("The Same", " the  same "), "identical"),
  ],
)
def test_each_rule_has_its_reason(
  how: rules.Rules, record: kinds.Record, reason: str
) -> None:
  assert cleaner.make(how, "pairs")(record)[1] == reason
  assert reason in ("", *cleaner.REASONS)


def test_a_record_keeps_what_is_no_text() -> None:
  how = Rules(markup="strip")
  for kind, record, wanted in [
    ("scored", ("<b>a</b>", "b", 0.5), ("a", "b", 0.5)),
    ("grouped", ("<b>a</b>", "b", "<b>"), ("a", "b", "<b>")),
    (
      "scored_triplets",
      ("a", "b", "<i>c</i>", (1.0, 0.0)),
      ("a", "b", "c", (1.0, 0.0)),
    ),
    ("scored", ("a", "a", 1.0), ("a", "a", 1.0)),
  ]:
    assert cleaner.make(how, kind)(record) == (wanted, "")
  triplet = cleaner.make(how, "triplets")
  assert triplet(("a", "b", "c", "B"))[1] == "identical"


_MARKS = (
  "< > </b> <b> <br> [[ ]] | {{ }} ** ''' '' == # &lt; &amp; & [x]( ) __ ~~ "
  "<!-- --> <script> </script> &#60; ("
)
_OTHERS = "http:// www. a.org https://a.org/b?c=d a b . é"
_PIECES = strategies.sampled_from(
  [*_MARKS.split(), *_OTHERS.split(), " ", "\n", "\t"]
)
_TEXTS = strategies.lists(_PIECES, max_size=12).map("".join)


@settings(max_examples=60)
@given(
  strategies.tuples(_TEXTS, _TEXTS),
  strategies.sampled_from(rules.CHOICES),
  strategies.sampled_from(rules.CHOICES),
)
def test_what_passed_passes_again_unchanged(
  record: tuple[str, str], url_rule: str, markup_rule: str
) -> None:
  clean = cleaner.make(Rules(urls=url_rule, markup=markup_rule), "pairs")
  cleaned, reason = clean(record)
  if not reason:
    assert clean(cleaned) == (cleaned, "")
    assert markup_rule == "keep" or not any(map(markup.has, cleaned))
    assert url_rule == "keep" or not any(map(urls.share, cleaned))


@settings(max_examples=30)
@given(kind_records.sets(kind_records.good()))
def test_without_rules_a_record_stays_as_it_is(
  found: tuple[str, list[kinds.Record]],
) -> None:
  kind, records = found
  clean = cleaner.make(Rules(max_chars=10**6), kind)
  for record in records:
    assert clean(record) in [(record, ""), (record, "identical")]


@pytest.mark.parametrize(
  ("text", "bare"),
  [
    ("a < b, vector<int> and x &unknown; y", None),
    ("2 ** 3 ** 4, snake__case__name, it's ''", None),
    ("<p>It is <b>hi</b>gh.</p><p>Very</p>", "It is high. Very"),
    ("<a href='x'>K2</a> &amp; &lt;b&gt;Everest&lt;/b&gt;", "K2 & Everest"),
    ("x<!-- a note -->y<script>var a = 1</script>z", "x y z"),
    ("'''K2''' is [[mountain|a peak]]{{cite web|x=1}}", "K2 is a peak"),
    ("== Height ==\n[[File:a.png]] It is ''high''", "Height\n It is high"),
    ("# Title\n**bold**, [text](https://a.org) ~~no~~", "Title\nbold, text no"),
  ],
)
def test_markup_is_what_is_known_as_such(text: str, bare: str | None) -> None:
  assert markup.remove(text) == (text if bare is None else bare)
  assert markup.has(text) == (bare is not None)


@pytest.mark.parametrize(
  "bomb",
  ["<a ", "<!--", "[[", "{{", "'''a", "**a ", "&lt;", "[a](//", "<b>", " "],
)
def test_the_time_is_linear(bomb: str) -> None:
  start = time.process_time()
  for text in (bomb * 3_000, "==" + bomb * 3_000, "== a" + bomb * 3_000):
    urls.remove(markup.remove(text))
  assert time.process_time() - start < 2  # A square takes minutes.


def test_a_url_ends_before_the_sentence_does() -> None:
  assert urls.remove("See (http://a.org/b), or WWW.B.de.") == "See ( ), or ."
  assert urls.remove("httpx and www stay") == "httpx and www stay"
  assert urls.share("http://a.b") == 1.0


def test_tokens_are_those_of_a_tokenizer(tmp_path) -> None:
  cutter = tokenizers.Tokenizer(
    models.WordPiece({"[UNK]": 0, "a": 1, "##b": 2}, unk_token="[UNK]")
  )
  cutter.pre_tokenizer = pre_tokenizers.Whitespace()
  cutter.enable_truncation(2)
  cutter.save(str(tmp_path / "tokenizer.json"))
  texts = ["ab a", "a", ""]
  assert tokens_in.counter(str(tmp_path))(texts) == [3, 1, 0]
  assert tokens_in.counter()(texts) == [2, 1, 0]


def test_a_short_text_is_in_no_language() -> None:
  assert languages.identify("K2: 8,611 m") is None
  found = languages.identify(FRENCH)
  assert found is not None and found[0] == "fr" and found[1] > 0.8


@pytest.mark.parametrize(
  ("wrong", "says"),
  [
    ({"min_chars": 9, "max_chars": 8}, "--min_chars=9 is more than"),
    ({"min_tokens": 9, "max_tokens": 8}, "--min_tokens=9 is more than"),
    ({"urls": "some"}, "--urls=some: wanted one of keep, strip, drop"),
    ({"min_confidence": 2.0}, "wanted a share from 0 to 1"),
    ({"ngram": -1}, "--ngram=-1"),
    ({"languages": ("en", "xx")}, "'xx' is not known; wanted some of"),
    ({"tokenizer": "nowhere"}, "nowhere has no tokenizer.json"),
    ({"decontaminate": ("nowhere",)}, "nowhere is not a folder"),
  ],
)
def test_rules_that_nothing_can_follow_are_named(wrong, says: str) -> None:
  how = dataclasses.replace(Rules(), **wrong)
  with pytest.raises(program.BadInput, match=says):
    cleaner.make(how, "pairs")


@given(strategies.builds(Rules, languages=strategies.just(("en",))))
def test_rules_are_read_as_they_were_written(how: rules.Rules) -> None:
  assert Rules.of(how.as_dict()) == how
