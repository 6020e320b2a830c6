"""What every program shares: flags, one-line errors, exit codes, progress.

A program ends with

    if __name__ == "__main__":
      program.run(main)

where `main()` reads its absl flags, raises `BadInput` for what the caller can
mend, and reports a measurement or a product with `print_result`. Exit codes:
0 done, 2 bad input, 3 diverged; these are final. Anything else (a crash, a
signal, a full disk, 75 where a machine is taken away) may be started again and
goes on where it was.
"""

import contextlib
import errno
import functools
import json
import logging as python_logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from absl import app
from absl import flags
from absl import logging
import tqdm

EXIT_BAD_INPUT = 2
EXIT_DIVERGED = 3
EXIT_INTERRUPTED = 130
EXIT_DISK_FULL = 74  # EX_IOERR of sysexits.h: may be started again.
EXIT_START_AGAIN = 75  # EX_TEMPFAIL: is to be started again.

_ARGUMENTS: list[str] = []
_AT_ONCE = False
_PACKAGES = ("data", "embeddings", "launch", "tools")  # whose flags --help has


class BadInput(ValueError):
  """What the caller got wrong: says the value found, wanted, and the remedy."""


class Diverged(Exception):
  """Training whose loss is no longer finite; starting again cannot help."""


class StartAgain(Exception):
  """The program ends before its work does, and is to be started again."""


class Preempted(StartAgain):
  """The machine is taken away, and all that was done is kept."""


def run(main: Callable[[], None], *, words: bool = False) -> None:
  """Parses the flags, runs `main` and turns its errors into one line each.

  Args:
    main: the program.
    words: whether it takes arguments that are no flags; `arguments()` gives
      them.
  """
  sys.unraisablehook = _send_interrupt_again
  logging.get_absl_logger().addFilter(_is_no_full_disk)
  parser = functools.partial(_parse_flags, words=words)
  app.run(lambda _: _exit(_guarded(main)), flags_parser=parser)


def leave_at_once() -> None:
  """Lets this program end at once if it ends with an error.

  Else it does what libraries have asked for at its end, such as waiting for
  processes that know nothing of the error.
  """
  global _AT_ONCE
  _AT_ONCE = True


def arguments() -> list[str]:
  """What was given on the command line beside flags."""
  return list(_ARGUMENTS)


def result_line(result: dict[str, Any]) -> str:
  """The last line of a program, as JSON that a script can read."""
  return json.dumps(result, ensure_ascii=False)


def print_result(result: dict[str, Any]) -> None:
  """Prints what a program measured or produced as its last line."""
  print(result_line(result), flush=True)


def note_line(line: str) -> None:
  """Tells what is going on: one line on standard error."""
  print(line, file=sys.stderr, flush=True)


def require(value: Any, flag: str, example: str) -> None:
  """Raises BadInput if a flag that the program needs was not given."""
  if not value:
    raise BadInput(f"--{flag} is missing; give it, as in --{flag}={example}")


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
  """Holds Ctrl-C back until the block has ended, as where files are written.

  Libraries that run an event loop may lose it or leave their threads behind.
  """
  if threading.current_thread() is not threading.main_thread():
    yield  # Python interrupts the main thread alone.
    return
  came = []
  before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
  try:
    yield
  finally:
    signal.signal(signal.SIGINT, before)
  if came:
    signal.raise_signal(signal.SIGINT)  # Blocks may stand in blocks.


class Progress:
  """A progress bar on a terminal, and a line now and then in a log.

  Args:
    total: how many items there are, or None where that is unknown.
    unit: what an item is ("files", "steps").
    label: what is being done.
    done: how many items an earlier run has done already.
    every_s: seconds between two lines of a log.
  """

  def __init__(
    self,
    total: int | None,
    *,
    unit: str,
    label: str,
    done: int = 0,
    every_s: float = 10.0,
  ):
    self._bar = tqdm.tqdm(
      total=total,
      initial=done,
      unit=f" {unit}",
      desc=label,
      disable=not sys.stderr.isatty(),
      dynamic_ncols=True,
    )
    self._total, self._unit, self._label = total, unit, label
    self._done, self._first, self._every_s = done, done, every_s
    self._start = self._last = time.monotonic()

  def advance(self, items: int = 1, note: str = "") -> None:
    """Counts `items` more as done; `note` is shown behind the count."""
    self._done += items
    if not self._bar.disable:
      self._bar.set_postfix_str(note, refresh=False)
      self._bar.update(items)
    elif time.monotonic() - self._last >= self._every_s:
      self._last = time.monotonic()
      note_line(self._line(note))

  def close(self, note: str = "done") -> None:
    """Ends the bar; in a log, says how much was done and in what time."""
    if self._bar.disable and self._done > self._first:
      note_line(self._line(note))
    self._bar.close()

  def _line(self, note: str) -> str:
    """One line of a log: label, count, rate, time left and the note."""
    seconds = max(time.monotonic() - self._start, 1e-9)
    rate = (self._done - self._first) / seconds
    line = f"{self._label}: {self._done:,}"
    if self._total is not None:
      left_s = (self._total - self._done) / max(rate, 1e-9)
      line += f" of {self._total:,} {self._unit}, {left_s:,.0f} s left"
    else:
      line += f" {self._unit}"
    return f"{line}, {rate:,.1f} {self._unit}/s" + (f"; {note}" if note else "")


