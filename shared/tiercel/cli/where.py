"""Where a command looks and acts: a folder of this machine, an emulation, or a project on Google Cloud."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

LOCAL, EMULATORS, GCP = "local", "emulators", "gcp"


@dataclass(frozen=True)
class Where:
    """What `--on` and `--store` say."""

    on: str = LOCAL
    folder: Path | None = None
    """The store's folder; None for the default one. Only on this machine."""

    @property
    def option(self) -> str:
        """The option that names the same place again, for a command that is shown to people."""
        return f"--store {self.folder}" if self.on == LOCAL else f"--on {self.on}"


def store_option(command: F) -> F:
    """Add `--on` and `--store`; the command gets both as its `store`."""
    on = click.option(
        "--on",
        type=click.Choice([LOCAL, EMULATORS, GCP]),
        default=LOCAL,
        envvar="TIERCEL_ON",
        show_envvar=True,
        show_default=True,
        is_eager=True,
        expose_value=False,
        callback=_note,
        help="Where the engine is: this machine, `tiercel emulate`, or Google Cloud.",
    )
    store = click.option(
        "--store",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="TIERCEL_STORE",
        show_envvar=True,
        metavar="DIR",
        callback=_where,
        help="Where flows, executions, files and keys live on this machine.  [default: ~/.tiercel]",
    )
    return store(on(command))


_META = "tiercel.on"


def _note(context: click.Context, _: click.Parameter, value: str) -> None:
    context.meta[_META] = value


def _where(context: click.Context, parameter: click.Parameter, value: Path | None) -> Where:
    on = str(context.meta.get(_META, LOCAL))
    given = context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
    if on != LOCAL and given:
        click.echo(f"--store {value} is not used with --on {on}: everything lies in its services", err=True)
    return Where(on, value)
