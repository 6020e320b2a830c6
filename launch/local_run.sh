#!/usr/bin/env bash
# Sets up, then trains in a pod of processes on this machine, one a host.
#
#   launch/local_run.sh -n HOSTS -d DEVICES [--restarts=N] -- LAUNCH.TRAIN_FLAGS
#
# Each has so many virtual CPU devices. What fails is started again; stop it
# whenever you like; run again, it goes on where it was. See launch/pod.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source launch/venv.sh
make_venv .venv requirements.txt
tune_environment
exec .venv/bin/python -m launch.pod "$@"
