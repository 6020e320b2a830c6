"""Packages that may not be there."""

import sys

import pytest

from data import optional
from data import program


def test_a_package_that_is_there():
  assert optional.load("json", "requirements.txt") is sys.modules["json"]


def test_one_that_is_not():
  with pytest.raises(program.BadInput, match="-r requirements-data.txt"):
    optional.load("no_such_package", "requirements-data.txt")


def test_one_that_cannot_be_imported(tmp_path, monkeypatch):
  (tmp_path / "broken_package.py").write_text("import no_such_package")
  monkeypatch.syspath_prepend(str(tmp_path))
  with pytest.raises(program.BadInput, match="broken_package.*no_such"):
    optional.load("broken_package", "requirements-data.txt")
