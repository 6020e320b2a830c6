"""Wikitext as plain text: by example, by construction, beside a library."""

import re
import time

import hypothesis
from hypothesis import strategies as st
import mwparserfromhell
import pytest

from data.sources import bad
from data.sources import wikitext
from data.sources import wikitext_blocks
from data.sources import wikitext_names
from data.sources import wikitext_templates


@pytest.mark.parametrize(
  ("text", "words"),
  [
    ("'''Rye''' is a ''[[grain]]''.", "Rye is a grain."),
    ("[[Rye|rye]]s and [[wheat]]s", "ryes and wheats"),
    ("Rye.<ref name=a>x {{cite|y}}</ref><ref name=b/> Oats.", "Rye. Oats."),
    ("Rye<!-- [[no]] \n\n --> bread", "Rye bread"),
    ("[[File:R.jpg|thumb|A [[field]] of ''rye'']]Rye", "Rye"),
    ("{{Infobox|a={{b|{{c}}}}|d=[[e]]}}\nRye", "Rye"),
    ("Rye ({{IPA|ra}}) grows", "Rye grows"),
    ("Rye ({{IPA|ra}}; [[Latin]]: {{lang|la|secale}}) grows",
     "Rye (Latin: secale) grows"),
    ("Rye (''Secale'' {{IPA|x}}; Greek: {{x}}) grows",
     "Rye (Secale; Greek) grows"),
    ("It is {{convert|5|km|mi}} and {{convert|3|to|4|m}} long",
     "It is 5 km and 3 to 4 m long"),
    ("{{lang|fr|[[Pain|le pain]]}}", "le pain"),
    ("{{{name|default}}}Rye {{a}", "Rye"),
    ("Rye &amp; oats&nbsp;&ndash; &#97;", "Rye & oats \u2013 a"),
    ("10<sup>\u221219</sup> J, m<sup>2</sup>, H<sub>2</sub>O",
     "10^\u221219 J, m2, H2O"),
    ("[https://a.example the label], [https://b.example]Rye",
     "the label, Rye"),
    ("<nowiki>[[Rye]] {{a}} ''b''</nowiki>", "[[Rye]] {{a}} ''b''"),
    ("{| class=a\n|-\n| b || {| \n| c\n|}\n|}\nRye", "Rye"),
    ("{| class=a\n| never closed\n\nRye", "Rye"),
    ("<table><tr><td>a</table>Rye", "Rye"),
    ("Rye\n<gallery>\nFile:a.jpg|b\n</gallery>\n__NOTOC__", "Rye"),
    ("Rye <math>x^2</math>is<br/>good", "Rye is good"),
    ("One\ntwo\n\nthree", "One two\n\nthree"),
    ("Of:\n* rye\n** oats\n# wheat\nEnd", "Of:\n\nrye\noats\nwheat\n\nEnd"),
    ("; Rye : a grain", "Rye : a grain"),
    ("[[fr:Seigle]][[zh-min-nan:X]]Rye", "Rye"),
    ("[[:Category:Grains]] [[:fr:Seigle|Seigle]]", "Category:Grains Seigle"),
    ("[[File:a.jpg|thumb|never closed\n\nRye [[oats", "Rye oats"),
    ("if a < b and c > d, a|b", "if a < b and c > d, a|b"),
    ("rock ''''n'''' roll", "rock 'n' roll"),
    ("a\n----\nb", "a\n\nb"),
    ("", ""),
  ],
)  # fmt: skip
def test_words(text: str, words: str):
  assert wikitext.read(text).introduction == words


def test_sections_have_the_titles_above_them():
  text = (
    "Intro.\n== A ==\na\n=== ''B'' ===\nb\n==== C ====\nc\n=== D ===\n"
    "==E==  \ne = f\n= =\n"
  )
  article = wikitext.read(text)
  assert article.introduction == "Intro."
  assert article.sections == [
    (("A",), "a"),
    (("A", "B"), "b"),
    (("A", "B", "C"), "c"),
    (("A", "D"), ""),
    (("E",), "e = f"),
  ]


def test_categories_are_collected_by_their_names_in_the_wiki():
  text = (
    "A[[category:grains of_the  world|sort]]\n==B==\n[[Категория:Ръж]]"
    "[[Spelt:x]][[Category:Grains of the world]]"
  )
  article = wikitext.read(text)
  assert article.categories == ["Grains of the world", "Ръж"]
  assert (article.introduction, article.sections[0].text) == ("A", "Spelt:x")
  own = wikitext_names.Names(frozenset(), frozenset({"spelt"}))
  assert wikitext.read(text, own).categories == ["X"]


def test_names_of_templates_are_told():
  text = "{{Disambiguation}} {{a_b |c}} {{nowrap|{{Deep}}}} {{open"
  names = {"disambiguation", "a b", "nowrap", "deep"}
  assert wikitext.read(text).templates == names


@pytest.mark.parametrize(
  ("content", "words"),
  [
    ("frac|1|2|3", "1 2/3"),
    ("formatnum:1234", "1234"),
    ("nowrap|1=a = b", "a = b"),
    ("circa|1900", "c. 1900"),
    ("chem|H|2|O", "H2O"),
    ("cite book|title=x", ""),
    ("convert", ""),
  ],
)
def test_words_of_templates(content: str, words: str):
  assert wikitext_templates.words(content)[1] == words


