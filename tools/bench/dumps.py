"""Dumps of any size in the formats of real ones, with made-up texts.

    dumps.FORMATS["stackexchange"].write(folder, 64 * 10**6)

Texts are those of tools/bench/made_texts.py, in markup such as the real dumps
have. The same size gives the same bytes.
"""

import dataclasses
import html
import itertools
import json
import pathlib
from collections.abc import Callable, Iterator

import numpy as np

from tools.bench import made_texts


_FUNCTIONS = 40  # a module
_MEMORY = ("--memory_gb={memory_gb}",)


@dataclasses.dataclass(frozen=True)
class Format:
  """A format of dumps.

  Attributes:
    module: the miner that reads it.
    flags: what it is told beside --in, --out and --processes.
    write: writes a dump of about so many bytes below a folder; gives what --in
      takes, and how many rows (posts, comments, pages, papers, functions) there
      are.
  """

  module: str
  flags: tuple[str, ...]
  write: Callable[[pathlib.Path, int], tuple[pathlib.Path, int]]


def _write(
  path: pathlib.Path, head: str, rows: Iterator[str], tail: str, size: int
) -> int:
  """Writes rows until the file is as large; gives how many."""
  path.parent.mkdir(parents=True, exist_ok=True)
  written = count = 0
  with path.open("w", encoding="utf-8", newline="\n") as file:
    file.write(head)
    for row in rows:
      written += file.write(row)
      count += 1
      if written >= size:
        break
    file.write(tail)
  return count


def _stackexchange(folder: pathlib.Path, size: int) -> tuple[pathlib.Path, int]:
  """A site: questions with answers, and links between questions."""
  site = folder / "made.stackexchange.com"
  questions: list[int] = []
  head = '\ufeff<?xml version="1.0" encoding="utf-8"?>\n'
  posts = _write(
    site / "Posts.xml",
    f"{head}<posts>\n",
    _posts(made_texts.Texts(), questions),
    "</posts>\n",
    size,
  )
  pairs = itertools.pairwise(questions[::5])
  links = (
    f'  <row Id="{n}" CreationDate="2020-01-01T00:00:00.000" PostId="{new}" '
    f'RelatedPostId="{old}" LinkTypeId="{3 if n % 4 else 1}" />\n'
    for n, (old, new) in enumerate(pairs, 1)
  )
  _write(
    site / "PostLinks.xml",
    f"{head}<postlinks>\n",
    links,
    "</postlinks>\n",
    size,
  )
  return site, posts


def _posts(texts: made_texts.Texts, questions: list[int]) -> Iterator[str]:
  """Rows of Posts.xml: a question, and none to five answers behind it."""
  ids = itertools.count(1)
  for question in ids:
    questions.append(question)
    answers = [next(ids) for _ in range(texts.number(5))]
    accepted = f' AcceptedAnswerId="{answers[0]}"' if answers else ""
    title = html.escape(texts.title(question))
    yield (
      f'  <row Id="{question}" PostTypeId="1"{accepted} '
      f'CreationDate="2020-01-01T00:00:00.000" Score="{texts.number(40)}" '
      f'ViewCount="7" Body="{_body(texts)}" OwnerUserId="7" Title="{title}" '
      'Tags="&lt;made&gt;&lt;up&gt;" CommentCount="0" '
      'ContentLicense="CC BY-SA 4.0" />\n'
    )
    for answer in answers:
      yield (
        f'  <row Id="{answer}" PostTypeId="2" ParentId="{question}" '
        f'CreationDate="2020-01-02T00:00:00.000" Score="{texts.number(40) - 2}"'
        f' Body="{_body(texts)}" OwnerUserId="8" CommentCount="0" '
        'ContentLicense="CC BY-SA 4.0" />\n'
      )


