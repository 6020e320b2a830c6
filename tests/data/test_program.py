"""Tests of data/program.py, on real processes."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from data import program

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def tiny(tmp_path: pathlib.Path) -> pathlib.Path:
  """A program whose flag --then is what its main does."""
  path = tmp_path / "tiny.py"
  path.write_text(
    textwrap.dedent('''
    """A tiny program.

        python tiny.py --then=pass
    """
    import errno, gc, logging, os, signal, sys, time
    from absl import flags
    import absl.logging
    from ml_collections import config_flags
    from data import program

    flags.DEFINE_string("then", "pass", "What to do.")
    flags.DEFINE_integer("count", 1, "A number.")
    config_flags.DEFINE_config_file("config")

    def main():
      exec(flags.FLAGS.then)

    program.run(main)
  ''')
  )
  (tmp_path / "config.py").write_text(
    "import ml_collections\n\n\ndef get_config():\n"
    "  return ml_collections.ConfigDict({'data': {'batch': 8}, 'rate': 0.5})\n"
  )
  (tmp_path / "broken.py").write_text("def get_config(:\n")
  return path


def command(path: pathlib.Path, *given: str) -> list[str]:
  """How to start the program."""
  return [sys.executable, str(path), *given]


def environment() -> dict[str, str]:
  """An environment in which the program finds data/."""
  return os.environ | {"PYTHONPATH": str(ROOT)}


def run(path: pathlib.Path, *given: str) -> subprocess.CompletedProcess[str]:
  """Runs the program to its end."""
  return subprocess.run(
    command(path, *given),
    cwd=path.parent,
    env=environment(),
    capture_output=True,
    text=True,
    check=False,
  )


@pytest.mark.parametrize(
  "then, code, says",
  [
    ("raise program.BadInput('no a\\nin b')", 2, "tiny.py: no a in b\n"),
    ("raise program.BadInput", 2, "tiny.py: BadInput\n"),
    ("program.require('', 'out', 'runs/x')", 2, "as in --out=runs/x\n"),
    ("raise program.Diverged('loss is nan')", 3, "tiny.py: loss is nan\n"),
    ("raise OSError(errno.ENOSPC, 'no room')", 74, "no space left on the disk"),
    ("raise OSError(errno.EDQUOT, 'quota')", 74, "no space left on the disk"),
    (
      "raise RuntimeError('write() failed: No space left on device; in x')",
      74,
      "no space left on the disk",
    ),
    (
      "raise ValueError('lost') from OSError(errno.ENOSPC, 'no room')",
      74,
      "no space left on the disk",
    ),
    ("raise KeyboardInterrupt", 130, "tiny.py: interrupted"),
  ],
)
def test_an_end_is_one_line_and_a_code(
  tiny: pathlib.Path, then: str, code: int, says: str
) -> None:
  ended = run(tiny, f"--then={then}")
  assert ended.returncode == code
  assert says in ended.stderr
  assert ended.stderr.count("\n") == 1
  assert ended.stdout == ""


def test_any_other_error_is_a_traceback(tiny: pathlib.Path) -> None:
  ended = run(tiny, "--then=error = ValueError('ours')\nraise error from error")
  assert ended.returncode == 1
  assert ended.stderr.startswith("Traceback")
  assert ended.stderr.endswith("ValueError: ours\n")


@pytest.mark.parametrize(
  "given, says",
  [
    (["--nope=1"], "nope"),
    (["--count=many"], "--count=many"),
    (["--count"], "count"),
    (["stray"], "'stray' is not a flag"),
    (["--config=config.py", "--config.nope=1"], "nope"),
    (["--config=config.py", "--config.data.nope=1"], "nope"),
    (["--config=config.py", "--config.data.batch=many"], "many"),
    (["--config=config.py", "--config.data=1"], "data"),
    (["--config=nowhere.py"], "nowhere.py"),
    (["--config=broken.py"], "broken.py"),
  ],
)
def test_a_wrong_flag_is_one_line(
  tiny: pathlib.Path, given: list[str], says: str
) -> None:
  ended = run(tiny, *given)
  assert ended.returncode == 2
  assert says in ended.stderr
  assert ended.stderr.startswith("tiny.py: ")
  assert ended.stderr.count("\n") == 1
  assert ended.stdout == ""


def test_config_values_reach_main(tiny: pathlib.Path) -> None:
  then = "print(flags.FLAGS.config.data.batch)"
  ended = run(
    tiny, "--config=config.py", "--config.data.batch=32", f"--then={then}"
  )
  assert (ended.returncode, ended.stdout, ended.stderr) == (0, "32\n", "")


def test_help_is_the_docstring_and_the_flags(tiny: pathlib.Path) -> None:
  ended = run(tiny, "--help")
  assert (ended.returncode, ended.stderr) == (0, "")
  assert "python tiny.py --then=pass" in ended.stdout
  assert "--count: A number." in ended.stdout


def test_the_last_line_is_json(tiny: pathlib.Path) -> None:
  then = (
    "program.note_line('on the way'); print('a table'); "
    "program.print_result({'out': 'Straße', 'records': 2})"
  )
  ended = run(tiny, f"--then={then}")
  assert (ended.returncode, ended.stderr) == (0, "on the way\n")
  last = ended.stdout.splitlines()[-1]
  assert json.loads(last) == {"out": "Straße", "records": 2}


@pytest.mark.parametrize(
  "given, says", [([], "b\n"), (["--verbosity=0"], "a\nb\n")]
)
def test_chatter_of_libraries_is_left_out(
  tiny: pathlib.Path, given: list[str], says: str
) -> None:
  then = "absl.logging.info('a'); absl.logging.warning('b')"
  ended = run(tiny, f"--then={then}", *given)
  lines = [line.split("] ")[-1] for line in ended.stderr.splitlines(True)]
  assert "".join(lines) == says


def test_ctrl_c_and_a_kill(tiny: pathlib.Path) -> None:
  for number, code in ((signal.SIGINT, 130), (signal.SIGKILL, -9)):
    process = subprocess.Popen(
      command(tiny, "--then=print('here', flush=True); time.sleep(60)"),
      cwd=tiny.parent,
      env=environment(),
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in errors


@pytest.mark.parametrize(
  "then",
  [
    # Python ignores what is raised in a callback of the garbage collector.
    # Short sleeps, for a signal that comes as one begins does not end it.
    "gc.callbacks.append(call_once); gc.collect()\n"
    "for _ in range(600):\n"
    "  time.sleep(0.1)",
    # The inner block is to leave the outer one whole.
    "with program.uninterrupted():\n"
    "  with program.uninterrupted():\n"
    "    call_once()\n"
    "  print('whole', flush=True)\n"
    "time.sleep(60)",
  ],
)
def test_ctrl_c_is_never_lost(tiny: pathlib.Path, then: str) -> None:
  first = (
    "def call_once(*_):\n"
    "  if gc.callbacks:\n"
    "    gc.callbacks.pop()\n"
    "  os.kill(os.getpid(), signal.SIGINT)\n"
    "  sum(range(1000))\n"
    "  print('called', flush=True)\n"
  )
  start = time.monotonic()
  ended = run(tiny, f"--then={first}{then}")
  assert time.monotonic() - start < 30
  assert ended.returncode == 130
  assert ended.stderr.startswith("tiny.py: interrupted")
  assert ended.stderr.count("\n") == 1
  assert ended.stdout == ("called\nwhole\n" if "whole" in then else "")


def test_progress_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
  with program.progress(4_000, unit="steps", label="train", every_s=0) as bar:
    bar.advance(1_000)
    bar.advance(1_000, "loss 0.5")
  first, second, last = capsys.readouterr().err.splitlines()
  assert first.startswith("train: 1,000 of 4,000 steps, 0 s left, ")
  assert first.endswith(" steps/s")
  assert second.startswith("train: 2,000 of 4,000 steps, ")
  assert second.endswith("; loss 0.5")
  assert last.endswith("; done")


def test_progress_tells_how_long(capsys: pytest.CaptureFixture[str]) -> None:
  with program.progress(30, unit="steps", label="t", done=10, every_s=0) as bar:
    time.sleep(0.5)
    bar.advance(1)  # 0.5 s a step, and 19 to go; a busy machine takes longer.
  line = capsys.readouterr().err.splitlines()[0]
  assert line.startswith("t: 11 of 30 steps, ")
  assert 9 <= int(line.split(" steps, ")[1].split(" s left")[0]) <= 60


def test_progress_is_quiet_between_lines(
  capsys: pytest.CaptureFixture[str],
) -> None:
  with program.progress(None, unit="rows", label="read", every_s=60) as bar:
    for _ in range(100):
      bar.advance()
  (line,) = capsys.readouterr().err.splitlines()
  assert line.startswith("read: 100 rows, ")
  assert line.endswith("; done")


def test_progress_that_stops(capsys: pytest.CaptureFixture[str]) -> None:
  with (
    pytest.raises(ValueError, match="ours"),
    program.progress(9, unit="rows", label="read", every_s=60) as bar,
  ):
    bar.advance(3)
    raise ValueError("ours")
  assert capsys.readouterr().err.endswith("; stopped\n")
