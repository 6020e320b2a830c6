"""One process of a small pod, for tests of what its processes tell each other.

    python -m tests.embeddings.member SCENE COORDINATOR HOSTS HOST

prints a line for what it finds, the first of them "begun".
"""

import contextlib
import os
import signal
import sys
import time

import jax

from data import program
from embeddings import hosts
from embeddings import preemption
from embeddings import watch as watch_lib

GONE_S = 3.0
GRACE_S = 1.5
STEP_S = 0.02


def say(line: object) -> None:
  """Prints a line at once."""
  print(line, flush=True)


def steps() -> None:
  """Steps until a notice comes; hosts are not at the same step."""
  start = 500
  notice = preemption.Notice(start, grace_s=30)
  if jax.process_index():
    time.sleep(0.5)
  step = start
  say("begun")
  while not notice.reached(step := step + 1):
    time.sleep(STEP_S)
  notice.close()
  say(step)


def early() -> None:
  """Is told to end before it asks, and then is at the step agreed upon."""
  os.kill(os.getpid(), signal.SIGTERM)
  while not preemption._came():
    time.sleep(STEP_S)
  time.sleep(0.5)
  preemption.Notice(1, grace_s=GRACE_S)
  say("begun")
  time.sleep(60)


def busy() -> None:
  """Comes to no step, as in a long compilation."""
  preemption.Notice(3, grace_s=GRACE_S)
  say("begun")
  time.sleep(60)


def silent() -> None:
  """Is there, until a test stops it."""
  watch = watch_lib.Watch(gone_s=GONE_S, hang_s=60)
  watch.reached(7)
  time.sleep(GONE_S / 2)  # to be heard of
  say("begun")
  time.sleep(60)


def hanging() -> None:
  """Host 1 stays at step 4, and host 0 waits for it after step 5."""
  watch = watch_lib.Watch(gone_s=GONE_S, hang_s=GONE_S)
  with watch.resting():
    time.sleep(1.5 * GONE_S)  # as long as it likes
  watch.reached(5 - jax.process_index())
  say("begun")
  time.sleep(60)


def ending() -> None:
  """Host 1 ends, and host 0 works on for longer than a gone host has."""
  watch = watch_lib.Watch(gone_s=GONE_S, hang_s=60)
  with contextlib.closing(watch), hosts.ending_together():
    time.sleep(GONE_S)
    say("begun")
    if not jax.process_index():
      time.sleep(2 * GONE_S)
  say("ended")


def failing() -> None:
  """Host 1 fails, and host 0 waits for it where nothing tells it so."""
  watch = watch_lib.Watch(gone_s=GONE_S, hang_s=60)
  with contextlib.closing(watch), hosts.ending_together():
    time.sleep(GONE_S)
    say("begun")
    if jax.process_index():
      raise program.BadInput("this host alone finds something wrong")
    time.sleep(60)


def telling() -> None:
  """What host 0 finds, and what it finds wrong."""
  say("begun")
  say(hosts.from_first(lambda: {"host": jax.process_index(), "steps": [3, 6]}))
  say(hosts.from_first(lambda: None))

  def refuse() -> None:
    raise program.BadInput("this will not do")

  try:
    hosts.from_first(refuse)
  except program.BadInput as error:
    say(error)
  if jax.process_index():
    raise program.BadInput("this host alone finds something wrong")
  time.sleep(60)


SCENES = {
  scene.__name__: scene
  for scene in (
    *(steps, early, busy, silent),
    *(hanging, ending, failing, telling),
  )
}


def main() -> None:
  """Plays a scene."""
  scene, coordinator, count, number = program.arguments()
  if scene == "ending":
    hosts._SHUTDOWN_S = 1  # host 0 takes longer
  hosts.start(coordinator, int(count), int(number), gone_s=GONE_S)
  SCENES[scene]()
  hosts.stop()


if __name__ == "__main__":
  sys.argv.insert(1, "--")
  program.run(main, words=True)
