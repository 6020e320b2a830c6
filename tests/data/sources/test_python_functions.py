"""Tests of data/sources/python_functions.py."""

import textwrap
import warnings

import pytest

from data.sources import python_functions

BODY = "first = x + 1\nreturn first"


def extract(source: str) -> list[python_functions.Function]:
  """The functions of a source, indented as in this file."""
  return python_functions.extract(textwrap.dedent(source))[0]


def dropped(source: str) -> dict[str, int]:
  """Reasons and numbers of a source that gives no function."""
  found, reasons = python_functions.extract(textwrap.dedent(source))
  assert not found
  return dict(reasons)


def function(
  documentation: str = '"""Adds one to it."""',
  name: str = "add",
  body: str = BODY,
  before: str = "",
) -> str:
  """The source of a function with this docstring, name and body."""
  inside = textwrap.indent(f"{documentation}\n{body}\n", "  ")
  return f"{before}def {name}(x):\n{inside}"


def test_a_function_gives_its_documentation_and_code() -> None:
  assert extract('''
    @cached
    def area(
      width: int, height: int
    ) -> int:
      """The area of a rectangle
      of these sides.

      Args:
        width: one side.
      """

      # The sides are exact.
      return width * height
  ''') == [
    (
      "area",
      "The area of a rectangle of these sides.",
      "def area(\n  width: int, height: int\n) -> int:\n"
      "  # The sides are exact.\n  return width * height",
    )
  ]


def test_methods_are_moved_to_the_margin() -> None:
  found = extract('''
    class Outer:
      class Inner:
        async def read(self):
          r"""Reads all of it."""
          text = """
    at the margin
          """
          return text
  ''')
  assert found == [
    (
      "Outer.Inner.read",
      "Reads all of it.",
      'async def read(self):\n  text = """\nat the margin\n  """\n'
      "  return text",
    )
  ]


def test_tabs_form_feeds_and_other_line_breaks_are_no_trouble() -> None:
  source = (
    'X = "a\u2028b\x0bc"\n\x0c\nclass A:\n\tdef go(self):\n\t\t"Goes to it.'
    ' \\\n\t\tFast."\n\t\ta = "é\u2028"\n\t\treturn a\n'
  )
  ((name, documentation, code),) = python_functions.extract(source)[0]
  assert (name, documentation) == ("A.go", "Goes to it. Fast.")
  assert code == 'def go(self):\n\ta = "é\u2028"\n\treturn a'


def test_functions_under_conditions_and_in_functions() -> None:
  found = extract('''
    if unix:
      def stat(x):
        """Reads the state of it."""
        y = x
        return y
    else:
      try:
        import fast
      except ImportError:
        def stat(x):
          """Gives no state here."""
          y = x
          def inner(z):
            """Is part of the outer one."""
            y = z
            return y
          return inner(y)
  ''')
  assert [(name, text) for name, text, _ in found] == [
    ("stat", "Reads the state of it."),
    ("stat", "Gives no state here."),
  ]
  assert "Is part of the outer one" in found[1].code


@pytest.mark.parametrize(
  ("reason", "source"),
  [
    ("undocumented", function("x = 1")),
    ("dunder", function(name="__add__")),
    ("test", function(name="test_add")),
    ("test", function(name="TestAdd")),
    ("overload", function(before="@overload\n")),
    ("overload", function(before="@typing.overload\n")),
    ("stub", function(body="pass")),
    ("stub", function(body="...")),
    ("stub", function(body="\n\nraise NotImplementedError")),
    ("stub", function(body="raise NotImplementedError(\n 'a'\n 'b'\n)")),
    ("stub", "def f(x):\n  '''Does nothing at all.'''\n"),
    ("one_line", "def f(x): 'Adds one to it.'; x += 1; return x\n"),
    ("one_line", function(body="", documentation=f"'Adds to it.'; {BODY}")),
    ("short_code", function(body="return x + 1")),
    ("short_code", function(body="\n\nreturn x + 1\n\n")),
    ("short_documentation", function('"""Adds one."""')),
    ("short_documentation", function('"""Adds one.\n\nTo the number."""')),
    ("short_documentation", function('""" """')),
    ("no_prose", function('""">>> add(1) + add(2)"""')),
    ("no_prose", function('""":param x: the number"""')),
    ("no_prose", function('""".. deprecated:: in 3.2"""')),
    ("no_prose", function('"""x (`int`, *optional*): The number."""')),
    ("no_prose", function('"""x: the number to add to."""')),
    ("no_prose", function('"""Args: x is the number."""')),
    ("no_prose", function('"""add(x) -> the sum of them"""')),
    ("no_prose", function('"""x + 1 == 2 (3 * 4)"""')),
    ("no_prose", function('"""Adds \\ud800 to it."""')),
  ],
)
def test_what_gives_no_pair(reason: str, source: str) -> None:
  assert dropped(source) == {reason: 1}


@pytest.mark.parametrize(
  ("docstring", "summary"),
  [
    ("One line.", "One line."),
    ("  \n Two\n   lines.\n\n Not these.", "Two lines."),
    ("Adds it.\n:param x: the number", "Adds it."),
    ("Adds it.\n@return: the sum", "Adds it."),
    ("Adds it.\nArgs:\n  x: the number", "Adds it."),
    ("Adds it.\nParameters\n----------\nx", "Adds it."),
    ("Adds it\n=======\nReally.", "Adds it"),
    ("Adds it.\n>>> add(1)", "Adds it."),
    ("Adds it.\n.. note:: slow", "Adds it."),
    ("Adds\nReturns of both.", "Adds Returns of both."),
    ("Like :class:`~a.B`, ``c`` and `d`_.", "Like a.B, c and d."),
    ("See :py:meth:`this one <a.b>` too.", "See this one too."),
    ("Calls [`a.b`] of [`~c`]: [d].", "Calls a.b of c: [d]."),
  ],
)
def test_the_first_paragraph(docstring: str, summary: str) -> None:
  assert python_functions.summarise(docstring) == summary


def test_prose_with_a_colon_or_a_name_stays() -> None:
  for text in (
    "Internal: adds one to it.",
    "Return (a // b, a % b) of two numbers.",
    "'x' is the number to add.",
    "(Deprecated) adds one to it.",
  ):
    assert extract(function(f'"""{text}"""'))[0].documentation == text


def test_code_has_a_greatest_length() -> None:
  ((_, _, code),) = extract(function(body="x += 1\n" * 10_000))
  assert len(code) == python_functions.MAX_CHARACTERS


def test_other_peoples_escapes_are_silent() -> None:
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert extract(function(body=r'y = "\d"' + "\nassert (1, 2)\nreturn y"))
