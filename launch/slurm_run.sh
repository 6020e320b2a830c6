#!/usr/bin/env bash
#SBATCH --job-name=gigapair
#SBATCH --ntasks-per-node=1
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=TERM@120
# Trains in Slurm, one process a node, and goes on after a preemption or the
# end of the job's time. From this folder, which all nodes see:
#
#   sbatch --nodes=4 --gpus-per-node=8 --exclusive --time=24:00:00 \
#     launch/slurm_run.sh --config=launch/configs/all_minilm_l6.py \
#     --config.data.train=... --workdir=/shared/runs/minilm
#
# The words are launch.train's. .venv is made if it is not there; on nodes that
# have GPUs, add jax[cuda12] to it. https://slurm.schedmd.com/sbatch.html:
# --signal sends SIGTERM to the steps, not to this shell, 120 s before the end
# of the time; a preemption sends it GraceTime before the end. launch.train then
# saves and exits with 75, and the job goes back into the queue.
set -euo pipefail
cd "${SLURM_SUBMIT_DIR:-.}"
if [[ ! -f launch/restarts.sh ]]; then
  echo "$PWD is not Gigapair's folder; submit launch/slurm_run.sh from there," \
    "or give sbatch --chdir=FOLDER" >&2
  exit 2
fi
source launch/restarts.sh
source launch/venv.sh

# What earlier starts of this job came to, beside the job's log.
memory=slurm-${SLURM_JOB_ID:?is set by sbatch: submit this script}.starts

# JAX takes one device a process in Slurm unless it is told of the others.
see_all_devices() {
  local last=$((${SLURM_GPUS_ON_NODE:-0} - 1))
  ((last < 0)) || JAX_LOCAL_DEVICE_IDS=$(seq -s , 0 "$last")
  export JAX_LOCAL_DEVICE_IDS=${JAX_LOCAL_DEVICE_IDS:-}
  [[ $JAX_LOCAL_DEVICE_IDS ]] || unset JAX_LOCAL_DEVICE_IDS
}

# One start on all nodes, its log passed on; srun exits with the highest code.
train() {
  srun --ntasks-per-node=1 --kill-on-bad-exit=0 --wait=0 \
    .venv/bin/python -m launch.train "$@" 2>&1 | while IFS= read -r line; do
    printf '%s\n' "$line"
    step=$(step_of "$line")
    [[ ! $step ]] || echo "$step" >"$memory.step"
  done
}

# Into the queue again, unless it was the third start that gained nothing.
again() {
  local code=$1 step=0
  if ((${SLURM_RESTART_COUNT:-0})) && [[ -f $memory ]]; then
    read -r furthest fruitless <"$memory"
  fi
  [[ ! -f $memory.step ]] || step=$(<"$memory.step")
  count_start "$step"
  echo "$furthest $fruitless" >"$memory"
  if ((fruitless >= FRUITLESS)); then
    echo "slurm_run: $fruitless starts in a row came no further than step" \
      "$furthest; submit it again once it is mended" >&2
    exit "$code"
  fi
  echo "slurm_run: ended with $code; goes back into the queue" >&2
  scontrol requeue "$SLURM_JOB_ID"
}

make_venv .venv requirements.txt
tune_environment
see_all_devices
rm -f "$memory.step"
trap : TERM # A preemption's comes here as well, and is the processes' to answer.
code=0
train "$@" || code=$?
case $code in
  0 | 2 | 3) # Done, bad input, diverged.
    rm -f "$memory" "$memory.step"
    exit "$code"
    ;;
  *) again "$code" ;;
esac
