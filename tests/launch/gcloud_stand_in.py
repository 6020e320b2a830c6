"""Stands in for gcloud: machines are folders, their workers' processes real.

    stand_in = StandIn(folder)          # in a test
    PATH=folder/bin gcloud compute ...  # what scripts then call

The commands, their flags and their states are those of Google's reference
(https://cloud.google.com/sdk/gcloud/reference/compute/tpus); a flag that is not
there is an error, as with gcloud. What is behind a command happens: ssh runs it
in a shell with the worker's folder as its home, scp and rsync copy, a
preemption sends SIGTERM and then SIGKILL to all that a worker runs.

The workers of a machine find each other as those of a TPU do, through what JAX
reads of its surroundings; here these are the variables of Open MPI.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

from tests.launch import marked_processes

FOLDER = "GCLOUD_STAND_IN"  # the variable that names the folder
_ROOT = pathlib.Path(__file__).parents[2]
_START = (  # without site-packages, which take their time
  f"import sys; sys.path[0] = '{_ROOT}'; "
  "from tests.launch import gcloud_stand_in; gcloud_stand_in.main()"
)
# The states that a request goes through, one each time that it is described.
QUEUE = ("WAITING_FOR_RESOURCES", "PROVISIONING", "ACTIVE")
# The words of a command -> its flags that take a value, and those that do not.
_PLACE = ("--zone", "--project", "--format")
_TPU = ("--accelerator-type", "--data-disk")
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
  "compute tpus queued-resources create": (
    (*_TPU, "--node-id", "--runtime-version"),
    ("--spot", "--guaranteed", "--async"),
  ),
  "compute tpus queued-resources describe": ((), ()),
  "compute tpus queued-resources delete": ((), ("--force", "--async")),
  "compute tpus tpu-vm create": (
    (*_TPU, "--version"),
    ("--spot", "--preemptible", "--async"),
  ),
  "compute tpus tpu-vm describe": ((), ()),
  "compute tpus tpu-vm delete": ((), ("--async",)),
  "compute tpus tpu-vm ssh": (("--worker", "--command", "--ssh-flag"), ()),
  "compute tpus tpu-vm scp": (("--worker", "--scp-flag"), ("--recurse",)),
  "compute disks create": (("--size", "--type"), ()),
  "compute disks describe": ((), ()),
  "compute disks delete": ((), ()),
  "storage rsync": ((), ("--recursive",)),
}


class Refused(Exception):
  """What gcloud says before it exits with 1."""


class StandIn:
  """The cloud, as it is kept in a folder.

  Args:
    folder: where state, buckets, workers and the program are.
    python: what workers find installed as their Python.
  """

  def __init__(self, folder: pathlib.Path, python: str = sys.executable):
    self.folder = folder
    self.python = python

  def install(self) -> None:
    """Writes the program that scripts find as gcloud."""
    (self.folder / "bin").mkdir(parents=True)
    (self.folder / "buckets").mkdir()
    program = self.folder / "bin" / "gcloud"
    program.write_text(
      f'#!/bin/sh\nexport {FOLDER}="{self.folder}"\n'
      f'export GCLOUD_STAND_IN_PYTHON="{self.python}"\n'
      f'exec "{sys.executable}" -S -E -c "{_START}" "$@"\n'
    )
    program.chmod(0o755)

  @contextlib.contextmanager
  def state(self) -> Iterator[dict[str, Any]]:
    """All requests, nodes and disks, for one process at a time to change."""
    path = self.folder / "state.json"
    with open(self.folder / "lock", "w") as lock:
      fcntl.flock(lock, fcntl.LOCK_EX)
      empty = {"requests": {}, "nodes": {}, "disks": {}, "calls": []}
      state = json.loads(path.read_text()) if path.exists() else empty
      yield state
      new = path.with_suffix(".new")
      new.write_text(json.dumps(state, indent=1))
      new.rename(path)

  def calls(self) -> list[str]:
    """The commands called so far, without their flags."""
    with self.state() as state:
      return state["calls"]

  def worker(self, name: str, number: int) -> pathlib.Path:
    """The home of a worker."""
    return self.folder / "workers" / name / str(number)

  def preempt(self, name: str, grace_s: float = 20.0) -> None:
    """Takes a machine away, as Google does a spot one."""
    homes = (self.folder / "workers" / name).iterdir()
    marked_processes.end(list(homes), grace_s)
    with self.state() as state:
      state["nodes"][name]["state"] = "PREEMPTED"
      if name in state["requests"]:
        state["requests"][name]["state"] = "SUSPENDED"

  def close(self) -> None:
    """Ends all that still runs."""
    marked_processes.end(list((self.folder / "workers").glob("*/*")), 0)

  # What the commands do: a method each, named by its last two words.

  def queued_resources_create(self, given: argparse.Namespace) -> None:
    """Puts a request into the queue."""
    with self.state() as state:
      _absent(state["requests"], given.what)
      _needed(given, "node_id", "accelerator_type", "runtime_version")
      _check_disk(state, given)
      state["requests"][given.what] = {
        "state": QUEUE[0],
        "node": given.node_id,
        "type": given.accelerator_type,
      }

  def queued_resources_describe(self, given: argparse.Namespace) -> None:
    """Says how far a request is, which is then further."""
    with self.state() as state:
      request = _present(state["requests"], given.what)
      print(_formatted(given, {"value(state.state)": request["state"]}))
      if request["state"] in QUEUE[:-1]:
        request["state"] = QUEUE[QUEUE.index(request["state"]) + 1]
        if request["state"] == "ACTIVE":
          self._boot(state, request["node"], request["type"])

  def queued_resources_delete(self, given: argparse.Namespace) -> None:
    """Deletes a request, and with --force its node."""
    with self.state() as state:
      request = _present(state["requests"], given.what)
      if request["node"] in state["nodes"] and not given.force:
        raise Refused("FAILED_PRECONDITION: it has nodes; use --force")
      del state["requests"][given.what]
      self._delete_node(state, request["node"])

  def tpu_vm_create(self, given: argparse.Namespace) -> None:
    """Creates a machine at once."""
    with self.state() as state:
      _absent(state["nodes"], given.what)
      _needed(given, "version")
      _check_disk(state, given)
      self._boot(state, given.what, given.accelerator_type or "v2-8")

  def tpu_vm_describe(self, given: argparse.Namespace) -> None:
    """Says what a machine is."""
    with self.state() as state:
      node = _present(state["nodes"], given.what)
    count = str(node["workers"])
    print(
      _formatted(
        given,
        {"value(state)": node["state"], "value(networkEndpoints.len())": count},
      )
    )

  def tpu_vm_delete(self, given: argparse.Namespace) -> None:
    """Deletes a machine."""
    with self.state() as state:
      _present(state["nodes"], given.what)
      self._delete_node(state, given.what)

  def tpu_vm_ssh(self, given: argparse.Namespace) -> None:
    """Runs a command on workers, at the same time."""
    homes = self._reached(given)
    _needed(given, "command")
    processes = [
      subprocess.Popen(
        ["bash", "-c", given.command],
        cwd=home,
        env=self._surroundings(given.what, home),
        stdin=subprocess.DEVNULL,
      )
      for home in homes
    ]
    threads = [threading.Thread(target=each.wait) for each in processes]
    for thread in threads:
      thread.start()
    for thread in threads:
      thread.join()
    codes = [each.returncode for each in processes]
    sys.exit(next((code % 256 for code in codes if code), 0))

  def tpu_vm_scp(self, given: argparse.Namespace) -> None:
    """Copies a file to workers."""
    given.what, _, target = given.more[-1].partition(":")
    sources = [given.first, *given.more[:-1]]
    for home in self._reached(given):
      for source in sources:
        shutil.copy(source, home / target)

  def disks_create(self, given: argparse.Namespace) -> None:
    """Creates a disk."""
    with self.state() as state:
      _absent(state["disks"], given.what)
      state["disks"][given.what] = {"size": given.size, "type": given.type}

  def disks_describe(self, given: argparse.Namespace) -> None:
    """Says that a disk is there."""
    with self.state() as state:
      _present(state["disks"], given.what)
    print(_formatted(given, {"value(status)": "READY"}))

  def disks_delete(self, given: argparse.Namespace) -> None:
    """Deletes a disk."""
    with self.state() as state:
      _present(state["disks"], given.what)
      del state["disks"][given.what]

  def storage_rsync(self, given: argparse.Namespace) -> None:
    """Copies a folder from a bucket, or to one."""
    source, target = (self._place(path) for path in (given.what, *given.more))
    if not source.is_dir() or not given.recursive:
      raise Refused(f"{given.what} did not match any folder")
    shutil.copytree(source, target, dirs_exist_ok=True)

  def _place(self, path: str) -> pathlib.Path:
    """A folder here, or of a bucket."""
    if path.startswith("gs://"):
      return self.folder / "buckets" / path.removeprefix("gs://")
    return pathlib.Path(path)

  def _boot(self, state: dict[str, Any], name: str, kind: str) -> None:
    """Makes a machine's workers: one for each 8 cores, as of v2 to v4."""
    count = max(1, int(kind.rpartition("-")[2]) // 8)
    with socket.socket() as free:
      free.bind(("127.0.0.1", 0))
      port = free.getsockname()[1]
    state["nodes"][name] = {"state": "READY", "workers": count, "port": port}
    for number in range(count):
      home = self.worker(name, number)
      shutil.rmtree(home, ignore_errors=True)
      _install_image(home, self.python)

  def _delete_node(self, state: dict[str, Any], name: str) -> None:
    """Ends what a machine runs, and removes it."""
    if state["nodes"].pop(name, None):
      folder = self.folder / "workers" / name
      marked_processes.end(list(folder.iterdir()), 0)
      shutil.rmtree(folder)

  def _reached(self, given: argparse.Namespace) -> list[pathlib.Path]:
    """The homes of the workers that a command is for."""
    with self.state() as state:
      node = _present(state["nodes"], given.what)
    if node["state"] != "READY":
      raise Refused(f"TPU is in state {node['state']}, which cannot be reached")
    if given.worker == "all":
      return [self.worker(given.what, n) for n in range(node["workers"])]
    number = int(given.worker or 0)
    if number >= node["workers"]:
      raise Refused(f"--worker={number}: there are {node['workers']}")
    return [self.worker(given.what, number)]

  def _surroundings(self, name: str, home: pathlib.Path) -> dict[str, str]:
    """A worker's environment: nothing of the caller's but what tests set."""
    with self.state() as state:
      node = state["nodes"][name]
    keep = ("JAX_PLATFORMS", "XLA_FLAGS", "HF_HUB_OFFLINE", "LANG")
    return {
      **{key: os.environ[key] for key in keep if key in os.environ},
      "PATH": f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin",
      "HOME": str(home),
      marked_processes.MARK: str(home),
      "JAX_COORDINATOR_PORT": str(node["port"]),
      "OMPI_MCA_orte_hnp_uri": "4096.0;tcp://127.0.0.1:1",
      "OMPI_COMM_WORLD_SIZE": str(node["workers"]),
      "OMPI_COMM_WORLD_RANK": home.name,
      "OMPI_COMM_WORLD_LOCAL_RANK": "0",
    }


def _install_image(home: pathlib.Path, python: str) -> None:
  """What the machine's image has: the packages, in the environment's place."""
  venv = home / "gigapair" / "venv"
  (venv / "bin").mkdir(parents=True)
  link = venv / "bin" / "python"
  link.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n')
  link.chmod(0o755)
  stamp = subprocess.run(
    ["bash", "-c", "cat requirements*.txt | cksum"],
    cwd=_ROOT,
    stdout=subprocess.PIPE,
    check=True,
  )
  (venv / "installed").write_bytes(stamp.stdout)


def _present(things: dict[str, Any], name: str) -> Any:
  """What is called so."""
  if name not in things:
    raise Refused(f"NOT_FOUND: Resource '{name}' was not found")
  return things[name]


def _absent(things: dict[str, Any], name: str) -> None:
  """Refuses what is there already."""
  if name in things:
    raise Refused(f"ALREADY_EXISTS: Resource '{name}' already exists")


def _needed(given: argparse.Namespace, *names: str) -> None:
  """Refuses a command without a flag that it needs."""
  for name in names:
    if not getattr(given, name):
      raise Refused(f"argument --{name.replace('_', '-')}: must be specified")


def _check_disk(state: dict[str, Any], given: argparse.Namespace) -> None:
  """Refuses a disk that is not there, or is not named in full."""
  for disk in given.data_disk or []:
    parts = dict(part.split("=") for part in disk.split(","))
    place = f"projects/{given.project}/zones/{given.zone}/disks/"
    if not parts["source"].startswith(place):
      raise Refused(f"INVALID_ARGUMENT: {disk}")
    _present(state["disks"], parts["source"].removeprefix(place))


def _formatted(given: argparse.Namespace, known: dict[str, str]) -> str:
  """What a command prints in the format that was asked for."""
  if given.format not in known:
    raise Refused(f"--format={given.format}; known: {', '.join(known)}")
  return known[given.format]


def main() -> None:
  """Runs a command, as gcloud does."""
  words = next(
    (
      words
      for words in COMMANDS
      if sys.argv[1:][: words.count(" ") + 1] == words.split()
    ),
    None,
  )
  if words is None:
    sys.exit(f"ERROR: (gcloud) Invalid choice: {sys.argv[1:]}")
  values, switches = COMMANDS[words]
  parser = argparse.ArgumentParser(prog=f"gcloud {words}", allow_abbrev=False)
  for flag in (*_PLACE, *values):
    many = flag in ("--data-disk", "--ssh-flag", "--scp-flag")
    parser.add_argument(flag, action="append" if many else "store")
  for flag in (*switches, "--quiet"):
    parser.add_argument(flag, action="store_true")
  parser.add_argument("what")
  parser.add_argument("more", nargs="*")
  given = parser.parse_args(sys.argv[1 + len(words.split()) :])
  given.first = given.what
  cloud = StandIn(
    pathlib.Path(os.environ[FOLDER]), os.environ["GCLOUD_STAND_IN_PYTHON"]
  )
  with cloud.state() as state:
    state["calls"].append(f"{words} {given.what}")
  action = "_".join(words.split()[-2:]).replace("-", "_")
  try:
    if words.startswith("compute"):
      _needed(given, "zone")
    getattr(cloud, action)(given)
  except Refused as error:
    sys.exit(f"ERROR: (gcloud.{words.replace(' ', '.')}) {error}")
