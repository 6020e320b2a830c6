#!/usr/bin/env bash
# Sets up, then trains a code search on real text and asks it three questions.
#
#   launch/quickstart.sh [--workdir=DIR] [--model=ID_OR_DIR] [--smoke]
#
# Stop it whenever you like; run again, it goes on where it was.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source launch/venv.sh
make_venv .venv requirements.txt
tune_environment
exec .venv/bin/python -m launch.quickstart "$@"
