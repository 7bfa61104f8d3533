"""An execution as text: how it ended, what it gave, why it failed, and what to type next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tiercel.cli.outcome import document, final_exit_code, print_json

if TYPE_CHECKING:
    from tiercel.runtime import Runtime


def conclude(runtime: Runtime, execution: str, output: str, *, quiet: bool = False) -> None:
    """Print an execution as it was left, and end the command with its exit code."""
    show(runtime, execution, output, quiet=quiet)
    click.get_current_context().exit(final_exit_code(runtime, runtime.view.header(execution)))


def show(runtime: Runtime, execution: str, output: str, *, quiet: bool = False) -> None:
    """Print an execution."""
    header = runtime.view.header(execution)
    if output == "json":
        print_json(document(runtime, execution))
        return
    click.echo(f"{header.id} {header.state}")
