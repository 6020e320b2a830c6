"""What the order of training depends on beside the config."""

import dataclasses
from typing import Any

from data import mixture as mixture_lib
from data import packing
from data import permutation
from data import schedule
from data import tokens


def of(
  mixture: mixture_lib.Mixture, tokenizer: tokens.Tokenizer
) -> dict[str, Any]:
  """What identifies a run's input, as plain values.

  Two runs of one config and one fingerprint see the same pairs in the same
  batches, wherever their files are.
  """
  return {
    "versions": [permutation.VERSION, schedule.VERSION, packing.VERSION],
    "tokenizer": tokenizer.fingerprint,
    "data": {
      name: {
        "place": place,  # in the mixture, which its order is drawn from
        "weight": mixture.weights[place],
        "records": len(data_set),
        "source": data_set.manifest.source,
        "licence": data_set.manifest.licence,
        "shards": [shard.sha256 for shard in data_set.manifest.shards],
        "options": dataclasses.asdict(mixture.options[place]),
      }
      for place, (name, data_set) in enumerate(
        zip(mixture.names, mixture.data_sets, strict=True)
      )
    },
  }