def _body(texts: made_texts.Texts) -> str:
  """A post's HTML as an attribute: paragraphs, links, code, lists."""
  parts = [f"<p>{texts.paragraph()}</p>\n"]
  if texts.chance(0.6):
    link = '<a href="https://example.org/a?b=1&amp;c=2" rel="nofollow">'
    parts.append(f"<p>{texts.paragraph()} {link}here</a> it <em>is</em>.</p>\n")
  if texts.chance(0.4):
    code = texts.paragraph().replace(" ", "\n    ")
    parts.append(f"<pre><code>if x &lt; y:\n    {code}\n</code></pre>\n")
  if texts.chance(0.2):
    items = "".join(f"<li>{part}</li>\n" for part in texts.title(1).split())
    parts.append(f"<ul>\n{items}</ul>\n")
  return html.escape("".join(parts)).replace("\n", "&#xA;")


def _reddit(folder: pathlib.Path, size: int) -> tuple[pathlib.Path, int]:
  """A month of comments in threads."""
  path = folder / "RC_2020-01"
  return path, _write(path, "", _comments(made_texts.Texts()), "", size)


def _comments(texts: made_texts.Texts) -> Iterator[str]:
  """Rows of a month file; half of all answer an earlier one of the thread."""
  thread: list[str] = []
  for number in itertools.count(36**5):
    if not thread or texts.chance(0.05):
      link, thread = f"t3_{np.base_repr(number, 36).lower()}", []
    name = np.base_repr(number, 36).lower()
    parent = f"t1_{thread[-1]}" if thread and texts.chance(0.7) else link
    thread = [*thread[-20:], name]
    row = {
      "author": f"user{number % 9_973}",
      "author_flair_text": None,
      "body": texts.paragraph()[: 20 + texts.number(400)],
      "controversiality": 0,
      "created_utc": 1_577_836_800 + number % 2_600_000,
      "distinguished": None,
      "edited": False,
      "gilded": 0,
      "id": name,
      "link_id": link,
      "parent_id": parent,
      "retrieved_on": 1_580_000_000,
      "score": texts.number(300) - 3,
      "stickied": False,
      "subreddit": f"made{number % 97}",
      "subreddit_id": "t5_2qh0u",
    }
    yield json.dumps(row) + "\n"


def _wikipedia(folder: pathlib.Path, size: int) -> tuple[pathlib.Path, int]:
  """Articles with sections and categories, and a redirect for every third."""
  path = folder / "madewiki-pages-articles.xml"
  head = (
    '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" '
    'version="0.11" xml:lang="en">\n  <siteinfo>\n'
    "    <sitename>Wikipedia</sitename>\n    <dbname>enwiki</dbname>\n"
    "  </siteinfo>\n"
  )
  return path, _write(
    path, head, _pages(made_texts.Texts()), "</mediawiki>\n", size
  )


def _pages(texts: made_texts.Texts) -> Iterator[str]:
  """Pages of an export."""
  for number in itertools.count(1):
    title = html.escape(texts.title(number), quote=False)
    redirect, text = "", _article(texts, title, number)
    if number % 4 == 0:
      redirect = '    <redirect title="Elsewhere" />\n'
      text = "#REDIRECT [[Elsewhere]]"
    yield (
      f"  <page>\n    <title>{title}</title>\n    <ns>0</ns>\n"
      f"    <id>{number}</id>\n{redirect}    <revision>\n"
      f"      <id>{number}7</id>\n"
      "      <timestamp>2020-01-01T00:00:00Z</timestamp>\n"
      "      <model>wikitext</model>\n      <format>text/x-wiki</format>\n"
      '      <text xml:space="preserve">'
      f"{html.escape(text, quote=False)}</text>\n"
      "    </revision>\n  </page>\n"
    )


def _article(texts: made_texts.Texts, title: str, number: int) -> str:
  """An article's wikitext: templates, links, references, sections."""
  link = f"[[{texts.title(number)}|{title.split()[0]}]]"
  reference = f"<ref>{{{{cite web|url=https://example.org/{number}}}}}</ref>"
  parts = [
    "{{Infobox thing\n| name = made\n| size = {{convert|7|km}}\n}}\n"
    f"'''{title}''' is {link}. {texts.paragraph()}{reference}\n"
  ]
  for section in range(2 + texts.number(6)):
    heading = texts.title(section).rsplit(" ", 2)[0]
    parts.append(f"\n== {heading} ==\n{texts.paragraph()} {link}\n")
    if texts.chance(0.5):
      parts.append(f"* {texts.paragraph()}{reference}\n* {link}\n")
  parts.append(f"\n[[Category:Made {number // 7}]]\n[[Category:Made up]]\n")
  return "".join(parts)


