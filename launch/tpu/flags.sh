# Sourced by launch/tpu_run.sh: what it may be told.
# shellcheck shell=bash disable=SC2034  # read by the other parts

usage() {
  cat <<'END'
Trains on a TPU: creates the machine, sets it up, starts launch.train on all
its workers, follows them, and begins again after a preemption.

  launch/tpu_run.sh --name=minilm --zone=europe-west4-a --type=v3-8 --spot \
    --project=MINE --data_disk_gb=200 --stage=gs://BUCKET/reddit \
    --workdir=gs://BUCKET/runs/minilm -- \
    --config=launch/configs/all_minilm_l6.py \
    --config.data.train=staged/reddit

  launch/tpu_run.sh status|logs|stop|delete --name=minilm --zone=europe-west4-a

Run again, it joins what exists. What stands behind -- goes to launch.train.

  --name=NAME            of the machine, in Google Cloud
  --zone=ZONE            where it is
  --type=TYPE            v3-8, v4-32, v5litepod-16, v5p-8, v6e-8, ...
  --workdir=gs://...     the run's folder; or an absolute path of a file
                         system that all workers share
  --project=PROJECT      gcloud's own by default
  --spot | --on_demand   what may be taken away, for less; or (default) not
  --direct               create the machine without the queue, as v2 and v3
                         on demand may need
  --version=VERSION      of the machine's software; by default what Google
                         gives for the type
  --stage=gs://B/NAME    copies a folder onto each worker, as staged/NAME; may
                         be given several times
  --data_disk_gb=GB      a disk of its own for staged/ (the machine's own has
                         100 GB), for types with one worker; it outlives the
                         machine until `delete`
  --read_only_disk=DISK  a disk that was filled so, as staged/, for types with
                         several workers
  --restarts=N           at most so many (100); three starts in a row at the
                         same step end it before
  --delete_when_done     deletes machine and disk at the end
  --poll_s=S             between two looks at the machine (30)
  --backoff_s=S          before a restart, doubled while nothing is gained (10)
  --lines=N              of each worker's log, for `logs` (100)
  --dry_run              prints every command, runs none

Exit codes are those of launch.train: 0 done, 2 bad input, 3 diverged.
END
}

action=run name="" zone="" type="" workdir="" project="" version=""
spot="" on_demand="" direct="" delete_when_done="" dry_run=""
data_disk_gb=0 read_only_disk="" restarts=100 poll_s=30 backoff_s=10 lines=100
stage=() training=()

# Says something about the run, apart from what the run says.
note() { echo "tpu_run: $*" >&2; }

# One line that names the flag, what it should be and the remedy.
bad_input() {
  echo "$*" >&2
  exit 2
}

read_flags() {
  case ${1:-} in
    run | status | logs | stop | delete) action=$1 && shift ;;
  esac
  while (($#)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --spot | --on_demand | --direct | --delete_when_done | --dry_run)
        printf -v "${1#--}" yes
        ;;
      --stage=*) stage+=("${1#*=}") ;;
      --name=* | --zone=* | --type=* | --workdir=* | --project=* | \
        --version=* | --data_disk_gb=* | --read_only_disk=* | --restarts=* | \
        --poll_s=* | --backoff_s=* | --lines=*)
        local flag=${1%%=*}
        printf -v "${flag#--}" %s "${1#*=}"
        ;;
      --) shift && training=("$@") && break ;;
      *) bad_input "$1 is no flag of launch/tpu_run.sh; see --help (flags of" \
        "launch.train stand behind --)" ;;
    esac
    shift
  done
  check_flags
}

check_flags() {
  local flag bucket
  [[ $name =~ ^[a-z]([-a-z0-9]*[a-z0-9])?$ ]] || bad_input "--name=$name is" \
    "no name of a machine; wanted small letters, digits and dashes, as in" \
    "--name=minilm"
  [[ $zone ]] || bad_input "--zone is missing; give a zone that has the type," \
    "as in --zone=europe-west4-a"
  for flag in data_disk_gb restarts poll_s backoff_s lines; do
    [[ ${!flag} =~ ^[0-9]+$ ]] || bad_input "--$flag=${!flag} is no number;" \
      "wanted 0 or more, as in --$flag=10"
  done
  [[ $action == run ]] || return 0
  [[ $type =~ ^v[0-9]+[a-z]*-[0-9]+$ ]] || bad_input "--type=$type is no TPU;" \
    "wanted one as in --type=v3-8 or --type=v5litepod-16"
  [[ $workdir == gs://?* || $workdir == /* ]] || bad_input \
    "--workdir=$workdir would be lost with the machine; give a folder of a" \
    "bucket, as in --workdir=gs://BUCKET/RUN"
  [[ ! $spot || ! $on_demand ]] || bad_input "--spot and --on_demand exclude" \
    "each other; give one"
  for bucket in ${stage[@]+"${stage[@]}"}; do
    [[ $bucket == gs://?*/?* ]] || bad_input "--stage=$bucket is no folder of" \
      "a bucket; wanted one as in --stage=gs://BUCKET/DATA"
  done
  ((${#training[@]})) || bad_input "the flags of launch.train are missing;" \
    "give them behind --, as in -- --config=launch/configs/all_minilm_l6.py"
  check_disks
  [[ $version ]] || version=$(default_version)
}

check_disks() {
  [[ $data_disk_gb != 0 || $read_only_disk ]] || return 0
  [[ $project ]] || bad_input "--project is missing; gcloud attaches a disk" \
    "by its full name, so give --project=PROJECT with a disk"
  if [[ $data_disk_gb != 0 ]] && ((${type##*-} > 8)); then
    bad_input "--data_disk_gb=$data_disk_gb does not go with --type=$type," \
      "whose workers cannot all write to one disk; fill a disk with a type of" \
      "one worker, and give it as --read_only_disk=DISK, or stage onto the" \
      "workers' own disks"
  fi
  if [[ $read_only_disk ]] && ((data_disk_gb + ${#stage[@]})); then
    bad_input "--read_only_disk=$read_only_disk holds the data already; leave" \
      "out --data_disk_gb and --stage"
  fi
}

# https://cloud.google.com/tpu/docs/runtimes
default_version() {
  case $type in
    v6e-*) echo v2-alpha-tpuv6e ;;
    v5p-*) echo v2-alpha-tpuv5 ;;
    v5litepod-*) echo v2-alpha-tpuv5-lite ;;
    v[234]-*) echo tpu-ubuntu2204-base ;;
    *) bad_input "--version is missing, and --type=$type has none by default;" \
      "see https://cloud.google.com/tpu/docs/runtimes" ;;
  esac
}
