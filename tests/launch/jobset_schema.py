"""The fields of a JobSet that ours may have, as their references give them.

https://jobset.sigs.k8s.io/docs/reference/jobset.v1alpha2, and for what stands
within it https://kubernetes.io/docs/reference/kubernetes-api (batch/v1 Job, v1
Pod). A field that is not here, or is of another type, is an error.
"""

from typing import Annotated, Literal

import msgspec

# Of labels, containers, volumes: RFC 1123.
Name = Annotated[
  str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]
Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Strict(
  msgspec.Struct, forbid_unknown_fields=True, kw_only=True, frozen=True
):
  """An object that has these fields and no others."""


class Metadata(Strict):
  """ObjectMeta."""

  name: Name | None = None
  annotations: dict[str, str] = {}
  labels: dict[str, str] = {}


class Quantities(Strict):
  """ResourceRequirements."""

  requests: dict[str, int | str] = {}
  limits: dict[str, int | str] = {}


class ContainerPort(Strict):
  """ContainerPort."""

  containerPort: Port


class VolumeMount(Strict):
  """VolumeMount."""

  name: Name
  mountPath: str
  readOnly: bool = False


class Container(Strict):
  """Container."""

  name: Name
  image: str
  command: list[str] = []
  args: list[str] = []
  ports: list[ContainerPort] = []
  resources: Quantities = Quantities()
  volumeMounts: list[VolumeMount] = []


class Driver(Strict):
  """CSIVolumeSource."""

  driver: str
  readOnly: bool = False
  volumeAttributes: dict[str, str] = {}


class Volume(Strict):
  """Volume."""

  name: Name
  csi: Driver


class PodSpec(Strict):
  """PodSpec."""

  containers: Annotated[list[Container], msgspec.Meta(min_length=1)]
  # A Job takes no other two, and a podFailurePolicy the first alone.
  restartPolicy: Literal["Never"]
  nodeSelector: dict[str, str] = {}
  serviceAccountName: Name | None = None
  terminationGracePeriodSeconds: Count = 30
  volumes: list[Volume] = []


class PodTemplate(Strict):
  """PodTemplateSpec."""

  spec: PodSpec
  metadata: Metadata = Metadata()


class OnExitCodes(Strict):
  """PodFailurePolicyOnExitCodesRequirement."""

  operator: Literal["In", "NotIn"]
  values: Annotated[list[int], msgspec.Meta(min_length=1, max_length=255)]
  containerName: Name | None = None


class PodFailureRule(Strict):
  """PodFailurePolicyRule."""

  action: Literal["FailJob", "FailIndex", "Ignore", "Count"]
  onExitCodes: OnExitCodes


class PodFailurePolicy(Strict):
  """PodFailurePolicy."""

  rules: Annotated[list[PodFailureRule], msgspec.Meta(max_length=20)]


class JobSpec(Strict):
  """JobSpec."""

  template: PodTemplate
  parallelism: Count = 1
  completions: Count = 1
  completionMode: Literal["NonIndexed", "Indexed"] = "NonIndexed"
  backoffLimit: Count = 6
  podFailurePolicy: PodFailurePolicy | None = None


class JobTemplate(Strict):
  """JobTemplateSpec."""

  spec: JobSpec
  metadata: Metadata = Metadata()


class ReplicatedJob(Strict):
  """ReplicatedJob."""

  name: Name
  template: JobTemplate
  replicas: Count = 1


class FailureRule(Strict):
  """FailurePolicyRule."""

  name: Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
  ]
  action: Literal[
    "FailJobSet", "RestartJobSet", "RestartJobSetAndIgnoreMaxRestarts"
  ]
  onJobFailureReasons: list[
    Literal[
      "BackoffLimitExceeded",
      "DeadlineExceeded",
      "FailedIndexes",
      "MaxFailedIndexesExceeded",
      "PodFailurePolicy",
    ]
  ] = []
  targetReplicatedJobs: list[Name] = []


class FailurePolicy(Strict):
  """FailurePolicy."""

  maxRestarts: Count = 0
  restartStrategy: Literal["Recreate", "BlockingRecreate"] = "Recreate"
  rules: Annotated[list[FailureRule], msgspec.Meta(max_length=20)] = []


class Network(Strict):
  """Network."""

  enableDNSHostnames: bool = True
  publishNotReadyAddresses: bool = True
  subdomain: Name | None = None


class Spec(Strict):
  """JobSetSpec."""

  replicatedJobs: list[ReplicatedJob]
  network: Network = Network()
  failurePolicy: FailurePolicy | None = None


class JobSet(Strict):
  """JobSet."""

  apiVersion: Literal["jobset.x-k8s.io/v1alpha2"]
  kind: Literal["JobSet"]
  metadata: Metadata
  spec: Spec
