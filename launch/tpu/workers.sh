# Sourced by launch/tpu_run.sh: what is done on the machine's workers.
#
# Each holds ~/gigapair: code/ (this tree), venv/, job/ (what runs), and
# staged/ where it is no disk. tpu/worker.sh is what runs there.
# shellcheck shell=bash disable=SC2154  # flags.sh sets the flags

readonly THERE=gigapair/code/launch/tpu/worker.sh
readonly ENDED="tpu_run: ended with " # as worker.sh says it

followers=() workers=0 machine_gone=""

# Runs `worker.sh WORDS...` on some of the workers: their numbers, or all.
on_workers() {
  local which=$1
  shift
  ssh_to "$which" "bash $THERE $(quoted "$@")"
}

on_all() { on_workers all "$@"; }

# A connection whose other end is gone ends within a minute.
ssh_to() {
  gcloud_do compute tpus tpu-vm ssh "$name" "--worker=$1" "--command=$2" \
    "--ssh-flag=-o ServerAliveInterval=15" "--ssh-flag=-o ServerAliveCountMax=4" \
    </dev/null
}

count_workers() {
  workers=$(gcloud_ask 1 compute tpus tpu-vm describe "$name" \
    "--format=value(networkEndpoints.len())")
}

# Whether launch.train runs on all workers, on none or not all, or (unknown)
# not every worker has answered.
started_already() {
  local answers
  answers=$(ssh_to all "bash $THERE runs || echo no") || answers=unknown
  if [[ $dry_run ]]; then
    echo none
  elif (($(grep -cx 'yes\|no' <<<"$answers") < workers)); then
    echo unknown
  elif grep -qx no <<<"$answers"; then
    echo none
  else
    echo all
  fi
}

copy_code() {
  local archive=${scratch:?}/code.tgz
  note "copies the code to all workers"
  if [[ $dry_run ]]; then
    quoted tar -czf "$archive" . >&3 # without what git ignores
  else
    pack_code "$archive" || return
  fi
  gcloud_do compute tpus tpu-vm scp "$archive" "$name:gigapair.tgz" \
    --worker=all
}

# This tree as it stands, without what git ignores, or without what begins with
# a dot and runs/ where there is no git.
pack_code() {
  local listed=(git ls-files -z --cached --others --exclude-standard) file
  [[ -e .git ]] || listed=(find . -type f -not -path '*/.*' -not -path
    './runs/*' -print0)
  "${listed[@]}" | while IFS= read -r -d '' file; do
    [[ ! -e $file ]] || printf '%s\0' "$file" # git lists deleted ones too.
  done | tar -czf "$1" --null -T -
}

# The code's place, packages, and the data's disk.
set_up() {
  local access=none
  note "sets up all workers"
  [[ $data_disk_gb == 0 ]] || access=read-write
  [[ ! $read_only_disk ]] || access=read-only
  # What still runs on some of them ends before its code goes.
  ssh_to all "test ! -e $THERE || bash $THERE end;\
 rm -rf gigapair/code && mkdir -p gigapair/code &&\
 tar -xzf gigapair.tgz -C gigapair/code && bash $THERE set_up $access"
}

stage_data() {
  local bucket
  for bucket in ${stage[@]+"${stage[@]}"}; do
    note "stages $bucket"
    on_all stage "$bucket" || return
  done
}

start_training() {
  note "starts launch.train on all workers"
  on_all start "--workdir=$workdir" "${training[@]}"
}

# Shows the logs of all workers until launch.train has ended on each, or the
# machine is gone. Comes back with the code of launch.train, or 75.
follow_training() {
  local number
  machine_gone=""
  rm -f "$scratch"/ended.*
  if [[ $dry_run ]]; then
    on_workers 0 follow # and so on
    return
  fi
  set -m # Each follower is a group of processes, to be ended as one.
  for ((number = 0; number < workers; number++)); do
    follow "$number" &
    followers+=($!)
  done
  set +m
  watch_followers
  stop_following
  training_code
}

# One worker's log, with its number before each line, and what it tells: the
# step of the run, and how it ended.
follow() {
  local number=$1 line step furthest_here=0 code by_hand
  on_workers "$number" follow | while IFS= read -r line; do
    printf '[%s] %s\n' "$number" "$line"
    step=$(step_of "$line")
    if ((${step:-0} > furthest_here)); then
      furthest_here=$step
      echo "$step" >"$scratch/step"
    elif [[ $line == "$ENDED"* ]]; then
      read -r code by_hand <<<"${line#"$ENDED"}"
      echo "$code" >"$scratch/ended.$number"
      [[ ! $by_hand ]] || touch "$scratch/by_hand"
    fi
  done
}

# Until all followers have ended, or the machine is LOST. Those of workers that
# were lost hang, so the machine is looked at meanwhile.
watch_followers() {
  local looked=$SECONDS
  while [[ $(jobs -rp) ]]; do
    sleep 0.2
    ((SECONDS - looked > poll_s)) || continue
    looked=$SECONDS
    case $(machine_state ACTIVE READY || echo unknown) in
      LOST | NONE)
        machine_gone=yes
        return
        ;;
    esac
  done
}

stop_following() {
  local follower
  for follower in ${followers[@]+"${followers[@]}"}; do
    kill -- "-$follower" 2>/dev/null || true
    wait "$follower" 2>/dev/null || true
  done
  followers=()
}

# 2 and 3 of any worker are final; 0 is so where all say it.
training_code() {
  local number code worst=0
  for ((number = 0; number < workers; number++)); do
    code=75 # It never said.
    [[ ! -f $scratch/ended.$number ]] || code=$(<"$scratch/ended.$number")
    case $code in
      2 | 3) return "$code" ;;
      0) ;;
      *) worst=$code ;;
    esac
  done
  return "$worst"
}

# Not so where a connection broke: the training may run on.
known_to_have_ended() {
  local number
  [[ ! $machine_gone ]] || return 0
  for ((number = 0; number < workers; number++)); do
    [[ -f $scratch/ended.$number ]] || return
  done
}
