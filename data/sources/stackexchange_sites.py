"""The sites of a Stack Exchange dump: which files are whose.

A site is an archive (beer.stackexchange.com.7z), several
(stackoverflow.com-Posts.7z beside stackoverflow.com-PostLinks.7z), or a folder
of that name with its Posts.xml and PostLinks.xml.
"""

import dataclasses
import pathlib
import re
from collections.abc import Sequence

from data import program
from data.sources import raw

POSTS, LINKS = "Posts", "PostLinks"
WANTED = ("Posts.xml", "*-Posts.xml", "PostLinks.xml", "*-PostLinks.xml")
# SITE-Posts.xml, or Posts.xml in a place that names the site.
_FILE = re.compile(rf"(?:(?P<site>.+)-)?(?P<table>{POSTS}|{LINKS})\.xml")
_ARCHIVE = re.compile(
  rf"(?P<site>.+?)(?:-(?:{POSTS}|{LINKS}))?\.(?:7z|zip)", re.I
)


@dataclasses.dataclass
class Site:
  """The files of a site; a site may have no links.

  Attributes:
    name: as in "beer.stackexchange.com".
    posts: its Posts.xml.
    links: its PostLinks.xml.
  """

  name: str
  posts: raw.File
  links: raw.File | None = None


def find(names: Sequence[str], site: str = "") -> list[Site]:
  """The sites that names of files, folders and archives mean.

  Args:
    names: as raw.find takes them.
    site: the name of the only site; "" to see it from its files' names.

  Returns:
    The sites by their names.

  Raises:
    program.BadInput: if a name gives no such file, a site has two of one, or
      links without posts.
  """
  found: dict[tuple[str, str], raw.File] = {}
  for file in raw.find(names, WANTED):
    name, table = _whose(file)
    other = found.setdefault((site or name, table), file)
    if other is not file:
      raise program.BadInput(
        f"--in has two {table}.xml of {site or name}: {_place(other)} and "
        f"{_place(file)}; give one"
        + ", and no --site where there are several sites"
        * bool(site)
      )
  alone = {name for name, _ in found} - {
    name for name, table in found if table == POSTS
  }
  if alone:
    name = min(alone)
    raise program.BadInput(
      f"--in has {_place(found[name, LINKS])} and no Posts.xml of {name}; give "
      "both, with names that begin with the same site, or in one folder"
    )
  return [
    Site(name, file, found.get((name, LINKS)))
    for (name, table), file in sorted(found.items())
    if table == POSTS
  ]


def _whose(file: raw.File) -> tuple[str, str]:
  """The site of a file, and its table."""
  match = _FILE.fullmatch(file.base)
  if not match:
    raise program.BadInput(
      f"--in={_place(file)} is neither a Posts.xml nor a PostLinks.xml; name "
      "it so, or give the site's folder or .7z"
    )
  return match["site"] or _named_by(file), match["table"]


def _named_by(file: raw.File) -> str:
  """The site that the archive or the folder of a file names."""
  if file.member:
    folder = pathlib.PurePosixPath(file.member.replace("\\", "/")).parent.name
    archive = _ARCHIVE.fullmatch(file.path.name)
    return folder or (archive["site"] if archive else file.path.stem)
  return file.path.resolve().parent.name


def _place(file: raw.File) -> str:
  """A file in words that tell it from others of its name."""
  return str(file.path) + (f":{file.member}" if file.member else "")
