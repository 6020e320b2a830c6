# Sourced by launch/tpu_run.sh and launch/slurm_run.sh: the rule of restarts.py.
# A start that names a step beyond all that were named before has brought the
# run on; the third in a row that has not is the last.
# shellcheck shell=bash disable=SC2034  # read by those who source it

readonly FRUITLESS=3
readonly NAMES_STEP='^(starting at|going on from|saved) step ([0-9]+)'

furthest=0  # step that was named
fruitless=0 # starts in a row that have not brought the run on

# The step that a line of a run's log names, if any.
step_of() {
  if [[ $1 =~ $NAMES_STEP ]]; then echo "${BASH_REMATCH[2]}"; fi
}

# A start has ended, and this is the greatest step that it named.
count_start() {
  fruitless=$((fruitless + 1))
  if (($1 > furthest)); then
    furthest=$1 fruitless=0
  fi
}