def _arxiv(folder: pathlib.Path, size: int) -> tuple[pathlib.Path, int]:
  """A metadata snapshot."""
  path = folder / "arxiv-metadata-oai-snapshot.json"
  return path, _write(path, "", _preprints(made_texts.Texts()), "", size)


def _preprints(texts: made_texts.Texts) -> Iterator[str]:
  """Rows of a snapshot."""
  for number in itertools.count():
    row = {
      "id": f"{1_000 + number // 90_000:04d}.{number % 90_000:05d}",
      "submitter": "A. Maker",
      "authors": "A. Maker and B. Upper",
      "title": texts.title(number),
      "comments": "8 pages",
      "categories": "cs.LG stat.ML",
      "license": "http://creativecommons.org/licenses/by/4.0/",
      "abstract": f"  {texts.paragraph()}\n{texts.paragraph()}\n",
      "versions": [
        {"version": "v1", "created": "Mon, 2 Apr 2007 19:18:42 GMT"}
      ],
      "update_date": "2008-11-26",
      "authors_parsed": [["Maker", "A.", ""], ["Upper", "B.", ""]],
    }
    yield json.dumps(row) + "\n"


def _s2orc(folder: pathlib.Path, size: int) -> tuple[pathlib.Path, int]:
  """Papers that cite earlier ones."""
  path = folder / "metadata_0.jsonl"
  return path, _write(path, "", _papers(made_texts.Texts()), "", size)


def _papers(texts: made_texts.Texts) -> Iterator[str]:
  """Rows of S2ORC's metadata."""
  for number in itertools.count(1):
    cited = {str(1 + texts.number(number)) for _ in range(texts.number(12))}
    row = {
      "paper_id": str(number),
      "title": texts.title(number),
      "authors": [{"first": "A.", "middle": [], "last": "Maker", "suffix": ""}],
      "abstract": f"{texts.paragraph()} {texts.paragraph()}",
      "year": 2_019,
      "outbound_citations": sorted(cited - {str(number)}),
      "inbound_citations": [],
    }
    yield json.dumps(row) + "\n"


def _python(folder: pathlib.Path, size: int) -> tuple[pathlib.Path, int]:
  """Packages of modules of functions with documentation."""
  texts, written, count = made_texts.Texts(), 0, 0
  while written < size:
    functions = [_function(texts, count + n) for n in range(_FUNCTIONS)]
    number = count // _FUNCTIONS
    package = folder / f"made_{number // 50}"
    package.mkdir(parents=True, exist_ok=True)
    text = "\n\n".join(functions)
    written += (package / f"module_{number}.py").write_text(text)
    count += _FUNCTIONS
  return folder, count


def _function(texts: made_texts.Texts, number: int) -> str:
  """A function of a few lines, whose words no other has in that order."""
  words = texts.paragraph().split()[:7] + texts.paragraph().split()[:7]
  names = [f"{word.strip('.').lower()}_" for word in words]
  lines = "".join(f"  {name} = {name}(n, {number})\n" for name in names)
  return (
    f"def {names[0]}{number}(n):\n"
    f'  """{texts.title(number)}.\n\n  {texts.paragraph()}\n  """\n'
    f"{lines}  return n\n"
  )


FORMATS = {
  "stackexchange": Format(
    "data.sources.stackexchange", _MEMORY, _stackexchange
  ),
  "reddit": Format("data.sources.reddit", _MEMORY, _reddit),
  "wikipedia": Format("data.sources.wikipedia", _MEMORY, _wikipedia),
  "arxiv": Format("data.sources.papers", ("--format=arxiv", *_MEMORY), _arxiv),
  "s2orc": Format("data.sources.papers", ("--format=s2orc", *_MEMORY), _s2orc),
  "python_code": Format(
    "data.sources.python_code", ("--dev_pairs=0", "--test_pairs=0"), _python
  ),
}
