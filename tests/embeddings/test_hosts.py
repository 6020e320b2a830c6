"""Real processes: what they tell each other, and what ends them."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from data import program
from embeddings import hosts
from tests import programs
from tests.embeddings import member

HOST = socket.gethostname()


class Pod:
  """Processes that play a scene, all of which have begun."""

  def __init__(self, scene: str, count: int = 2):
    with socket.socket() as free:
      free.bind(("127.0.0.1", 0))
      address = f"127.0.0.1:{free.getsockname()[1]}"
    self.members = [
      subprocess.Popen(
        [
          *(sys.executable, "-m", "tests.embeddings.member"),
          *(scene, address, str(count), str(number)),
        ],
        cwd=programs.ROOT,
        env=programs.environment(devices=1),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
      )
      for number in range(count)
    ]
    for process in self.members:
      assert process.stdout is not None
      assert process.stdout.readline() == "begun\n", process.communicate()

  def ended(self, number: int) -> programs.Ended:
    """What a member has come to."""
    process = self.members[number]
    out, err = process.communicate(timeout=programs.TIMEOUT_S)
    return programs.Ended(process.returncode, out, err)

  def kill(self) -> None:
    """Ends those that have not ended."""
    for process in self.members:
      process.kill()
      process.communicate()


@pytest.fixture
def pod(request: pytest.FixtureRequest) -> Iterator[Pod]:
  """A pod that plays the scene that the test names."""
  found = Pod(*request.param)
  yield found
  found.kill()


def plays(*scene: str | int) -> pytest.MarkDecorator:
  """Says which scene a test is about, and of how many processes."""
  return pytest.mark.parametrize("pod", [scene], indirect=True)


@plays("steps")
def test_a_notice_to_one_host_stops_all_at_one_step(pod: Pod) -> None:
  pod.members[1].send_signal(signal.SIGTERM)
  pod.members[1].send_signal(signal.SIGTERM)  # a second one changes nothing
  first, second = pod.ended(0), pod.ended(1)
  assert (first.code, second.code) == (0, 0), (first, second)
  assert first.out == second.out
  assert int(first.out) > 501


@plays("steps", 1)
def test_a_notice_to_a_process_that_is_alone(pod: Pod) -> None:
  pod.members[0].send_signal(signal.SIGTERM)
  ended = pod.ended(0)
  assert ended.code == 0, ended
  assert int(ended.out) > 501


@plays("early", 1)
def test_a_notice_before_the_first_step_has_its_deadline(pod: Pod) -> None:
  ended = pod.ended(0)
  assert ended.code == program.EXIT_START_AGAIN, ended
  assert "came to no step after 1 at which to save" in ended.err


@plays("busy")
def test_who_comes_to_no_step_ends_at_the_deadline(pod: Pod) -> None:
  pod.members[0].send_signal(signal.SIGTERM)
  began = time.monotonic()
  for number in range(2):
    ended = pod.ended(number)
    # Of the two, one may be ended by the other's end.
    if ended.code != program.EXIT_START_AGAIN:
      assert ended.code == -signal.SIGABRT, ended
      continue
    assert "was told to end 1.5 s ago and came to no step after 3" in ended.err
  assert pod.members[0].returncode == program.EXIT_START_AGAIN
  assert member.GRACE_S <= time.monotonic() - began < 10 + member.GRACE_S


@plays("silent", 3)
def test_a_host_that_says_nothing_is_named(pod: Pod) -> None:
  pod.members[1].send_signal(signal.SIGSTOP)
  ended = pod.ended(0)
  assert ended.code == program.EXIT_START_AGAIN, ended
  assert f"host 0 ({HOST}) ends: host 1 ({HOST}) is gone" in ended.err
  assert "at step 7; start it again" in ended.err
  assert pod.ended(2).code in (program.EXIT_START_AGAIN, -signal.SIGABRT)


@plays("hanging")
def test_a_step_that_hangs_names_who_is_behind(pod: Pod) -> None:
  ended = [pod.ended(number) for number in range(2)]
  codes = {one.code for one in ended}
  assert program.EXIT_START_AGAIN in codes, ended
  assert codes <= {program.EXIT_START_AGAIN, -signal.SIGABRT}, ended
  (line, *_) = (
    line for one in ended for line in one.err.splitlines() if "ends: " in line
  )
  assert "has not ended for 3 s" in line
  assert f"the furthest behind, after step 4: host 1 ({HOST})" in line


@plays("ending")
def test_a_host_that_has_ended_waits_for_the_others(pod: Pod) -> None:
  for number in range(2):
    ended = pod.ended(number)
    assert (ended.code, ended.out) == (0, "ended\n"), ended


@plays("failing")
def test_a_host_that_has_failed_is_missed(pod: Pod) -> None:
  assert pod.ended(1).code == program.EXIT_BAD_INPUT
  ended = pod.ended(0)
  assert ended.code == program.EXIT_START_AGAIN, ended
  assert f"host 0 ({HOST}) ends: host 1 ({HOST}) is gone" in ended.err


@plays("telling")
def test_what_the_first_finds_and_what_it_finds_wrong(pod: Pod) -> None:
  second = pod.ended(1)
  assert second.out.splitlines() == [
    "{'host': 0, 'steps': [3, 6]}",
    "None",
    "this will not do",
  ]
  # It does not wait for the other, which knows nothing of this.
  assert second.code == program.EXIT_BAD_INPUT, second
  assert "this host alone finds something wrong" in second.err


def test_a_proxy_is_for_other_things() -> None:
  proxy = "http://127.0.0.1:1"  # where nobody listens
  ended = subprocess.run(
    [
      *(sys.executable, "-c"),
      "from embeddings import hosts; hosts.start(); hosts.stop()",
    ],
    cwd=programs.ROOT,
    env=programs.environment(1) | {"http_proxy": proxy, "https_proxy": proxy},
    capture_output=True,
    text=True,
    timeout=programs.TIMEOUT_S,
    check=False,
  )
  assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
  "given", [("", 2, 0), ("10.0.0.1:1", 0, 0), ("10.0.0.1:1", 2, 2)]
)
def test_a_coordinator_wants_all_three(given: tuple[str, int, int]) -> None:
  with pytest.raises(program.BadInput, match="give all three, as in"):
    hosts.start(*given)
