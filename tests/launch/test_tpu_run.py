"""A TPU that is taken away, by a stand-in for gcloud with real processes."""

import re
import shutil
import subprocess
import time

import hypothesis
from hypothesis import strategies
import pytest

from launch import restarts
from tests import programs
from tests.launch import gcloud_stand_in
from tests.launch.test_resume import assert_same_run

PLACE = ("--name=pod", "--zone=us-central2-b")
# A Python that stands in for launch.train: says where it begins, and does what
# the test wants of it.
TRAINING = """#!/bin/bash
echo "trained with: $*"
{script}
"""


@pytest.fixture
def cloud(tmp_path):
  """A cloud whose workers have this Python installed."""
  found = gcloud_stand_in.StandIn(tmp_path / "cloud")
  found.install()
  yield found
  found.close()


@pytest.fixture
def scripted(tmp_path):
  """Makes a cloud whose workers' Python is a script."""
  made = []

  def make(script):
    python = tmp_path / "python"
    python.write_text(TRAINING.format(script=script))
    python.chmod(0o755)
    made.append(gcloud_stand_in.StandIn(tmp_path / "cloud", str(python)))
    made[0].install()
    return made[0]

  yield make
  for each in made:
    each.close()


def command(*given):
  """The script with the flags that most tests give."""
  return ["launch/tpu_run.sh", *given]


def run_flags(tmp_path, *more, kind="v3-8", training=("--config=a.py",)):
  """The flags of a run; the workdir is a folder that workers share."""
  return [
    *PLACE,
    f"--type={kind}",
    f"--workdir={tmp_path / 'run'}",
    *("--poll_s=0", "--backoff_s=0"),
    *more,
    *("--", *training),
  ]


def environment(cloud, devices=1):
  """Finds the stand-in as gcloud."""
  found = programs.environment(devices)
  return found | {"PATH": f"{cloud.folder / 'bin'}:{found['PATH']}"}


def run(cloud, *given, devices=1):
  """Runs the script to its end."""
  return subprocess.run(
    command(*given),
    cwd=programs.ROOT,
    env=environment(cloud, devices),
    capture_output=True,
    text=True,
    check=False,
    timeout=programs.TIMEOUT_S,
  )


def start(cloud, log, *given, devices=1):
  """Starts the script, with what it says in a file."""
  with open(log, "w") as file:
    return subprocess.Popen(
      command(*given),
      cwd=programs.ROOT,
      env=environment(cloud, devices),
      stdout=file,
      stderr=subprocess.STDOUT,
    )


def wait_for(log, pattern, process=None, times=1):
  """Waits until a log has said something so many times."""
  until = time.monotonic() + programs.TIMEOUT_S
  while len(re.findall(pattern, log.read_text(), re.MULTILINE)) < times:
    assert process is None or process.poll() is None, log.read_text()
    assert time.monotonic() < until, log.read_text()
    time.sleep(0.1)


def test_flags_and_data_reach_every_worker(scripted, tmp_path):
  cloud = scripted('ls staged/words; echo "[$OMPI_COMM_WORLD_RANK] $HOME"')
  bucket = cloud.folder / "buckets" / "texts" / "words"
  bucket.mkdir(parents=True)
  (bucket / "some words").write_text("a b c")
  odd = ["--config=a.py", "--config.x=a b", "--config.y='$HOME' \"*\"", "--z="]
  ended = run(
    cloud,
    *run_flags(
      tmp_path,
      *("--stage=gs://texts/words", "--delete_when_done"),
      kind="v3-16",
      training=odd,
    ),
  )
  assert ended.returncode == 0, ended
  for number in range(2):
    said = f"[{number}] trained with: -m launch.train "
    assert f"{said}--workdir={tmp_path / 'run'} {' '.join(odd)}" in ended.stdout
    assert f"[{number}] some words" in ended.stdout
    home = cloud.worker("pod", number)
    assert f"[{number}] [{number}] {home}" in ended.stdout
  with cloud.state() as state:
    assert state["nodes"] == state["requests"] == {}


@pytest.mark.long
def test_a_final_code_ends_it(scripted, tmp_path):
  cloud = scripted("echo going on from step 3 >&2; exit 3")
  ended = run(cloud, *run_flags(tmp_path))
  assert ended.returncode == 3
  assert ended.stdout.count("trained with") == 1
  assert "ended with 3, which starting again cannot mend" in ended.stderr


# Rounds of the script that end as a list says, in place of those of machines.
ROUNDS = """
source launch/tpu_run.sh
one_round() {{
  local code=${{codes[made]}}
  echo "${{steps[made]}}" >"$scratch/step"
  made=$((made + 1))
  count_it
  return "$code"
}}
codes=({codes}) steps=({steps}) made=0 restarts={most} backoff_s=0
code=0
run 2>/dev/null || code=$?
echo "$made $code"
"""


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(
  starts=strategies.lists(
    strategies.tuples(
      strategies.sampled_from([0, 1, 2, 3, 74, 75, 137]),
      strategies.integers(0, 3),
    ),
    min_size=1,
    max_size=8,
  ),
  most=strategies.integers(0, 8),
)
def test_it_starts_again_by_the_rule_of_all_launchers(starts, most):
  starts = [*starts, (0, 0)]
  rule = restarts.Restarts(most, wait_s=0)
  for made, (code, step) in enumerate(starts, 1):  # noqa: B007
    if rule.after([code], step).code is not None:
      break
  codes, steps = (
    " ".join(map(str, each)) for each in zip(*starts, strict=True)
  )
  script = ROUNDS.format(codes=codes, steps=steps, most=most)
  ended = subprocess.run(
    ["bash", "-c", script],
    cwd=programs.ROOT,
    capture_output=True,
    text=True,
    check=True,
  )
  assert ended.stdout.split() == [str(made), str(code)]