UNITS = ["{{", "[[", "{|", "''", "<b>", "<ref>", "{{a|", "[[a|", "<!--", "{{{"]
UNITS += ["<div ", "==a==", "}}", "|}", "]]", "<nowiki>", "(", ",", ";", ":"]
UNITS += [
  "<",
  "[",
  "{",
  "*",
  "!",
  "=",
  "_",
  "{{nowrap|",
  "[[File:a|",
  "\n",
  " ",
]
UNITS += ["<table>", "&#91;", "a|", "[http://a", "{|\n", "* a\n", "[//a ", ", "]


@pytest.mark.parametrize("unit", UNITS)
def test_markup_that_goes_on_and_on_takes_no_time(unit: str):
  start = time.process_time()
  for text in (unit * 100_000, unit * 50 + "a" * 100_000):
    try:
      article = wikitext.read(text)
    except bad.BadRow as error:
      assert error.reason == "too_deep"
    else:
      assert len(article.introduction) <= len(text)
  # Less than a second on one core; what is not linear takes minutes.
  assert time.process_time() - start < 20


@pytest.mark.parametrize("start", ["{{nowrap|", "[[a|", "{|\n"])
def test_depth_has_a_ceiling(start: str):
  end = {"{": "}}", "[": "]]"}.get(start[1], "\n|}")
  most = wikitext_blocks.MAX_DEPTH - 1
  wikitext.read(start * most + "rye" + end * most)
  with pytest.raises(bad.BadRow, match="too_deep"):
    wikitext.read(start * 200 + "rye" + end * 200)


def test_length_has_a_ceiling():
  with pytest.raises(bad.BadRow, match="too_long"):
    wikitext.read("a" * (wikitext.MAX_CHARS + 1))


# Wikitext beside its words: what is built has words by construction.
_WORD = st.sampled_from(["rye", "oats", "Roggen", "ръж", "麦", "5", "e+mc"])
_LEAF = st.one_of(
  _WORD.map(lambda word: (word, word)),
  _WORD.map(lambda word: (f"'''{word}'''", word)),
  _WORD.map(lambda word: (f"[[{word}]]", word)),
  _WORD.map(lambda word: (f"[[Target|''{word}'']]", word)),
  _WORD.map(lambda word: (f"<ref>{word}</ref>", "")),
  _WORD.map(lambda word: (f"<!-- {word} -->", "")),
)


def _joined(inner: st.SearchStrategy) -> st.SearchStrategy:
  """Some of these in a row."""
  return st.lists(inner, min_size=1, max_size=3).map(
    lambda parts: tuple("".join(side) for side in zip(*parts, strict=True))
  )


def _around(inner: st.SearchStrategy) -> st.SearchStrategy:
  """Wikitext with wikitext in it."""
  texts = _joined(inner)
  return st.one_of(
    texts,
    texts.map(lambda both: (f"''{both[0]}<i></i>''", both[1])),
    texts.map(lambda both: (f"{{{{box|a={both[0]}|{both[0]}}}}}", "")),
    texts.map(lambda both: (f"{{{{nowrap|{both[0]}}}}}", both[1])),
    texts.map(lambda both: (f"[[File:a.jpg|thumb|{both[0]}]]", "")),
  )


_NESTED = st.recursive(_LEAF, _around, max_leaves=8)
# A table or an external link has lines of its own.
_BUILT = _joined(
  st.one_of(
    _NESTED,
    _NESTED.map(lambda both: (f"\n{{|\n| {both[0]}\n|}}\n", "")),
    _NESTED.map(lambda both: (f"[//a.example {both[0]}]", both[1])),
  )
)


def _bare(text: str) -> str:
  """Without spaces, which markup may add, and without quotes."""
  return re.sub(r"[\s']+", "", text)


@hypothesis.given(_BUILT)
@hypothesis.settings(max_examples=150, deadline=None)
def test_built_wikitext_has_its_words(built: tuple[str, str]):
  text, words = built
  found = wikitext.read("begin" + text + "end").introduction
  assert _bare(found) == f"begin{_bare(words)}end"


@hypothesis.given(st.text(alphabet="{}[]|'=<>!-*: \nab/&;#", max_size=200))
@hypothesis.settings(max_examples=200, deadline=None)
def test_any_text_is_read(text: str):
  article = wikitext.read(text)
  assert "{{" not in article.introduction.replace("&", "")
  assert article.introduction == article.introduction.strip()


def test_library_finds_the_same_words():
  text = (
    "{{Infobox|a={{b}}}}'''Rye''' (''Secale'') is a [[cereal|grain]]<ref>x"
    "</ref> of the [[wheat]] tribe. It grows in [[File:a.jpg|thumb|b]]poor "
    "soil<!-- c -->, [https://a.example far] in the &ldquo;north&rdquo;."
  )
  code = mwparserfromhell.parse(text)
  for node in code.filter_tags(matches=lambda tag: tag.tag == "ref"):
    code.remove(node)
  for link in code.filter_wikilinks():
    if str(link.title).startswith("File:"):
      code.remove(link)
  assert wikitext.read(text).introduction == code.strip_code().strip()
