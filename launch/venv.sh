# shellcheck shell=bash
# Sourced by all scripts that run Python.
#
#   make_venv FOLDER REQUIREMENTS
#
# makes a virtual environment and installs into it, unless it is there and the
# requirements are still those it was made from. PYTHON chooses the interpreter.

find_python() {
  local candidate
  for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "no Python 3.11 or newer was found (python3 is" \
    "$(python3 --version 2>&1)); install one, or set PYTHON to it" >&2
  return 2
}

make_venv() {
  local folder=$1 requirements=$2 python
  ! has_venv "$folder" || return 0
  python=$(find_python) || return
  echo "installing $requirements into $folder" >&2
  rm -f "$folder/installed"
  "$python" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$requirements"
  cat requirements*.txt | cksum >"$folder/installed"
}

# Whether the environment was made from the requirements as they are.
has_venv() {
  [[ -f $1/installed ]] \
    && [[ $(<"$1/installed") == "$(cat requirements*.txt | cksum)" ]]
}

# What a training process on a CPU should find in its environment: glibc gives
# large blocks back to the system after each step unless it is told not to,
# and a third of the time then goes into getting them again.
tune_environment() {
  export MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-1}
  export GLIBC_TUNABLES=${GLIBC_TUNABLES:-glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=134217728}
  export TOKENIZERS_PARALLELISM=${TOKENIZERS_PARALLELISM:-true}
  # Shards stay open as far as this allows; the default is often 1,024.
  ulimit -Sn "$(ulimit -Hn)" 2>/dev/null || true
}
