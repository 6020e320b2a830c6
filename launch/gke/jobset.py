"""Prints a JobSet that trains on TPUs in Google Kubernetes Engine.

    python -m launch.gke.jobset --name=minilm --image=REGISTRY/gigapair \\
      --accelerator=tpu-v5-lite-podslice --topology=4x4 \\
      --bucket=TEXTS --service_account=trainer --workdir=gs://RUNS/minilm -- \\
      --config=launch/configs/all_minilm_l6.py \\
      --config.data.train=staged/reddit | kubectl apply -f -

The words behind -- are launch.train's; what the bucket holds stands in staged/.
launch/gke/Dockerfile makes the image. GKE tells every pod of the others, and
JAX finds them. A pod that ends with 2 or 3 ends the JobSet; anything else
starts all of it again, from the last checkpoint. The third start without a new
step does not end it, which a JobSet cannot know: --restarts does.

https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2 and
https://cloud.google.com/kubernetes-engine/docs/how-to/tpus say what the fields
are. This was not run on a cluster.
"""

import json
import math
import re
from typing import Any, NamedTuple

from absl import flags

from data import program
from launch.configs import default

ACCELERATORS = (
  "tpu-v4-podslice",
  "tpu-v5-lite-podslice",
  "tpu-v5p-slice",
  "tpu-v6e-slice",
)
_CHIPS_A_HOST = 4  # of slices with several hosts
_MOST_CHIPS = 8  # of one host alone, where a topology has two sides
# More than launch.train takes to save and to end, once it is told to.
_GRACE_MORE_S = 35
_TPU_PORT, _JAX_PORT = 8471, 8482
_FINAL = (program.EXIT_BAD_INPUT, program.EXIT_DIVERGED)


