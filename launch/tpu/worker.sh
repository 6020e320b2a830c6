#!/usr/bin/env bash
# What launch/tpu_run.sh runs on each worker of a TPU:
#
#   worker.sh set_up none|read-write|read-only   packages; the disk of the data
#   worker.sh stage gs://BUCKET/NAME             a folder of a bucket, here
#   worker.sh start FLAGS...     launch.train, apart from this connection
#   worker.sh runs               "yes" or "no"
#   worker.sh follow             its log to the end, and its exit code
#   worker.sh log LINES | status | stop
#
# ~/gigapair holds all of it. What runs is told by the files of job/: pid, log,
# code (once it has ended) and by_hand (if it was told to stop).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source launch/venv.sh

readonly HOME_S=~/gigapair
readonly VENV=$HOME_S/venv JOB=$HOME_S/job STAGED=$HOME_S/staged
readonly PYTHON_WANTED=3.12 # where the machine's own is too old
readonly GRACE_S=60         # from SIGTERM to SIGKILL

set_up() {
  mkdir -p "$JOB"
  mount_data "$1"
  ln -sfn "$STAGED" staged # where flags of launch.train find it
  if ! has_venv "$VENV"; then
    PYTHON=$(usable_python)
    export PYTHON
    make_venv "$VENV" requirements-tpu.txt
  fi
}

# The machine's Python if JAX and venv take it, or one that uv brings: images
# have had 3.8 and 3.10, and Ubuntu's own may lack ensurepip.
usable_python() {
  local python
  if python=$(find_python 2>/dev/null) \
    && "$python" -c 'import ensurepip' 2>/dev/null; then
    echo "$python"
    return
  fi
  python3 -m pip install --quiet --user uv >&2
  python3 -m uv python install --quiet "$PYTHON_WANTED" >&2
  python3 -m uv python find "$PYTHON_WANTED"
}

# The second disk as staged/. An empty one is formatted first.
mount_data() {
  local access=$1 device options=discard,defaults
  mkdir -p "$STAGED"
  [[ $access != none ]] || return 0
  ! mountpoint -q "$STAGED" || return 0
  device=$(data_device)
  if [[ $access == read-only ]]; then
    options=ro,noload # Others have it too: nobody may replay its journal.
  elif ! sudo blkid "$device" >/dev/null; then
    sudo mkfs.ext4 -q -m 0 -E lazy_itable_init=0,lazy_journal_init=0,discard \
      "$device"
  fi
  sudo mount -o "$options" "$device" "$STAGED"
  [[ $access == read-only ]] || sudo chown "$(id -u)" "$STAGED"
}

# The disk on which the system is not.
data_device() {
  local root found
  root=$(lsblk -npo PKNAME "$(findmnt -no SOURCE /)" | head -n 1)
  found=$(lsblk -dnpo NAME,TYPE | awk -v root="$root" \
    '$2 == "disk" && $1 != root { print $1 }')
  if [[ $(wc -w <<<"$found") != 1 ]]; then
    echo "$(hostname) has ${found:-no disk} beside the system's $root; wanted" \
      "one for the data: see --data_disk_gb and --read_only_disk" >&2
    return 2
  fi
  echo "$found"
}

# A folder is whole if rsync ended well; what is there already is not copied.
stage() {
  local into=$STAGED/${1##*/}
  mkdir -p "$into"
  gcloud storage rsync --recursive "$1" "$into" --quiet || {
    df -h "$STAGED" >&2
    echo "$1 could not be copied to $(hostname); if its disk is full, see" \
      "--data_disk_gb and --read_only_disk" >&2
    return 1
  }
}

running() { [[ -f $JOB/pid ]] && kill -0 "$(<"$JOB/pid")" 2>/dev/null; }

runs() { if running; then echo yes; else echo no; fi; }

# setsid: it is nobody's child when this connection ends.
start() {
  end
  rm -f "$JOB"/{pid,log,code,by_hand}
  setsid nohup bash launch/tpu/worker.sh watch_over "$@" >"$JOB/log" 2>&1 </dev/null &
  echo $! >"$JOB/pid"
}

# launch.train, whose exit code it writes. SIGTERM, which a machine sends to all
# its processes before it goes, is launch.train's to answer.
watch_over() {
  local training code interrupted=yes
  trap 'interrupted=yes' TERM
  tune_environment
  "$VENV/bin/python" -m launch.train "$@" &
  training=$!
  echo "$training" >"$JOB/training"
  while [[ $interrupted ]]; do
    interrupted="" code=0
    wait "$training" || code=$?
  done
  echo "$code" >"$JOB/code"
}

follow() {
  tail -n +1 -s 0.2 -F --pid="$(<"$JOB/pid")" "$JOB/log" 2>/dev/null
  echo "tpu_run: ended with $(ended)"
}

# The exit code, 137 where nothing could write one.
ended() {
  local code=137
  [[ ! -f $JOB/code ]] || code=$(<"$JOB/code")
  if [[ -f $JOB/by_hand ]]; then echo "$code by hand"; else echo "$code"; fi
}

log() { tail -n "$1" "$JOB/log" | sed "s/^/[$(hostname)] /"; }

status() {
  if running; then
    echo "$(hostname): trains: $(tail -n 1 "$JOB/log")"
  elif [[ -f $JOB/pid ]]; then
    echo "$(hostname): ended with $(ended)"
  else
    echo "$(hostname): nothing was started"
  fi
}

stop() {
  touch "$JOB/by_hand"
  end
  status
}

# SIGTERM, on which launch.train saves; SIGKILL if that takes too long.
end() {
  running || return 0
  local waited=0
  kill -TERM "$(<"$JOB/training")" 2>/dev/null || true
  while running && ((waited++ < GRACE_S * 5)); do sleep 0.2; done
  running || return 0
  kill -KILL "$(<"$JOB/training")" "$(<"$JOB/pid")" 2>/dev/null || true
}

"$@"
