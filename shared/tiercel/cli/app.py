"""The table of commands."""

from __future__ import annotations

import click

from tiercel import __version__
from tiercel.cli.lazy import LazyGroup

_HERE = "tiercel.cli."

COMMANDS = {
    "run": (f"{_HERE}run:run", "Run a flow and wait for its end."),
    "validate": (f"{_HERE}validate:validate", "Check flow files; nothing is stored."),
    "test": (f"{_HERE}test:test", "Run the tests of flows."),
    "apply": (f"{_HERE}apply:apply", "Bring a store, a server or a project to what a folder of flows says."),
    "executions": (f"{_HERE}executions:executions", "Look at executions, and act on them."),
    "flows": (f"{_HERE}flows:flows", "Look at the flows of a store."),
    "files": (f"{_HERE}files:files", "Read files of the internal storage."),
    "render": (f"{_HERE}render:render", "Render an expression as an execution sees it."),
    "server": (f"{_HERE}server:server", "Serve the REST API, webhooks and schedules."),
    "emulate": (f"{_HERE}emulate:emulate", "Start Google's emulators and the functions on this machine."),
    "recover": (f"{_HERE}recover:recover", "Finish what processes that died have left."),
    "plugins": (f"{_HERE}plugins:plugins", "List the task types and their properties."),
    "completion": (f"{_HERE}completion:completion", "Print the completion script for a shell."),
}


@click.group(cls=LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tiercel", message="%(prog)s %(version)s")
def cli() -> None:
    """Tiercel runs Kestra's flows without a server.

    \b
    tiercel run flow.yaml                    run a flow and wait for its end
    tiercel run flow.yaml --input name=Ada   with an input
    tiercel executions list                  what has run so far

    Executions, flows and files are kept in ~/.tiercel, or where --store or TIERCEL_STORE says.
    """
