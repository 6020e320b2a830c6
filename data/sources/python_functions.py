"""The documented functions of one Python source: documentation and code.

The rules are CodeSearchNet's (Husain et al. 2019, arXiv 1909.09436):

- a candidate is a function or method at the top of a module or class (also
  under an `if`, `try` or `with` there); a function inside a function is part
  of that one's code and gives no pair of its own;
- documentation is the first paragraph of the docstring, on one line, without
  the marks of reStructuredText roles and code quotes; it ends before a field
  (`:param x:`), a section (`Args:`), a directive or a doctest;
- code is the source from `def` on, with name and signature, without
  decorators and docstring, moved to the left margin;
- documentation has at least 3 words and code at least 3 lines; left out are
  double-underscore methods, tests, overloads, bodies that do nothing, and
  documentation that is no prose.

    functions, dropped = python_functions.extract(source)
"""

import ast
import collections
import re
import warnings
from collections.abc import Iterator
from typing import NamedTuple

MIN_WORDS = 3
MIN_LINES = 3
MAX_CHARACTERS = 20_000  # Far beyond what any encoder reads of a function.
MIN_LETTERS = 0.6  # Of the characters that are no space; prose has about 0.95.

_FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# Where the first paragraph ends, if not at a blank line.
_PARAGRAPH_END = re.compile(
  r"""\n[ \t]*(?:
    \n                                   # a blank line
    | [:@]\w[^:\n]*:? | >>> | \.\.[ ]    # a field, a doctest, a directive
    | ([-=~^*#])\1{2,}                   # the line under a title
    | (?:Arg(?:ument)?|Param(?:eter)?|Return|Yield|Raise|Example|Note|Usage)
      s?:?[ \t]*(?:\n|$)                 # a section
  )""",
  re.VERBOSE,
)
_NO_PROSE = re.compile(
  r"""[^\w"'(*\[<]                   # a doctest, field, directive, prompt
    | \**\w+\s*\(.*?\)\s*:\s         # an argument with its type
    | \**[a-z_]\w*\s*:\s             # an argument
    | (?:Arg|Param|Parameter|Return|Yield|Raise|Usage|TODO)\w*\s*:\s
    | [\w.]+\([^()]*\)\s*[-=]+>      # a signature
  """,
  re.VERBOSE,
)
_ROLE = re.compile(r":[\w:.+-]+:`~?([^`<]+?)(?:\s*<[^`>]*>)?`")
_LINK = re.compile(r"\[`~?([^`]+)`\]")
_QUOTED = re.compile(r"`+~?([^`]*)`+_*")


class Function(NamedTuple):
  """A documented function: its qualified name, documentation and code."""

  name: str
  documentation: str
  code: str


def extract(source: str) -> tuple[list[Function], collections.Counter[str]]:
  """The pairs of a source text, and how many candidates gave none, by reason.

  Args:
    source: a module's text, its line breaks as "\\n".

  Returns:
    The functions in the order of the source, and reason -> number dropped.

  Raises:
    SyntaxError, ValueError, RecursionError, MemoryError: what `ast.parse`
      raises for a text that is not of this version of Python or too deep.
  """
  with warnings.catch_warnings():
    # Of invalid escapes in other people's files; 3.12 made it SyntaxWarning.
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    tree = ast.parse(source)
  lines = source.split("\n")
  found: list[Function] = []
  dropped: collections.Counter[str] = collections.Counter()
  for name, node in _functions(tree, ""):
    reason = _refuse_node(node, lines)
    if reason is None:
      documentation = summarise(ast.get_docstring(node) or "")
      code = _code(node, lines)
      reason = _refuse_text(documentation, code)
      if reason is None:
        found.append(Function(name, documentation, code[:MAX_CHARACTERS]))
        continue
    dropped[reason] += 1
  return found, dropped


def summarise(docstring: str) -> str:
  """The first paragraph of a docstring, on one line, without markup.

  >>> summarise("Calls :func:`~os.stat` on\\n``path``.\\n:param path: a path")
  'Calls os.stat on path.'
  """
  text = docstring.strip()
  end = _PARAGRAPH_END.search(text)
  if end is not None:
    text = text[: end.start()]
  for markup in (_ROLE, _LINK, _QUOTED):
    text = markup.sub(r"\1", text)
  return " ".join(text.split())


def _functions(
  node: ast.AST, prefix: str
) -> Iterator[tuple[str, _FunctionNode]]:
  """Qualified name and node of each function outside of any other."""
  for child in ast.iter_child_nodes(node):
    if isinstance(child, _FunctionNode):
      yield prefix + child.name, child
    elif isinstance(child, ast.ClassDef):
      yield from _functions(child, f"{prefix}{child.name}.")
    elif isinstance(child, ast.stmt | ast.ExceptHandler):
      yield from _functions(child, prefix)


def _refuse_node(node: _FunctionNode, lines: list[str]) -> str | None:
  """Why this function gives no pair, by its syntax, or None."""
  name = node.name
  if name.startswith("__") and name.endswith("__"):
    return "dunder"
  if name.lower().startswith("test"):
    return "test"
  if any(
    _last_name(decorator) == "overload" for decorator in node.decorator_list
  ):
    return "overload"
  if ast.get_docstring(node, clean=False) is None:
    return "undocumented"
  if all(_does_nothing(statement) for statement in node.body[1:]):
    return "stub"
  docstring = node.body[0]
  before = lines[docstring.lineno - 1][: docstring.col_offset]
  if before.strip() or node.body[1].lineno <= (docstring.end_lineno or 0):
    return "one_line"
  return None


def _refuse_text(documentation: str, code: str) -> str | None:
  """Why these texts make no pair, or None."""
  if sum(bool(line.strip()) for line in code.split("\n")) < MIN_LINES:
    return "short_code"
  if len(documentation.split()) < MIN_WORDS:
    return "short_documentation"
  characters = "".join(documentation.split())
  letters = sum(character.isalpha() for character in characters)
  if (
    _NO_PROSE.match(documentation)
    or letters < MIN_LETTERS * len(characters)
    or not documentation.isprintable()  # Such as half a surrogate pair.
  ):
    return "no_prose"
  return None


def _code(node: _FunctionNode, lines: list[str]) -> str:
  """The source from `def` on, without the docstring, at the left margin."""
  docstring = node.body[0]
  signature = lines[node.lineno - 1 : docstring.lineno - 1]
  body = lines[docstring.end_lineno : node.end_lineno]
  while body and not body[0].strip():
    del body[0]
  margin = signature[0][: -len(signature[0].lstrip())]
  return "\n".join(line.removeprefix(margin) for line in signature + body)


def _does_nothing(statement: ast.stmt) -> bool:
  """Whether it is `pass`, `...` or `raise NotImplementedError`."""
  if isinstance(statement, ast.Raise):
    return _last_name(statement.exc) == "NotImplementedError"
  return isinstance(statement, ast.Pass) or (
    isinstance(statement, ast.Expr)
    and isinstance(statement.value, ast.Constant)
  )


def _last_name(node: ast.expr | None) -> str:
  """`c` of the expressions `a.b.c`, `c` and `c(...)`; "" of others."""
  if isinstance(node, ast.Call):
    node = node.func
  if isinstance(node, ast.Attribute):
    return node.attr
  return node.id if isinstance(node, ast.Name) else ""
