"""A pod of processes on one machine: lines, ends, restarts, signals."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

from launch import pod
from tests import programs

# What host 1 does where nothing is to happen to it.
FINE = ["end 0"]


@pytest.fixture
def start_pod(tmp_path):
  """Starts pods that play scripts."""
  started = []

  def start(script, *flags, **env):
    path = tmp_path / "script.json"
    path.write_text(json.dumps(script))
    hosts = len(script[0])
    command = [sys.executable, "-m", "launch.pod", "-n", str(hosts), "-d", "1"]
    command += ["--program=tests.launch.played", "--wait_s=0.05", *flags]
    process = subprocess.Popen(
      [*command, "--", str(path)],
      cwd=programs.ROOT,
      env=programs.environment() | env,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    started.append(process)
    return process

  yield start
  for process in started:
    process.kill()
    process.communicate()


def end_of(process):
  out, err = process.communicate(timeout=programs.TIMEOUT_S)
  return programs.Ended(process.returncode, out, err)


def played(tmp_path, host):
  """Process number and coordinator of each start of a host."""
  log = (tmp_path / f"script.json.{host}").read_text()
  return [line.split() for line in log.splitlines()]


def wait_for(condition):
  until = time.monotonic() + programs.TIMEOUT_S
  while not condition():
    assert time.monotonic() < until
    time.sleep(0.01)


def is_there(number):
  """Whether a process runs, and is no zombie that nobody waited for."""
  stat = pathlib.Path(f"/proc/{number}/stat")
  try:
    return stat.read_text().rpartition(")")[2].split()[0] != "Z"
  except (FileNotFoundError, ProcessLookupError):
    return False


def test_lines_are_whole_and_numbered(start_pod):
  script = [
    [["many 300", "out {}", 'out {"a": 1}'], ["many 300", "cut no end"]]
  ]
  ended = end_of(start_pod(script))
  assert ended.code == 0, ended
  assert ended.out.splitlines()[-1] == '{"a": 1}'
  lines = [f"line {n} {'x' * (n % 300)} whole" for n in range(300)]
  for text, more in ((ended.out, (["{}"], ["no end"])), (ended.err, ([], []))):
    for host in range(2):
      head = f"[{host}] "
      shown = [line for line in text.splitlines() if line.startswith(head)]
      wanted = [head + line for line in lines + more[host]]
      assert shown == wanted
  assert ended.out.count("\n") == 2 * 300 + 3


def test_a_pod_is_started_again_whole(start_pod, tmp_path):
  first = [
    ["stubborn", "parent", "out half", "tell half", "sleep"],
    ["await half", "await there", "end 1"],
    ["tell there", "stop"],
  ]
  again = [["err going on from step 3", "out done"], FINE, FINE]
  ended = end_of(start_pod([first, again]))
  assert ended.code == 0, ended
  assert ended.out.splitlines()[-2:] == ["[0] half", "done"]
  assert "pod: host 1 has ended with 1\n" in ended.err
  assert "pod: starting again in 0.05 s, time 1 of 100\n" in ended.err
  # Nobody is left of the first start, and the second met at another place.
  starts = [played(tmp_path, host) for host in range(3)]
  child = ended.out.split("child ")[1].split()[0]
  for number in (*(start[0][0] for start in starts), child):
    assert not is_there(number)
  meeting = {tuple(start[i][1] for start in starts) for i in range(2)}
  assert len(meeting) == 2
  assert all(len(set(places)) == 1 for places in meeting)


@pytest.mark.parametrize("code", [2, 3])
def test_a_final_code_is_the_pods(start_pod, tmp_path, code):
  last = ["await there", "out never a result", f"end {code}"]
  ended = end_of(start_pod([[["tell there", "sleep"], last]]))
  assert ended.code == code, ended
  assert ended.out == "[1] never a result\n"
  assert len(played(tmp_path, 0)) == 1


def test_three_starts_without_a_new_step_end_it(start_pod, tmp_path):
  script = [
    [
      ["err going on from step 8", f"await {start}", f"end {code}"],
      [f"tell {start}", "sleep"],
    ]
    for start, code in zip("abcd", (1, 1, 1, 74), strict=True)
  ]
  script[0][0][0] = "err saved step 8"
  ended = end_of(start_pod(script))
  assert ended.code == 74, ended
  last = "pod: not started again: 3 starts in a row brought no step"
  assert ended.err.splitlines()[-1] == last
  assert len(played(tmp_path, 1)) == 4


@pytest.mark.parametrize(
  ("number", "code"), [(signal.SIGTERM, 75), (signal.SIGINT, 130)]
)
def test_a_signal_is_passed_on(start_pod, tmp_path, number, code):
  part = ["polite 75", "err ready", "sleep"]
  process = start_pod([[part, part]])
  ready = [process.stderr.readline() for _ in range(4)]
  assert sorted(ready)[:2] == ["[0] ready\n", "[1] ready\n"]
  process.send_signal(number)
  ended = end_of(process)
  assert ended.code == code, ended
  if number == signal.SIGTERM:
    assert sorted(ended.out.splitlines()) == ["[0] saved", "[1] saved"]
  assert [len(played(tmp_path, host)) for host in range(2)] == [1, 1]


def test_a_signal_between_two_starts_ends_it(start_pod, tmp_path):
  process = start_pod([[["end 1"]]], "--wait_s=60")
  while "starting again in 60 s" not in process.stderr.readline():
    pass
  process.send_signal(signal.SIGTERM)
  assert end_of(process).code == 75
  assert len(played(tmp_path, 0)) == 1


def test_what_is_done_by_the_time_of_the_signal_is_done(start_pod):
  part = ["polite 0", "err ready", "sleep"]
  process = start_pod([[part]])
  assert "host 0 is process" in process.stderr.readline()
  process.stderr.readline()
  process.send_signal(signal.SIGTERM)
  assert end_of(process).code == 0


def test_a_pod_that_is_killed_takes_all_along(start_pod, tmp_path):
  part = ["stubborn", "err ready", "sleep"]
  process = start_pod([[part, part]])
  ready = [process.stderr.readline() for _ in range(4)]
  assert any("ready" in line for line in ready)
  process.kill()
  process.communicate()
  numbers = [played(tmp_path, host)[0][0] for host in range(2)]
  wait_for(lambda: not any(is_there(number) for number in numbers))


def test_devices_are_as_many_as_was_said():
  script = "import jax; print(jax.device_count())"
  env = os.environ | pod.environment(3)
  printed = subprocess.run(
    [sys.executable, "-c", script], env=env, capture_output=True, text=True
  )
  assert printed.stdout == "3\n", printed.stderr
  assert pod.environment(0) == dict(os.environ)


def test_the_script_sets_up_and_calls_it(tmp_path):
  (tmp_path / "launch").mkdir()
  for name in ("local_run.sh", "venv.sh"):
    shutil.copy(programs.ROOT / "launch" / name, tmp_path / "launch" / name)
  (tmp_path / "requirements.txt").write_text("jax\n")
  python = tmp_path / ".venv" / "bin" / "python"
  python.parent.mkdir(parents=True)
  python.write_text('#!/bin/bash\necho "$PWD" "$MALLOC_ARENA_MAX" "$@"\n')
  python.chmod(0o755)
  stamp = subprocess.check_output(["cksum"], input=b"jax\n")
  (tmp_path / ".venv" / "installed").write_bytes(stamp)
  given = ["-n", "4", "-d", "2", "--", "--config=a b"]
  printed = subprocess.check_output(
    [tmp_path / "launch" / "local_run.sh", *given],
    env={"PATH": os.environ["PATH"]},
    text=True,
  )
  assert printed == f"{tmp_path} 1 -m launch.pod {' '.join(given)}\n"


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ((), "nothing is to be run; give the flags of launch.train after `--`"),
    (("--devices=0", "--", "a"), "processes cannot share the devices"),
    (("--config=a",), "config"),
  ],
)
def test_wrong_flags_are_one_line(run_program, given, message):
  assert message in programs.bad_input(run_program("launch.pod", *given))
