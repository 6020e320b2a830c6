"""A JobSet has the fields that there are, and in them what was asked for."""

import json

import msgspec
import pytest

from launch.configs import default
from tests import programs
from tests.launch import jobset_schema

FLAGS = {
  "name": "minilm",
  "image": "registry/gigapair",
  "accelerator": "tpu-v4-podslice",
  "topology": "2x2x4",
  "workdir": "gs://runs/minilm",
}
TRAINING = ("--config=a.py", "--config.x=a b")


def render(run_program, *more, training=TRAINING, **changes):
  """Runs the program; flags that are None are left out."""
  given = [
    f"--{name}={value}"
    for name, value in (FLAGS | changes).items()
    if value is not None
  ]
  return run_program("launch.gke.jobset", *given, *more, "--", *training)


def read(ended):
  """The JobSet as its references have it."""
  assert ended.code == 0, ended
  return msgspec.json.decode(ended.out, type=jobset_schema.JobSet)


def test_every_host_runs_the_same_command(run_program):
  found = read(render(run_program))
  (slices,) = found.spec.replicatedJobs
  job = slices.template.spec
  (container,) = job.template.spec.containers
  assert container.command == [
    *("python", "-m", "launch.train", "--workdir=gs://runs/minilm"),
    *TRAINING,
  ]
  # A v4 slice of 16 chips is four hosts; each pod has a number, as JAX wants.
  assert (job.parallelism, job.completions) == (4, 4)
  assert job.completionMode == "Indexed"
  assert container.resources.limits == {"google.com/tpu": 4}
  assert container.resources.requests == container.resources.limits


def test_a_final_code_ends_it_and_any_other_starts_it_again(run_program):
  found = read(render(run_program, restarts=7))
  policy = found.spec.failurePolicy
  assert policy.maxRestarts == 7
  (rule,) = policy.rules
  assert rule.action == "FailJobSet"
  assert rule.onJobFailureReasons == ["PodFailurePolicy"]
  job = found.spec.replicatedJobs[0].template.spec
  assert job.backoffLimit == 0
  (final,) = job.podFailurePolicy.rules
  assert final.action == "FailJob"
  assert (final.onExitCodes.operator, final.onExitCodes.values) == (
    "In",
    [2, 3],
  )
  assert final.onExitCodes.containerName == "train"
  # A pod that is told to end has the time that launch.train takes for it.
  grace_s = job.template.spec.terminationGracePeriodSeconds
  assert grace_s > default.get_config().hosts.grace_s + 30


def test_the_data_are_mounted_and_nodes_may_be_spot(run_program):
  more = {"bucket": "texts", "service_account": "trainer"}
  found = read(render(run_program, "--spot", **more))
  pod = found.spec.replicatedJobs[0].template.spec.template
  assert pod.metadata.annotations == {"gke-gcsfuse/volumes": "true"}
  (volume,) = pod.spec.volumes
  (mount,) = pod.spec.containers[0].volumeMounts
  assert volume.name == mount.name
  assert volume.csi.volumeAttributes["bucketName"] == "texts"
  assert (mount.mountPath, mount.readOnly) == ("/gigapair/staged", True)
  assert pod.spec.serviceAccountName == "trainer"
  assert pod.spec.nodeSelector == {
    "cloud.google.com/gke-tpu-accelerator": "tpu-v4-podslice",
    "cloud.google.com/gke-tpu-topology": "2x2x4",
    "cloud.google.com/gke-spot": "true",
  }


def test_the_schema_knows_a_wrong_field(run_program):
  manifest = json.loads(render(run_program).out)
  manifest["spec"]["failurePolicy"]["maxRestart"] = 1
  with pytest.raises(msgspec.ValidationError, match="maxRestart"):
    msgspec.json.decode(json.dumps(manifest), type=jobset_schema.JobSet)


@pytest.mark.parametrize(
  ("changes", "said"),
  [
    ({"name": "Mini_LM"}, "--name=Mini_LM is no name"),
    ({"image": None}, "--image is missing"),
    ({"accelerator": "tpu-v3"}, "(v2 and v3: see launch/tpu_run.sh)"),
    ({"topology": "16"}, "--topology=16 is no topology"),
    ({"workdir": "runs/a"}, "--workdir=runs/a would be lost"),
    ({"training": ()}, "the flags of launch.train are missing"),
  ],
)
def test_a_wrong_flag_is_one_line(run_program, changes, said):
  assert said in programs.bad_input(render(run_program, **changes))
