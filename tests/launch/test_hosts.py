"""Several hosts put together the batches that one host makes."""

import json
import shutil
import socket
import subprocess
import sys

from data import faults
from data import pretokenize
from data import records
from data import token_chunks
from data import tokens
from launch import run as run_lib
from tests import programs
from tests.launch import host


def test_two_hosts_read_their_parts_of_one_batch(corpus, tmp_path):
  train = str(shutil.copytree(corpus / "code", tmp_path / "code"))
  words = str(corpus / "words")
  tokenizer = tokens.Tokenizer(words, max_length=64)
  with token_chunks.Workers(tokenizer, 1) as workers:
    pretokenize.pretokenize(
      records.DataSet(train),
      tokenizer,
      tokens.Prompts(),
      workers=workers,
      faults=faults.Faults(),
    )
  with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{free.getsockname()[1]}"
  hosts = [
    subprocess.Popen(
      [
        *(sys.executable, "-m", "tests.launch.host"),
        *(address, str(number), "2", train, words),
      ],
      cwd=programs.ROOT,
      env=programs.environment(devices=4),
      stdout=subprocess.PIPE,
      text=True,
    )
    for number in range(2)
  ]
  printed = [
    process.communicate(timeout=programs.TIMEOUT_S)[0] for process in hosts
  ]
  found = [json.loads(text.splitlines()[-1]) for text in printed]
  alone = host.sums(run_lib.assemble(host.config(train, words).lock()))
  for number, said in enumerate(found):
    assert said["cache"]["shards"] == [4 * number + i for i in range(4)]
    assert said["cache"]["sums"] == alone
    # Without a cache each host would cut all texts.
    assert "2 hosts would each read" in said["text"]["error"]
    assert "python -m data.pretokenize" in said["text"]["error"]
