"""`tiercel apply`: bring an installation to what a folder of flows says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tiercel.cli.failures import say_warning
from tiercel.cli.installations import Access, Reached, reached, read_place
from tiercel.cli.looks import say
from tiercel.cli.options import output_option
from tiercel.cli.outcome import print_json
from tiercel.cli.sources import read_flows
from tiercel.cli.where import LOCAL
from tiercel.errors import FlowError

if TYPE_CHECKING:
    from tiercel.authoring.applying import Plan
    from tiercel.model.flow import Flow

REFUSED = 1
"""The exit code when a flow is refused: nothing was changed."""
_UNCHANGED = "nothing was changed"
_COLOURS = {"create": "green", "update": "yellow", "delete": "red", "unchanged": "dim"}


@click.command()
@click.argument("folder")
@click.option("--delete", is_flag=True, help="Delete flows of the folder's namespaces that are not in it.")
@click.option("--dry-run", is_flag=True, help="Only show what would be done.")
@click.option(
    "--to",
    default=LOCAL,
    envvar="TIERCEL_ON",
    show_envvar=True,
    show_default=True,
    metavar="PLACE",
    callback=read_place,
    help="local (a store), http://HOST:PORT (a server), emulators, or gcp.",
)
@click.option(
    "--store",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TIERCEL_STORE",
    show_envvar=True,
    metavar="DIR",
    help="The store on this machine.  [default: ~/.tiercel]",
)
@click.option("--user", envvar="TIERCEL_USER", show_envvar=True, help="The server's user name (HTTP Basic).")
@click.option("--password", envvar="TIERCEL_PASSWORD", show_envvar=True, help="The password that goes with it.")
@click.option("--token", envvar="TIERCEL_TOKEN", show_envvar=True, help="The server's token (Bearer).")
@output_option
@click.pass_context
def apply(
    ctx: click.Context,
    folder: str,
    delete: bool,
    dry_run: bool,
    to: str,
    store: Path | None,
    user: str | None,
    password: str | None,
    token: str | None,
    output: str,
) -> None:
    """Store every flow of FOLDER that is new or differs, after a plan of it.

    Flows are the .yaml and .yml files below the folder; tests (*.test.yaml) and folders called _files are left out.
    All of them are checked before anything is changed.

    Exit code: 0 done; 1 a flow is refused, nothing was changed; 2 the place cannot be reached.
    """
    written = _valid(folder)
    if written is None:
        ctx.exit(REFUSED)
    with reached(to, store, Access(user, password, token), only_reads=dry_run) as place:
        try:
            _apply(place, written, delete=delete, dry_run=dry_run, output=output)
        except FlowError as error:
            click.echo(str(error), err=True)
            click.echo(_UNCHANGED, err=True)
            ctx.exit(REFUSED)


def _valid(folder: str) -> list[tuple[str, Flow]] | None:
    """Return every flow with its file; None, having said all that is wrong, where one is not valid."""
    found = list(read_flows(folder))
    wrong = [each for _, each in found if isinstance(each, FlowError)]
    for error in wrong:
        click.echo(str(error), err=True)
    if wrong:
        click.echo(_UNCHANGED, err=True)
        return None
    return [(file, each) for file, each in found if not isinstance(each, FlowError)]


def _apply(place: Reached, written: list[tuple[str, Flow]], *, delete: bool, dry_run: bool, output: str) -> None:
    from tiercel.authoring.applying import make_plan

    plan = make_plan(place.flows, written, delete=delete)
    if output == "text":
        _show(plan)
    if not dry_run and not plan.is_empty:
        place.flows.change(plan.wanted, plan.gone)
    unheard = list(_unheard(place, [flow for _, flow in written]))
    if output == "json":
        left = [{"namespace": namespace, "id": flow_id} for namespace, flow_id in plan.left]
        changes = [asdict(change) for change in plan.changes]
        print_json({"changes": changes, "left": left, "applied": not dry_run, "unheard": unheard})
        return
    for each in unheard:
        trigger = f"trigger '{each['trigger']}' of {each['namespace']}.{each['flow_id']}"
        say_warning(f"{trigger} waits for the {each['kind']} '{each['name']}', which is not heard: {each['remedy']}")
    click.echo(_end(plan, dry_run=dry_run))


def _show(plan: Plan) -> None:
    """Write the plan, what is deleted first: it is what cannot be had again."""
    for change in sorted(plan.changes, key=lambda change: change.action != "delete"):
        place = f"  {change.file}" if change.file is not None else ""
        say((f"{change.action:<11}", _COLOURS[change.action]), (f"{change.namespace}.{change.id}", ""), (place, "dim"))
    if plan.left:
        names = ", ".join(".".join(name) for name in plan.left)
        click.echo(f"not in the folder, and left as they are: {names} (--delete removes them)")


def _end(plan: Plan, *, dry_run: bool) -> str:
    """Return how many flows were, or would be, changed how."""
    counts = Counter[str](change.action for change in plan.changes)
    words = {"create": "created", "update": "updated", "delete": "deleted", "unchanged": "unchanged"}
    summary = ", ".join(f"{counts[action]} {word}" for action, word in words.items() if counts[action])
    return f"would be: {summary}; nothing was changed (--dry-run)" if dry_run else summary


def _unheard(place: Reached, flows: list[Flow]) -> Iterator[dict[str, str]]:
    """Yield what flows wait for and the installation does not hear of, each with the remedy."""
    from tiercel.authoring.applying import unheard

    if place.hearing is not None:
        for each in unheard(flows, place.hearing.buckets, place.hearing.topics):
            yield {**asdict(each), "remedy": place.hearing.remedies[each.kind]}
