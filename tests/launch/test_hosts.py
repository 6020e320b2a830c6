"""Several hosts do together what one host does."""

import json
import socket
import subprocess
import sys

import numpy as np
import pytest

from launch import run as run_lib
from tests import programs
from tests.launch import host

HOSTS = 2


@pytest.fixture(scope="module")
def place(tmp_path_factory):
  """Where the hosts have their workdirs."""
  return tmp_path_factory.mktemp("hosts")


@pytest.fixture(scope="module")
def said(cached_corpus, place, bucket):
  """What each host of a pod says."""
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{free.getsockname()[1]}"
  url = bucket.folder()
  started = [
    subprocess.Popen(
      [
        *(sys.executable, "-m", "tests.launch.host"),
        *(address, str(number), str(HOSTS)),
        *(str(cached_corpus), str(place), url),
      ],
      cwd=programs.ROOT,
      env=programs.environment(devices=8 // HOSTS),
      stdout=subprocess.PIPE,
      text=True,
    )
    for number in range(HOSTS)
  ]
  printed = [
    process.communicate(timeout=programs.TIMEOUT_S)[0] for process in started
  ]
  return [json.loads(text.splitlines()[-1]) for text in printed]


def test_two_hosts_read_their_parts_of_one_batch(said, cached_corpus):
  alone = host.sums(run_lib.assemble(host.config(cached_corpus).lock()))
  for number, found in enumerate(said):
    assert found["cache"]["shards"] == [4 * number + i for i in range(4)]
    assert found["cache"]["sums"] == alone
    # Without a cache each host would cut all texts.
    assert "2 hosts would each read" in found["text"]["error"]


def test_they_measure_together_what_one_measures(said, cached_corpus):
  # Each has all vectors of a model whose parameters are spread over both.
  assert said[0]["measured"] == said[1]["measured"]
  alone = host.measured(
    run_lib.assemble(host.config(cached_corpus, fsdp=8).lock())
  )
  for found in said:
    assert found["evaluated"] == said[0]["measured"]["results"]
    assert found["evaluated"].keys() == alone["results"].keys()
    assert found["evaluated"]["code.loss"] == pytest.approx(
      alone["results"]["code.loss"], rel=1e-5
    )
    np.testing.assert_allclose(
      found["measured"]["vectors"], alone["vectors"], rtol=0, atol=1e-5
    )


def test_they_begin_one_run_in_a_folder_that_all_see(said, place):
  workdir = place / "run"
  for found in said:
    assert found["begun"]["shared"] == 0
    assert (
      f"workdir {workdir} holds a run with seed=0, and this one has 1"
      in (found["begun"]["other"])
    )
  assert not list(workdir.glob("seen_*"))


def test_they_begin_one_run_in_a_bucket(said):
  for found in said:
    assert found["begun"]["bucket"] == 0
    assert (
      "/run holds a run with seed=0, and this one has 1"
      in (found["begun"]["other_in_bucket"])
    )


def test_a_folder_that_one_host_does_not_see_is_named_by_all(said):
  for found in said:
    assert found["begun"]["apart"].startswith("host 1 (")
    assert (
      "/1/run what host 0 wrote there; give a folder"
      in (found["begun"]["apart"])
    )