def test_it_joins_stops_and_deletes(scripted, tmp_path):
  cloud = scripted("trap 'exit 75' TERM; while :; do sleep 0.1; done")
  flags = run_flags(tmp_path, kind="v3-16")
  first = start(cloud, tmp_path / "first", *flags)
  wait_for(tmp_path / "first", "trained with", first, times=2)
  first.terminate()  # The launcher alone: the training goes on.
  assert first.wait() == 130
  second = start(cloud, tmp_path / "second", *flags)
  wait_for(tmp_path / "second", "trained with", second, times=2)
  said = (tmp_path / "second").read_text()
  assert "joins the training that runs" in said and "copies" not in said
  status = run(cloud, "status", *PLACE)
  assert "pod is READY" in status.stderr
  assert status.stdout.count(": trains: trained with") == 2
  assert run(cloud, "stop", *PLACE).stdout.count("ended with 75 by hand") == 2
  assert second.wait(timeout=programs.TIMEOUT_S) == 75
  assert "stopped by hand" in (tmp_path / "second").read_text()
  logs = run(cloud, "logs", *PLACE, "--lines=1")
  assert logs.stdout.count("trained with") == 2
  assert run(cloud, "delete", *PLACE).returncode == 0
  assert "there is no pod" in run(cloud, "delete", *PLACE).stderr


def test_a_worker_that_dies_is_started_again_with_the_others(
  scripted, tmp_path
):
  # Worker 1 is killed in its first start; worker 0 then ends by itself.
  cloud = scripted(
    f"""
    echo x >>{tmp_path}/starts.$OMPI_COMM_WORLD_RANK
    n=$(wc -l <{tmp_path}/starts.$OMPI_COMM_WORLD_RANK)
    ((OMPI_COMM_WORLD_RANK)) || echo going on from step $n
    if ((n == 2)); then exit 0; fi
    if ((OMPI_COMM_WORLD_RANK)); then kill -KILL $$; fi
    exit 75"""
  )
  ended = run(cloud, *run_flags(tmp_path, kind="v3-16"))
  assert ended.returncode == 0, ended
  assert ended.stdout.count("trained with") == 4
  assert "[1] tpu_run: ended with 137" in ended.stdout


@pytest.fixture
def bucket(cloud, cached_corpus):
  """A bucket that holds the tests' corpus with its tokens."""
  folder = cloud.folder / "buckets" / "texts"
  shutil.copytree(cached_corpus, folder, dirs_exist_ok=True)
  return folder


def real_flags(workdir, *more, name, kind):
  """The flags of a run of launch.train itself, on what the bucket holds."""
  return [
    *(f"--name={name}", "--zone=us-central2-b", f"--type={kind}"),
    *(f"--stage=gs://texts/{staged}" for staged in ("code", "words")),
    *(f"--workdir={workdir}", "--poll_s=0", "--backoff_s=0", "--"),
    "--config=launch/configs/quickstart_smoke.py",
    *(
      "--config.data.train=staged/code",
      "--config.data.tokenizer=staged/words",
    ),
    *("--config.batch.ladder=(1,)", "--config.batch.pack_shards=2", *more),
  ]


def preempted_twice(cloud, tmp_path, *more, kind):
  """Trains on a machine that is taken away twice; what was said."""
  flags = real_flags(tmp_path / "broken", *more, name="pod", kind=kind)
  log = tmp_path / "log"
  process = start(cloud, log, *flags)
  for times in (1, 2):
    wait_for(log, r"^\[0\] compiled in", process, times)
    saved = log.read_text().count("saved step")  # before this start
    wait_for(log, r"^\[0\] saved step \d+", process, saved + 1)
    cloud.preempt("pod")
    wait_for(log, "asks for a", process, times + 1)
  assert process.wait(timeout=programs.TIMEOUT_S) == 0, log.read_text()
  return log.read_text()


@pytest.mark.long
def test_a_pod_preempted_twice_ends_as_an_unbroken_one(cloud, bucket, tmp_path):
  more = ["--config.optim.steps=300", "--config.save.every=20"]
  said = preempted_twice(cloud, tmp_path, *more, kind="v3-16")
  # A log is shown again where a connection broke and the training was joined.
  begun = set(re.findall(r"^\[0\] going on from step \d+", said, re.MULTILINE))
  assert len(begun) == 2, said
  whole = run(
    cloud,
    *real_flags(tmp_path / "whole", *more, name="other", kind="v3-16"),
  )
  assert whole.returncode == 0, whole
  assert_same_run(tmp_path / "broken", tmp_path / "whole")


@pytest.mark.long
def test_a_machine_preempted_in_its_training_ends_as_an_unbroken_run(
  cloud, bucket, trained, tmp_path
):
  # It is told so early because all twelve steps take a second or so.
  log = tmp_path / "log"
  more = ("--stage=gs://texts/dev",)
  flags = real_flags(tmp_path / "run", name="pod", kind="v3-8")
  process = start(cloud, log, *more, *flags, "--config.eval.tasks=staged/dev")
  wait_for(log, r"^\[0\] compiling", process)
  cloud.preempt("pod")
  assert process.wait(timeout=programs.TIMEOUT_S) == 0, log.read_text()
  said = log.read_text()
  first, second = said.split("asks for a v3-8")[1:]
  assert "[0] compiling" in first and "[0] compiling" in second
  assert_same_run(tmp_path / "run", trained)
