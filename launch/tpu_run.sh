#!/usr/bin/env bash
# Trains on a TPU from beginning to end, whatever is taken away meanwhile.
# launch/tpu_run.sh --help says how.
#
# Each round: a machine that is READY, the code and the packages on all its
# workers, launch.train started on each apart from any connection, its logs
# here. When it has ended, or the machine is gone, the next round begins;
# launch.train goes on from the workdir's last checkpoint by itself.
set -euo pipefail
exec 3>&1 # Commands of --dry_run, from inside $(...) too.
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source launch/restarts.sh
source launch/tpu/flags.sh
source launch/tpu/machine.sh
source launch/tpu/workers.sh

readonly LONGEST_WAIT_S=300

main() {
  read_flags "$@"
  case $action in
    run) run ;;
    status) say_state && on_all status ;;
    logs) on_all log "$lines" ;;
    stop) on_all stop ;;
    delete) delete_machine && delete_disk ;;
  esac
}

# Whether the last start is still to be counted, and rounds since a gain.
uncounted="" idle=0

# Rounds until launch.train has ended for good; exits with its code.
run() {
  local round code
  scratch=$(mktemp -d)
  trap 'stop_following; rm -rf "$scratch"' EXIT
  trap 'note "training goes on without this; the same command joins it"
    exit 130' INT TERM
  for ((round = 0; round <= restarts; round++)); do
    ((round == 0)) || wait_before_round "$round"
    code=0
    one_round || code=$?
    case $code in
      0)
        finish
        return
        ;;
      2 | 3)
        note "ended with $code, which starting again cannot mend"
        return "$code"
        ;;
    esac
    if [[ -f $scratch/by_hand ]]; then
      note "stopped by hand; the same command goes on"
      return "$code"
    fi
    if ((fruitless >= FRUITLESS)); then
      note "$fruitless starts in a row came no further than step $furthest;" \
        "see the lines above, and start again once it is mended"
      return "$code"
    fi
  done
  note "ended with $code after --restarts=$restarts restarts"
  return "$code"
}

# One machine, one start, followed to its end; the code of launch.train, or
# 75 where it is not known and the next round may know more.
one_round() {
  get_machine && count_workers || return 75
  case $(started_already) in
    all) note "joins the training that runs" ;;
    none)
      [[ ! $uncounted ]] || count_it
      ((fruitless < FRUITLESS)) || return 75
      uncounted=yes
      rm -f "$scratch"/*
      if ! begin_training; then
        count_it
        return 75
      fi
      ;;
    *) return 75 ;; # Not every worker answers: it may have begun to end.
  esac
  local code=0
  follow_training || code=$?
  ! known_to_have_ended || count_it
  return "$code"
}

begin_training() { copy_code && set_up && stage_data && start_training; }

# The last start, by the steps that it named.
count_it() {
  local step=0
  [[ ! -f $scratch/step ]] || step=$(<"$scratch/step")
  count_start "$step"
  uncounted=""
  ((fruitless)) || idle=0
}

# Twice as long each time that nothing was gained.
wait_before_round() {
  local wait_s=$((backoff_s * 2 ** (idle < 6 ? idle : 6)))
  ((wait_s <= LONGEST_WAIT_S)) || wait_s=$LONGEST_WAIT_S
  idle=$((idle + 1))
  note "begins again in $wait_s s ($1 of --restarts=$restarts)"
  sleep "$wait_s"
}

finish() {
  note "done: $workdir"
  if [[ $delete_when_done ]]; then
    delete_machine && delete_disk
  else
    note "the machine is still there, and costs: launch/tpu_run.sh delete" \
      "--name=$name --zone=$zone"
  fi
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main "$@" # Tests read the rest.
