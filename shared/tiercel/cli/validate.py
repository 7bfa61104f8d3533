"""`tiercel validate`: everything that is wrong with flow files, and what is out of date in them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli.failures import warn
from tiercel.cli.options import output_option
from tiercel.cli.sources import read_flows
from tiercel.errors import FlowError, Problem

if TYPE_CHECKING:
    from tiercel.model.flow import Flow


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@output_option
@click.pass_context
def validate(ctx: click.Context, paths: tuple[str, ...], output: str) -> None:
    """Check flow files; a folder stands for every .yaml and .yml file below it, - for the standard input.

    Exit code 0 if every flow is valid, else 1. What is deprecated is a notice, no error.
    """
    found = [document for path in paths for document in _checked(path)]
    if output == "json":
        from tiercel.cli.outcome import print_json

        print_json(found)
    for document in found:
        _say(document, silent=output == "json")
    ctx.exit(0 if all(document["valid"] for document in found) else 1)


def _checked(path: str) -> list[dict[str, Any]]:
    return [
        _refused(name, each.problems) if isinstance(each, FlowError) else _accepted(name, each)
        for name, each in read_flows(path)
    ]


def _refused(file: str, problems: list[Problem]) -> dict[str, Any]:
    return {"file": file, "valid": False, "problems": [asdict(problem) for problem in problems], "notices": []}


def _accepted(file: str, flow: Flow) -> dict[str, Any]:
    notices = [asdict(notice) for notice in flow.notices]
    return {
        "file": file,
        "valid": True,
        "namespace": flow.namespace,
        "id": flow.id,
        "problems": [],
        "notices": notices,
    }


def _say(document: dict[str, Any], *, silent: bool) -> None:
    """Write one document's problems and notices to the standard error, and that it is valid to the standard output."""
    for problem in document["problems"]:
        click.echo(_placed(document["file"], Problem(**problem)), err=True)
    for notice in document["notices"]:
        warn("notice", _placed(document["file"], Problem(**notice)), "yellow")
    if document["valid"] and not silent:
        click.echo(f"{document['file']}: {document['namespace']}.{document['id']} is valid")


def _placed(file: str, problem: Problem) -> str:
    """Return `file:line:column: path: message`."""
    return f"{file}:{'' if problem.line is not None else ' '}{problem}"
