# Sourced by launch/tpu_run.sh: the machine, and the disk of its data.
#
# A machine is asked for by a queued resource, which becomes ACTIVE when its
# node is there; the node is READY until it is PREEMPTED. With --direct the node
# is created without a request.
# shellcheck shell=bash disable=SC2154  # flags.sh sets the flags

# Runs a command of gcloud, or prints it.
gcloud_do() {
  local place=("--zone=$zone")
  [[ ! $project ]] || place+=("--project=$project")
  run_or_print gcloud "$@" "${place[@]}" --quiet
}

run_or_print() {
  if [[ $dry_run ]]; then quoted "$@" >&3; else "$@"; fi
}

# Words as a shell takes them, for people to read.
quoted() {
  local word words=()
  for word in "$@"; do
    [[ $word =~ ^[-A-Za-z0-9_./:=,@%+]+$ ]] || word=${word@Q}
    words+=("$word")
  done
  echo "${words[*]}"
}

# What gcloud answers, or NONE for what does not exist; fails where it cannot
# know. A dry run is answered as given.
gcloud_ask() {
  local assumed=$1 errors answer
  shift
  if [[ $dry_run ]]; then
    gcloud_do "$@"
    echo "$assumed"
    return
  fi
  errors=$(mktemp)
  if answer=$(gcloud_do "$@" 2>"$errors"); then
    echo "$answer"
  elif grep -q NOT_FOUND "$errors"; then
    echo NONE
  else
    cat "$errors" >&2
    rm -f "$errors"
    return 1
  fi
  rm -f "$errors"
}

request_state() {
  gcloud_ask "$1" compute tpus queued-resources describe "$name" \
    "--format=value(state.state)"
}

node_state() {
  gcloud_ask "$1" compute tpus tpu-vm describe "$name" "--format=value(state)"
}

# NONE, READY, LOST (to be deleted), or the state to wait in. A dry run finds
# the states given.
machine_state() {
  local request node
  request=$(request_state "$1") || return
  case $request in
    NONE | ACTIVE) ;;
    FAILED | SUSPENDED | SUSPENDING) echo LOST && return ;;
    *) echo "$request" && return ;;
  esac
  node=$(node_state "$2") || return
  case $node in
    PREEMPTED | TERMINATED | STOPPED | STOPPING | HIDING | HIDDEN) echo LOST ;;
    NONE) if [[ $request == NONE ]]; then echo NONE; else echo LOST; fi ;;
    *) echo "$node" ;;
  esac
}

say_state() {
  local state
  state=$(machine_state ACTIVE READY) || return
  note "$name is $state"
}

# Comes back when the machine is READY.
get_machine() {
  local state said=""
  state=$(machine_state NONE NONE) || return 75
  if [[ $state == LOST ]]; then
    note "$name was taken away"
    delete_machine || return 75
    state=NONE
  fi
  if [[ $state == NONE ]]; then
    create_disk && create_machine || return 75
    state=$(machine_state ACTIVE READY) || return 75
  fi
  while [[ $state != READY ]]; do
    [[ $state == "$said" ]] || note "$(date +%H:%M:%S) $name is $state"
    said=$state
    [[ $state != LOST && $state != NONE ]] || return 75
    sleep "$poll_s"
    state=$(machine_state ACTIVE READY) || state=unknown
  done
  note "$name is READY"
}

create_machine() {
  local given=("--accelerator-type=$type")
  [[ ! $spot ]] || given+=(--spot)
  [[ ! $(disk) ]] || given+=("--data-disk=source=$(disk)")
  note "asks for a $type${spot:+, spot}, called $name, in $zone"
  if [[ $direct ]]; then
    gcloud_do compute tpus tpu-vm create "$name" "${given[@]}" \
      "--version=$version"
  else
    gcloud_do compute tpus queued-resources create "$name" "${given[@]}" \
      "--node-id=$name" "--runtime-version=$version"
  fi
}

# The machine, and the request that brought it.
delete_machine() {
  local request
  request=$(request_state ACTIVE) || return
  if [[ $request != NONE ]]; then
    note "deletes $name"
    gcloud_do compute tpus queued-resources delete "$name" --force
  elif [[ $(node_state READY) != NONE ]]; then
    note "deletes $name"
    gcloud_do compute tpus tpu-vm delete "$name"
  else
    note "there is no $name in $zone"
  fi
}

# The full name of the disk for the data and how it is attached, if any.
disk() {
  local disks="projects/$project/zones/$zone/disks"
  if [[ $read_only_disk ]]; then
    echo "$disks/$read_only_disk,mode=read-only"
  elif [[ $data_disk_gb != 0 ]]; then
    echo "$disks/$name-data,mode=read-write"
  fi
}

create_disk() {
  [[ $data_disk_gb != 0 ]] || return 0
  local kind=pd-balanced
  [[ $type != v6e-* ]] || kind=hyperdisk-balanced # It takes no other.
  [[ $(disk_state) == NONE ]] || return 0
  note "creates the disk $name-data of $data_disk_gb GB"
  gcloud_do compute disks create "$name-data" "--size=${data_disk_gb}GB" \
    "--type=$kind"
}

disk_state() {
  gcloud_ask NONE compute disks describe "$name-data" "--format=value(status)"
}

delete_disk() {
  [[ $(disk_state) != NONE || $dry_run ]] || return 0
  note "deletes the disk $name-data"
  gcloud_do compute disks delete "$name-data"
}