@contextlib.contextmanager
def progress(total: int | None, **options: Any) -> Iterator[Progress]:
  """`Progress` as a context; see there for the options."""
  bar = Progress(total, **options)
  try:
    yield bar
  except BaseException:
    bar.close("stopped")
    raise
  bar.close()


def _parse_flags(argv: list[str], *, words: bool) -> list[str]:
  """Reads the flags; a wrong one is one line and exit code 2."""
  # absl and ml_collections raise these for an unknown flag, an unknown config
  # key, a value of the wrong type and a config file that is not there.
  wrong = (
    flags.Error,
    BadInput,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
    OSError,
    SyntaxError,
    ImportError,
  )
  _show_all_flags()
  try:
    left_over = flags.FLAGS(argv)
    for value in flags.FLAGS.flag_values_dict().values():
      getattr(value, "get", None)  # A config file not there raises only here.
  except SystemExit:  # After --help, which absl ends with 1.
    sys.exit(0)
  except wrong as error:
    # ml_collections names the nearest key, in the words of a KeyError.
    keys = KeyError | AttributeError
    unknown = "no such config key: " * isinstance(error, keys)
    _say(f"{unknown}{_one_line(error)}; see --help")
    sys.exit(EXIT_BAD_INPUT)
  _ARGUMENTS[:] = left_over[1:]
  if left_over[1:] and not words:
    _say(f"{left_over[1]!r} is not a flag; flags look like --name=value")
    sys.exit(EXIT_BAD_INPUT)
  # The libraries' own chatter is left out; ours goes through `note_line`. absl
  # raises the default to INFO after this; a value that was given stands.
  if flags.FLAGS["verbosity"].using_default_value:
    flags.FLAGS.verbosity = logging.WARNING
    flags.FLAGS["verbosity"].using_default_value = False
  return left_over


def _show_all_flags() -> None:
  """Lets --help show this program's flags that another module defined.

  absl shows those of the main module alone, and hides what programs share.
  """
  for module, found in flags.FLAGS.flags_by_module_dict().items():
    if module.partition(".")[0] in _PACKAGES:
      for flag in found:
        flags.FLAGS.register_key_flag_for_module(sys.argv[0], flag)


def _send_interrupt_again(ignored: "sys.UnraisableHookArgs") -> None:
  """Sends Ctrl-C again where Python ignored it.

  It does so in callbacks of the garbage collector, of which JAX has one, and
  that is where every third Ctrl-C in training arrives.
  """
  if ignored.exc_type is not KeyboardInterrupt:
    sys.__unraisablehook__(ignored)
    return
  while True:
    try:
      again = threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGINT))
      again.daemon = True
      again.start()
      return
    except KeyboardInterrupt:  # It has come before the thread said it runs.
      continue  # In here it would be lost as well.


def _is_no_full_disk(record: python_logging.LogRecord) -> bool:
  """Whether a library's log record is worth a line: a full disk raises too."""
  return not (record.exc_info and is_disk_full(record.exc_info[1]))


def _guarded(main: Callable[[], None]) -> int:
  """Runs `main` and gives the exit code that its end deserves."""
  try:
    main()
  except BadInput as error:
    _say(_one_line(error))
    return EXIT_BAD_INPUT
  except Diverged as error:
    _say(_one_line(error))
    return EXIT_DIVERGED
  except StartAgain as error:
    _say(f"{_one_line(error)}; start it again")
    return EXIT_START_AGAIN
  except KeyboardInterrupt:
    _say("interrupted; what was complete is kept: run the same command again")
    return EXIT_INTERRUPTED
  except Exception as error:
    if not is_disk_full(error):
      if not _AT_ONCE:
        raise
      traceback.print_exc()
      return 1
    _say(
      f"no space left on the disk ({_one_line(error)}); what was complete "
      "before is intact: free some space and run the same command again"
    )
    return EXIT_DISK_FULL
  return 0


def _exit(code: int) -> NoReturn:
  """Ends the program."""
  if code and _AT_ONCE:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
  sys.exit(code)


def is_disk_full(error: BaseException | None) -> bool:
  """Whether the error, or what caused it, is a full disk or quota."""
  looked_at: list[BaseException] = []  # `raise error from error` is a circle.
  while error is not None and error not in looked_at:
    looked_at.append(error)
    if isinstance(error, OSError) and error.errno in (
      errno.ENOSPC,
      errno.EDQUOT,
    ):
      return True
    # TensorStore and ArrayRecord give the operating system's words only, and
    # TensorStore others where a part of the bytes found room.
    words = str(error).lower()
    if "no space left on device" in words or (
      "resource_exhausted" in words and "failed to write" in words
    ):
      return True
    error = error.__cause__ or error.__context__
  return False


def _one_line(error: BaseException) -> str:
  """The error's message with its line breaks folded."""
  # The text of a KeyError is the repr of what it says; others may wrap one.
  text: object = error
  while isinstance(text, KeyError | AttributeError) and text.args:
    text = text.args[0]
  return " ".join(str(text).split()) or type(error).__name__


def _say(message: str) -> None:
  """One line on standard error, led by the program's name."""
  name = os.path.basename(sys.argv[0]) or "gigapair"
  print(f"{name}: {message}", file=sys.stderr, flush=True)
