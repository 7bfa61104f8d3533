"""Task runners: where a flow wants a script to run, and what that means on this machine.

There is one real runner here, the process. Every other type is accepted with its properties; the script then runs as a
process too, and one WARN line says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict

from tiercel.model.plugin import Plugin

_PLUGIN = "io.kestra.plugin."
PROCESS = _PLUGIN + "core.runner.Process"
DOCKER = _PLUGIN + "scripts.runner.docker.Docker"


class TaskRunner(Plugin):
    """Base of the task runners."""

    type: str
    """The runner's type name."""
    version: str | None = None
    """Accepted for flows that have it; there is one version of each plugin."""

    is_process: ClassVar[bool] = False
    """Whether the flow asked for what happens here anyway."""


class Process(TaskRunner):
    """Run the commands as a child process of this machine, in the task's working directory."""

    is_process: ClassVar[bool] = True


class Docker(TaskRunner):
    """Run the commands in a container; without a container engine they run as a process of this machine."""

    image: str | None = None
    """The image, in the deprecated `docker` property of a task."""
    host: str | None = None
    """The address of the Docker daemon."""
    config: str | dict[str, Any] | None = None
    """The configuration of registries, in the form of Docker's `config.json`."""
    credentials: str | dict[str, Any] | None = None
    """The credentials for the registry that holds the image."""
    user: str | None = None
    """The user inside the container."""
    entry_point: str | list[str] | None = None
    """The entry point; the image's own is not used."""
    extra_hosts: str | list[str] | None = None
    """Host names added to the container, each with its address."""
    network_mode: str | None = None
    """The network of the container."""
    port_bindings: str | list[str] | None = None
    """Ports of the container that are published."""
    volumes: str | list[str] | None = None
    """Volumes that are mounted."""
    pull_policy: str | None = None
    """When the image is pulled: IF_NOT_PRESENT, ALWAYS or NEVER."""
    device_requests: str | list[Any] | None = None
    """Devices given to the container, such as GPUs."""
    cpu: str | dict[str, Any] | None = None
    """The limit of processor time."""
    memory: str | dict[str, Any] | None = None
    """The limits of memory."""
    shm_size: str | int | None = None
    """The size of `/dev/shm`."""
    privileged: bool | str | None = None
    """Whether the container gets the host's rights."""
    file_handling_strategy: str = "VOLUME"
    """How files get into the container and back."""
    delete: bool | str = True
    """Whether the container is removed afterwards."""
    wait: bool | str = True
    """Whether the task waits for the container's end."""
    kill_grace_period: str | int | float | None = None
    """How long a container that is stopped may take to end by itself."""
    resume: bool | str = True
    """Whether a container that still runs is found again after a restart."""


class RemoteRunner(TaskRunner):
    """Run the commands on a service that is not used from here; its properties are accepted as they are."""

    model_config = ConfigDict(extra="allow")


RUNNERS: dict[str, type[TaskRunner]] = {
    PROCESS: Process,
    DOCKER: Docker,
    **{
        f"{_PLUGIN}{name}": RemoteRunner
        for name in (
            "ee.gcp.runner.CloudRun",
            "ee.gcp.runner.Batch",
            "ee.aws.runner.Batch",
            "ee.aws.runner.Ec2",
            "ee.azure.runner.Batch",
            "ee.kubernetes.runner.Kubernetes",
            "cloud.runner.Cloud",
        )
    },
}
"""The runner types by canonical name."""

ALIASES: dict[str, str] = {
    "io.kestra.core.models.tasks.runners.types.ProcessTaskRunner": PROCESS,
    "io.kestra.core.models.tasks.runners.ProcessTaskRunner": PROCESS,
    **{
        _PLUGIN + old: _PLUGIN + new
        for old, new in {
            "core.runner.ProcessTaskRunner": "core.runner.Process",
            "scripts.runner.docker.DockerTaskRunner": "scripts.runner.docker.Docker",
            "gcp.runner.CloudRun": "ee.gcp.runner.CloudRun",
            "gcp.runner.GcpCloudRunTaskRunner": "ee.gcp.runner.CloudRun",
            "gcp.runner.Batch": "ee.gcp.runner.Batch",
            "gcp.runner.GcpBatchTaskRunner": "ee.gcp.runner.Batch",
            "gcp.runner.GcpBatchScriptRunner": "ee.gcp.runner.Batch",
            "aws.runner.Batch": "ee.aws.runner.Batch",
            "aws.runner.AwsBatchTaskRunner": "ee.aws.runner.Batch",
            "azure.runner.Batch": "ee.azure.runner.Batch",
            "azure.runner.AzureBatchTaskRunner": "ee.azure.runner.Batch",
            "kubernetes.runner.Kubernetes": "ee.kubernetes.runner.Kubernetes",
            "kubernetes.runner.KubernetesTaskRunner": "ee.kubernetes.runner.Kubernetes",
        }.items()
    },
}
"""Older names of the runner types."""


def canonical(name: str) -> str | None:
    """Return the canonical name of a runner type, written with or without `io.kestra.plugin.`; None when unknown."""
    for written in (name, _PLUGIN + name):
        found = ALIASES.get(written, written)
        if found in RUNNERS:
            return found
    return None


def _runner(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    name = value.get("type")
    if not isinstance(name, str):
        raise ValueError(f"a task runner needs a 'type', such as '{PROCESS}'")
    found = canonical(name)
    if found is None:
        near = difflib.get_close_matches(name, RUNNERS, 1, 0.0)[0]
        raise ValueError(f"the task runner type '{name}' is unknown; nearest is '{near}'")
    return RUNNERS[found].model_validate(value)


def _docker(value: object) -> object:
    return Docker.model_validate({"type": DOCKER, **value}) if isinstance(value, Mapping) else value


AnyRunner = Annotated[TaskRunner, BeforeValidator(_runner)]
"""A task runner written as a map with a `type`."""
OldDocker = Annotated[Docker, BeforeValidator(_docker)]
"""The deprecated `docker` property: the Docker runner's properties and `image`, without a `type`."""
