"""Which pages, sections and categories of a wiki are left out.

Titles, sections and categories are told by patterns (`*` is anything) in any
case of letters; the defaults are those of English and a few other wikis. Give
others by flags for a wiki in another language.
"""

import fnmatch
import functools
import re
from collections.abc import Sequence

import msgspec


def _list(text: str) -> tuple[str, ...]:
  """What stands between commas."""
  return tuple(text.split(","))


LIST_TITLES = _list(
  "List of *,Lists of *,* (list),Index of *,Outline of *,Списък *,Списъци *,"
  "Список *,Списки *,Liste der *,Liste von *,Listen der *,Liste de *,"
  "Liste des *,Liste du *,Liste d'*,Lista de *,Lista dos *,Lista das *,"
  "Listas de *,Anexo:*,Lista di *,Liste di *,Lijst van *,Lista över *"
)
DISAMBIGUATION_TITLES = _list(
  "* (disambiguation),* (пояснение),* (значения),* (Begriffsklärung),"
  "* (homonymie),* (desambiguación),* (disambigua),* (desambiguação)"
)
DISAMBIGUATION_TEMPLATES = _list(
  "disambig,disambiguation,disambig-*,disambiguation cleanup*,disamb,dab,"
  "hndis*,geodis*,hospitaldis,schooldis,roaddis,numberdis,"
  "letter-numbercombdisambig,letter-number combination disambiguation,"
  "* disambiguation,*disambig,set index*,sia,surname,given name,пояснение*,"
  "неоднозначность,многозначност,begriffsklärung,homonymie,desambiguación,"
  "disambigua,desambiguação,dp,ujednoznacznienie,förgrening,doorverwijspagina"
)
SECTIONS = _list(
  "See also,References*,External links*,Further reading*,Notes*,Footnotes*,"
  "Bibliography,Sources,Citations,Works cited,Gallery,Notes and references,"
  "Notes and citations,Primary sources,Secondary sources,Publications,"
  "Discography,Filmography,Selected works,Selected bibliography,Cast,"
  "Вижте също,Вижте още,Източници,Бележки*,Външни препратки,Литература,"
  "Примечания,Ссылки,См. также,Einzelnachweise,Weblinks,Literatur,"
  "Siehe auch,Voir aussi,Notes et références,Références,Liens externes,"
  "Bibliographie,Véase también,Referencias,Enlaces externos,Note,"
  "Collegamenti esterni,Altri progetti,Bibliografia,Ver também,Referências,"
  "Ligações externas"
)
CATEGORIES = _list(
  "Articles *,All *,Wikipedia*,Pages *,CS1*,Use *,Webarchive*,Commons*,"
  "*Wikidata*,Short description*,Good articles,Featured articles,Engvar*,"
  "*stubs,* births,* deaths,Births *,Deaths *,Living people,"
  "Year of birth *,Year of death *,Place of birth *,Date of birth *,"
  "*isambiguation*,Redirects *,Lists of *,Статии *,Страници *,Уикипедия*,"
  "Родени *,Починали *,Мъниче*,Wikipédia*,Geboren *,Gestorben *,Mann,Frau,"
  "Naissance *,Décès *,Nacidos *,Fallecidos *,Nati *,Morti *"
)


class Rules(msgspec.Struct, frozen=True):
  """What is left out.

  Attributes:
    min_article_chars: of a page's text in all; less is a stub.
    min_introduction_chars: of an introduction in a pair.
    min_section_chars: of a section in a pair.
    text_chars: where texts are cut, at the end of a paragraph if there is one.
    list_titles, disambiguation_titles: patterns of titles.
    disambiguation_templates: patterns of names of templates.
    sections: patterns of titles of sections; those in them go with them.
    categories: patterns of categories whose pages have little in common.
  """

  min_article_chars: int = 300
  min_introduction_chars: int = 100
  min_section_chars: int = 100
  text_chars: int = 2000
  list_titles: tuple[str, ...] = LIST_TITLES
  disambiguation_titles: tuple[str, ...] = DISAMBIGUATION_TITLES
  disambiguation_templates: tuple[str, ...] = DISAMBIGUATION_TEMPLATES
  sections: tuple[str, ...] = SECTIONS
  categories: tuple[str, ...] = CATEGORIES


def matches(name: str, patterns: Sequence[str]) -> bool:
  """Whether a name is one of the patterns, in any case of letters.

  >>> matches("list of rivers", ("List of *",))
  True
  """
  return bool(patterns) and bool(_compiled(tuple(patterns)).match(name.lower()))


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[str]:
  """All patterns as one."""
  parts = (fnmatch.translate(pattern.lower()) for pattern in patterns)
  return re.compile("|".join(parts))


def shorten(text: str, chars: int) -> str:
  """The first paragraphs, with at most so many characters.

  A first paragraph longer than that is cut behind a sentence or, where there
  is none in its second half, behind a word.

  >>> shorten("One two. Three four.\\n\\nFive.", 22)
  'One two. Three four.'
  >>> shorten("One two. Three four.", 12)
  'One two.'
  """
  if len(text) <= chars:
    return text
  end = text.rfind("\n\n", 0, chars + 2)
  if end > 0:
    return text[:end].rstrip()
  for mark in (". ", "! ", "? ", "。", "\n", " "):
    end = text.rfind(mark, 0, chars + mark[-1].isspace())
    if end >= chars // 2:
      return text[: end + 1].rstrip()
  return text[:chars]
