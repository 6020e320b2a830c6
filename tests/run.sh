#!/usr/bin/env bash
# The whole gate: format, lint, types, tests with doctests.
#
#   tests/run.sh           what every change must pass
#   tests/run.sh --long    the same, and the tests that take minutes
#   tests/run.sh -k NAME   further arguments go to pytest
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source launch/venv.sh
make_venv .venv-test requirements-dev.txt
tune_environment
export PATH="$PWD/.venv-test/bin:$PATH"

marks=(-m "not long")
if [[ ${1:-} == --long ]]; then
  marks=()
  shift
  # Half a gigabyte, for few tests.
  python -m pip install --quiet --disable-pip-version-check \
    -r requirements-spark.txt
fi
ruff format --check .
ruff check .
pyright --pythonpath .venv-test/bin/python
python -m pytest --doctest-modules data embeddings launch tools tests \
  "${marks[@]}" "$@"
