"""Command-line programs with their credentials in the environment (plugin specification, 11.1).

Each is the shell task with another image; here, without containers, the program must be on PATH.
"""

from __future__ import annotations

import shutil
from typing import ClassVar, Literal

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.tasks.scripts import base
from tiercel.tasks.scripts.room import Room


class Wrapper(base.Commands):
    """Commands of one program."""

    program: ClassVar[str] = ""
    """The program that the commands are of."""

    def commands_of(self, room: Room) -> list[str]:
        """Return the commands.

        Raises:
            TaskError: The program is not installed, and no `beforeCommands` might install it.
        """
        if not self.before_commands and shutil.which(self.program, path=room.env.get("PATH")) is None:
            raise TaskError(
                f"the program '{self.program}' is not installed on this machine, and the image "
                f"'{self.wanted_image or self.default_image}' that has it needs a container runner; install it, or do "
                "so in beforeCommands",
                retryable=False,
            )
        return super().commands_of(room)

    def prepare(self, room: Room) -> None:
        """Put the credentials into the environment; what `env` says goes before."""
        own = self.variables()
        room.env |= {name: text for name, text in own.items() if text is not None and name not in self._named(room)}

    def variables(self) -> dict[str, str | None]:
        """Return the variables that the properties stand for."""
        return {}

    def _named(self, room: Room) -> set[str]:
        return {room.ctx.render(name, room.variables) for name in self.env} if isinstance(self.env, dict) else set()


class TerraformCLI(Wrapper):
    """Run commands of Terraform."""

    default_image: ClassVar[str] = "hashicorp/terraform"
    program: ClassVar[str] = "terraform"


class AwsCLI(Wrapper):
    """Run commands of the AWS command line."""

    default_image: ClassVar[str] = "amazon/aws-cli"
    program: ClassVar[str] = "aws"

    access_key_id: Rendered[str | None] = None
    """The key's name, as `AWS_ACCESS_KEY_ID`."""
    secret_key_id: Rendered[str | None] = Field(None, repr=False)
    """The key, as `AWS_SECRET_ACCESS_KEY`."""
    session_token: Rendered[str | None] = Field(None, repr=False)
    """The token of a session, as `AWS_SESSION_TOKEN`."""
    region: Rendered[str | None] = None
    """The region, as `AWS_DEFAULT_REGION`."""
    output_format: Rendered[Literal["JSON", "TABLE", "TEXT", "YAML"]] = "JSON"
    """The form of what is printed, as `AWS_DEFAULT_OUTPUT`."""
    endpoint_override: Rendered[str | None] = None
    """The address of the services, as `AWS_ENDPOINT_URL`."""

    def variables(self) -> dict[str, str | None]:
        """Return the variables that the properties stand for."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_key_id,
            "AWS_SESSION_TOKEN": self.session_token,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_DEFAULT_OUTPUT": self.output_format.lower(),
            "AWS_ENDPOINT_URL": self.endpoint_override,
        }


class ModalCLI(Wrapper):
    """Run commands of Modal."""

    default_image: ClassVar[str] = "ghcr.io/kestra-io/modal"
    program: ClassVar[str] = "modal"


class CloudQueryCLI(Wrapper):
    """Run commands of CloudQuery."""

    default_image: ClassVar[str] = "ghcr.io/cloudquery/cloudquery"
    program: ClassVar[str] = "cloudquery"


class SQLMeshCLI(Wrapper):
    """Run commands of SQLMesh."""

    default_image: ClassVar[str] = "ghcr.io/kestra-io/sqlmesh"
    program: ClassVar[str] = "sqlmesh"