class Slice(NamedTuple):
  """Chips that stand together.

  Attributes:
    accelerator: their kind, as GKE names it.
    topology: how they stand, "4x4" or "2x2x4".
  """

  accelerator: str
  topology: str

  @property
  def chips(self) -> int:
    """Of all hosts.

    >>> Slice("tpu-v4-podslice", "2x2x4").chips
    16
    """
    return math.prod(map(int, self.topology.split("x")))

  @property
  def hosts(self) -> int:
    """Machines, each with a pod.

    >>> Slice("tpu-v4-podslice", "2x2x4").hosts
    4
    >>> Slice("tpu-v6e-slice", "2x4").hosts, Slice("tpu-v6e-slice", "4x4").hosts
    (1, 4)
    """
    flat = self.topology.count("x") == 1
    if flat and self.chips <= _MOST_CHIPS:
      return 1
    return max(1, self.chips // _CHIPS_A_HOST)


class Job(NamedTuple):
  """What is run.

  Attributes:
    name: of the JobSet.
    image: of the container.
    command: that every pod runs.
    slice: on what.
    restarts: at most.
    bucket: mounted as staged/, "" for none.
    service_account: of Kubernetes, that may read and write the buckets.
    spot: whether the nodes may be taken away.
  """

  name: str
  image: str
  command: list[str]
  slice: Slice
  restarts: int = 100
  bucket: str = ""
  service_account: str = ""
  spot: bool = False


def define_flags() -> None:
  """Defines the flags, as the program that is run."""
  flags.DEFINE_string("name", "", "Of the JobSet: letters, digits, dashes.")
  flags.DEFINE_string("image", "", "The image of launch/gke/Dockerfile.")
  flags.DEFINE_string("accelerator", "", ", ".join(ACCELERATORS))
  flags.DEFINE_string("topology", "", "Of the slice: 4x4, or 2x2x4.")
  flags.DEFINE_string("workdir", "", "The run's folder, gs://BUCKET/RUN.")
  flags.DEFINE_string("bucket", "", "With the data; mounted as staged/.")
  flags.DEFINE_string("service_account", "", "That may use the buckets.")
  flags.DEFINE_integer("restarts", 100, "At most so many.", 0)
  flags.DEFINE_bool("spot", False, "Nodes that may be taken away.")


def main() -> None:
  """Checks the flags and prints the JobSet as JSON, which kubectl reads."""
  given = flags.FLAGS
  for name, example in (
    ("name", "minilm"),
    ("image", "REGISTRY/gigapair"),
    ("accelerator", ACCELERATORS[0]),
    ("topology", "2x2x4"),
    ("workdir", "gs://BUCKET/RUN"),
  ):
    program.require(given[name].value, name, example)
  _check(given.name, given.accelerator, given.topology, given.workdir)
  training = program.arguments()
  if not training:
    raise program.BadInput(
      "the flags of launch.train are missing; give them behind --, as in -- "
      "--config=launch/configs/all_minilm_l6.py"
    )
  job = Job(
    given.name,
    given.image,
    ["python", "-m", "launch.train", f"--workdir={given.workdir}", *training],
    Slice(given.accelerator, given.topology),
    given.restarts,
    given.bucket,
    given.service_account,
    given.spot,
  )
  print(json.dumps(jobset(job), indent=2))


def _check(name: str, accelerator: str, topology: str, workdir: str) -> None:
  """Refuses what GKE would, or what would be lost."""
  if not re.fullmatch(r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?", name):
    raise program.BadInput(
      f"--name={name} is no name of a JobSet; wanted at most 40 small letters, "
      "digits and dashes, as in --name=minilm"
    )
  if accelerator not in ACCELERATORS:
    raise program.BadInput(
      f"--accelerator={accelerator} is none of GKE's; wanted one of "
      f"{', '.join(ACCELERATORS)} (v2 and v3: see launch/tpu_run.sh)"
    )
  if not re.fullmatch(r"[1-9]\d*(x[1-9]\d*){1,2}", topology):
    raise program.BadInput(
      f"--topology={topology} is no topology; wanted as in --topology=4x4, or "
      "--topology=2x2x4 for v4 and v5p"
    )
  if not workdir.startswith("gs://"):
    raise program.BadInput(
      f"--workdir={workdir} would be lost with the pods; give a folder of a "
      "bucket, as in --workdir=gs://BUCKET/RUN"
    )


def jobset(job: Job) -> dict[str, Any]:
  """The manifest of a job.

  Args:
    job: what is run.

  Returns:
    A JobSet as Kubernetes takes it.
  """
  # One job takes the whole of one slice, which is a pool of nodes.
  exclusive = "alpha.jobset.sigs.k8s.io/exclusive-topology"
  return {
    "apiVersion": "jobset.x-k8s.io/v1alpha2",
    "kind": "JobSet",
    "metadata": {
      "name": job.name,
      "annotations": {exclusive: "cloud.google.com/gke-nodepool"},
    },
    "spec": {
      "network": {"enableDNSHostnames": True, "publishNotReadyAddresses": True},
      "failurePolicy": {
        "maxRestarts": job.restarts,
        "rules": [
          {
            "name": "final",
            "action": "FailJobSet",
            "onJobFailureReasons": ["PodFailurePolicy"],
          }
        ],
      },
      "replicatedJobs": [
        {"name": "slice", "replicas": 1, "template": {"spec": _job(job)}}
      ],
    },
  }


def _job(job: Job) -> dict[str, Any]:
  """A pod for each host; one that fails is the end of this start."""
  final = {
    "action": "FailJob",
    "onExitCodes": {
      "containerName": "train",
      "operator": "In",
      "values": list(_FINAL),
    },
  }
  pod: dict[str, Any] = {"spec": _pod(job)}
  if job.bucket:
    pod["metadata"] = {"annotations": {"gke-gcsfuse/volumes": "true"}}
  return {
    "parallelism": job.slice.hosts,
    "completions": job.slice.hosts,
    "completionMode": "Indexed",
    "backoffLimit": 0,
    "podFailurePolicy": {"rules": [final]},
    "template": pod,
  }


def _pod(job: Job) -> dict[str, Any]:
  """What runs on a host."""
  config: Any = default.get_config()
  selector = {
    "cloud.google.com/gke-tpu-accelerator": job.slice.accelerator,
    "cloud.google.com/gke-tpu-topology": job.slice.topology,
  }
  if job.spot:
    selector["cloud.google.com/gke-spot"] = "true"
  pod: dict[str, Any] = {
    "restartPolicy": "Never",
    "terminationGracePeriodSeconds": math.ceil(config.hosts.grace_s)
    + _GRACE_MORE_S,
    "nodeSelector": selector,
    "containers": [_container(job)],
  }
  if job.service_account:
    pod["serviceAccountName"] = job.service_account
  if job.bucket:
    driver = {
      "driver": "gcsfuse.csi.storage.gke.io",
      "readOnly": True,
      "volumeAttributes": {
        "bucketName": job.bucket,
        "mountOptions": "implicit-dirs",
      },
    }
    pod["volumes"] = [{"name": "staged", "csi": driver}]
  return pod


def _container(job: Job) -> dict[str, Any]:
  """launch.train on all chips of a host."""
  chips = {"google.com/tpu": job.slice.chips // job.slice.hosts}
  container: dict[str, Any] = {
    "name": "train",
    "image": job.image,
    "command": job.command,
    "ports": [{"containerPort": port} for port in (_TPU_PORT, _JAX_PORT)],
    "resources": {"requests": chips, "limits": chips},
  }
  if job.bucket:
    container["volumeMounts"] = [
      {"name": "staged", "mountPath": "/gigapair/staged", "readOnly": True}
    ]
  return container


if __name__ == "__main__":
  define_flags()
  program.run(main, words=True)
