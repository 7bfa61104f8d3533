"""`tiercel executions list` and `logs`."""

from __future__ import annotations

from typing import Any

import click

from tiercel.cli.looks import colour_of, level_colour, say
from tiercel.cli.options import output_option
from tiercel.cli.outcome import print_json
from tiercel.cli.progress import one_line_each, seconds_text
from tiercel.cli.stores import reading
from tiercel.cli.where import Where, store_option
from tiercel.model.execution import Execution, decode_execution
from tiercel.model.states import Level, State


@click.command("list")
@click.option("--flow", metavar="ID", help="Only those of this flow.")
@click.option("--namespace", metavar="NAME", help="Only those of this namespace.")
@click.option(
    "--state", "states", type=click.Choice([str(state) for state in State]), multiple=True, help="Only those."
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@store_option
@output_option
def list_executions(
    flow: str | None, namespace: str | None, states: tuple[str, ...], limit: int, store: Where, output: str
) -> None:
    """List executions, the newest first."""
    with reading(store) as runtime:
        found = runtime.store.query(
            "execution", namespace=namespace, flow_id=flow, states=states, newest_first=True, limit=limit
        )
    headers = [decode_execution(stored.body) for stored in found]
    if output == "json":
        print_json([_brief(header) for header in headers])
        return
    if not headers:
        click.echo("no executions", err=True)
    width = max((len(f"{header.namespace}.{header.flow_id}") for header in headers), default=0)
    for header in headers:
        _say(header, width)


def _say(header: Execution, width: int) -> None:
    from datetime import datetime

    began = datetime.fromtimestamp(header.at[0][1]).astimezone()
    took = seconds_text(header.at[-1][1] - header.at[0][1]) if header.state.is_terminal else ""
    say(
        (f"{header.id:<22}  {began:%Y-%m-%d %H:%M:%S}  ", ""),
        (f"{header.state:<9}", colour_of(header.state)),
        (f"  {f'{header.namespace}.{header.flow_id}':<{width}}  {took}".rstrip(), ""),
    )


def _brief(header: Execution) -> dict[str, Any]:
    from tiercel.views.executions import state_view

    return {
        "id": header.id,
        "namespace": header.namespace,
        "flowId": header.flow_id,
        "flowRevision": header.revision,
        "state": state_view(header.at),
        "labels": [{"key": key, "value": value} for key, value in header.labels],
    }


@click.command()
@click.argument("execution", metavar="ID")
@click.option("--task", metavar="TASK", help="Only the lines of this task.")
@click.option(
    "--level",
    type=click.Choice([str(level) for level in Level], case_sensitive=False),
    default="INFO",
    show_default=True,
    help="The least grave level.",
)
@store_option
@output_option
def logs(execution: str, task: str | None, level: str, store: Where, output: str) -> None:
    """Print an execution's log."""
    lowest = Level(level).rank
    with reading(store) as runtime:
        header = runtime.view.header(execution)
        lines = [
            line
            for line in runtime.view.logs(header, runtime.view.runs(header, None))
            if Level(line["level"]).rank >= lowest and task in (None, line.get("taskId"))
        ]
    if output == "json":
        print_json(lines)
        return
    for line in lines:
        _say_line(line)


def _say_line(line: dict[str, Any]) -> None:
    level = Level(line["level"])
    for text in one_line_each(line["message"], cut=False):
        say(
            (f"{line['timestamp'][:23]}Z ", "dim"),
            (f"{level:<5} ", level_colour(level)),
            (f"{line.get('taskId', '')}: ".removeprefix(": "), "dim"),
            (text, ""),
        )
