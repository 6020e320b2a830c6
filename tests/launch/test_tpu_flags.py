"""What launch/tpu_run.sh would do, by its flags, and which are wrong."""

import shlex

import pytest

from tests.launch import gcloud_stand_in
from tests.launch.test_tpu_run import PLACE
from tests.launch.test_tpu_run import run


@pytest.fixture
def cloud(tmp_path):
  """A cloud that nothing is to be asked of."""
  found = gcloud_stand_in.StandIn(tmp_path / "cloud")
  found.install()
  return found


def test_a_dry_run_prints_every_command_and_runs_none(cloud, tmp_path):
  ended = run(
    cloud,
    *(*PLACE, "--type=v3-8", "--spot", "--project=mine", "--dry_run"),
    *("--data_disk_gb=200", "--stage=gs://texts/reddit"),
    *("--workdir=gs://texts/runs/one", "--delete_when_done", "--"),
    *("--config=launch/configs/all_minilm_l6.py", "--config.data.train=a b"),
  )
  assert ended.returncode == 0, ended
  assert cloud.calls() == []
  lines = [shlex.split(line) for line in ended.stdout.splitlines()]
  place = ["--zone=us-central2-b", "--project=mine", "--quiet"]
  done = [line for line in lines if "describe" not in line]
  assert [line for line in done if "create" in line] == [
    [
      *("gcloud", "compute", "disks", "create", "pod-data"),
      *("--size=200GB", "--type=pd-balanced", *place),
    ],
    [
      *("gcloud", "compute", "tpus", "queued-resources", "create", "pod"),
      *("--accelerator-type=v3-8", "--spot"),
      "--data-disk=source=projects/mine/zones/us-central2-b/disks/pod-data,"
      "mode=read-write",
      *("--node-id=pod", "--runtime-version=tpu-ubuntu2204-base", *place),
    ],
  ]
  assert [remote(line) for line in done if "ssh" in line] == [
    "runs",
    "set_up read-write",
    "stage gs://texts/reddit",
    "start --workdir=gs://texts/runs/one "
    "--config=launch/configs/all_minilm_l6.py '--config.data.train=a b'",
    "follow",
  ]
  assert [line[3:5] for line in done if "delete" in line] == [
    ["queued-resources", "delete"],
    ["delete", "pod-data"],
  ]


def remote(line):
  """What worker.sh is told by a command of ssh."""
  (given,) = (word for word in line if word.startswith("--command="))
  return given.rpartition("launch/tpu/worker.sh ")[2].replace(" || echo no", "")


@pytest.mark.parametrize(
  ("kind", "version"),
  [
    ("v4-32", "tpu-ubuntu2204-base"),
    ("v5litepod-16", "v2-alpha-tpuv5-lite"),
    ("v5p-8", "v2-alpha-tpuv5"),
    ("v6e-8", "v2-alpha-tpuv6e"),
  ],
)
def test_what_stands_on_a_machine_follows_from_its_type(cloud, kind, version):
  flags = [*PLACE, f"--type={kind}", "--workdir=gs://a/b", "--dry_run"]
  queued = run(cloud, *flags, "--", "--config=a.py")
  (line,) = (s for s in queued.stdout.splitlines() if " create " in s)
  assert f"--accelerator-type={kind} " in line and "--spot" not in line
  assert f"--runtime-version={version} " in line
  direct = run(cloud, *flags, "--direct", "--", "--config=a.py")
  (line,) = (s for s in direct.stdout.splitlines() if " create " in s)
  assert line.startswith("gcloud compute tpus tpu-vm create pod ")
  assert f"--version={version} " in line


@pytest.mark.parametrize(
  ("given", "said"),
  [
    (["--name=Pod"], "--name=Pod is no name"),
    (["--zone="], "--zone is missing"),
    (["--type=gpu"], "--type=gpu is no TPU"),
    (["--type=v9-8"], "--version is missing, and --type=v9-8"),
    (["--workdir=runs/a"], "--workdir=runs/a would be lost"),
    (["--spot", "--on_demand"], "--spot and --on_demand exclude"),
    (["--restarts=many"], "--restarts=many is no number"),
    (["--stage=reddit"], "--stage=reddit is no folder of a bucket"),
    (["--data_disk_gb=9"], "--project is missing"),
    (["--turbo"], "--turbo is no flag"),
    (
      ["--type=v4-32", "--project=p", "--data_disk_gb=9"],
      "--data_disk_gb=9 does not go with --type=v4-32",
    ),
    (
      ["--project=p", "--read_only_disk=d", "--stage=gs://a/b"],
      "--read_only_disk=d holds the data already",
    ),
    (["--"], "the flags of launch.train are missing"),
  ],
)
def test_a_wrong_flag_is_one_line(cloud, given, said):
  flags = [*PLACE, "--type=v3-8", "--workdir=gs://a/b", *given]
  ended = run(cloud, *flags, *([] if "--" in given else ["--", "--config=a"]))
  assert ended.returncode == 2
  assert ended.stderr.startswith(said)
  assert ended.stderr.count("\n") == 1
  assert cloud.calls() == []
