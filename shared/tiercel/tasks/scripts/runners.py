"""Task runners: where a flow wants a script to run, and what that means on this machine.

There is one real runner here, the process. Every other type is accepted with its properties; the script then runs as a
process too, and one WARN line says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, ConfigDict

from tiercel import registry
from tiercel.model.plugin import Plugin
from tiercel.plugin_names import PLUGINS

PROCESS = f"{registry.PREFIX}core.runner.Process"
DOCKER = f"{registry.PREFIX}scripts.runner.docker.Docker"
RUNNERS = tuple(name for name, place in PLUGINS.items() if place.startswith(f"{__name__}:"))
"""The types of task runners."""


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


def _runner(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    name = value.get("type")
    if not isinstance(name, str):
        raise ValueError(f"a task runner needs a 'type', such as '{PROCESS}'")
    known = registry.find(name)
    if known is None:
        near = registry.nearest(name, RUNNERS) or PROCESS
        raise ValueError(f"the task runner type '{name}' is unknown; nearest is '{near}'")
    plugin = known.load()
    if not issubclass(plugin, TaskRunner):
        raise ValueError(f"'{name}' is no task runner; use one, such as '{PROCESS}'")
    return plugin.model_validate(value)


def _docker(value: object) -> object:
    return Docker.model_validate({"type": DOCKER, **value}) if isinstance(value, Mapping) else value


AnyRunner = Annotated[TaskRunner, BeforeValidator(_runner)]
"""A task runner written as a map with a `type`."""
OldDocker = Annotated[Docker, BeforeValidator(_docker)]
"""The deprecated `docker` property: the Docker runner's properties and `image`, without a `type`."""
