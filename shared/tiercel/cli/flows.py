"""`tiercel flows`: what is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tiercel.cli.looks import say
from tiercel.cli.options import output_option
from tiercel.cli.outcome import print_json
from tiercel.cli.stores import reading
from tiercel.cli.where import Where, store_option
from tiercel.errors import NotFoundError

if TYPE_CHECKING:
    from tiercel.assembly import Parts
    from tiercel.model.flow import Flow


@click.group()
def flows() -> None:
    """Look at the flows of a store."""


@flows.command("list")
@click.option("--namespace", metavar="NAME", help="Only those of this namespace.")
@store_option
@output_option
def list_flows(namespace: str | None, store: Where, output: str) -> None:
    """List the flows, each with its latest revision."""
    with reading(store) as runtime:
        found = list(runtime.flows.all(namespace))
    if output == "json":
        names = ("namespace", "id", "revision", "disabled")
        print_json([{name: getattr(record, name) for name in names} for record in found])
        return
    if not found:
        click.echo("no flows", err=True)
    width = max((len(f"{record.namespace}.{record.id}") for record in found), default=0)
    for record in found:
        remark = ("  disabled", "yellow") if record.disabled else ("", "")
        say((f"{f'{record.namespace}.{record.id}':<{width}}", ""), (f"  revision {record.revision}", "dim"), remark)


@flows.command()
@click.argument("name", metavar="NAMESPACE.ID")
@click.option("--revision", type=click.IntRange(1), help="This revision instead of the latest.")
@store_option
@output_option
def show(name: str, revision: int | None, store: Where, output: str) -> None:
    """Print a flow's source."""
    with reading(store) as runtime:
        flow = _find(runtime, name, revision)
    if output == "json":
        about = {"namespace": flow.namespace, "id": flow.id, "revision": flow.revision}
        print_json({**about, "disabled": flow.disabled, "source": flow.source})
    else:
        click.echo(flow.source, nl=not flow.source.endswith("\n"))


def _find(runtime: Parts, name: str, revision: int | None) -> Flow:
    """Return the flow of a whole name: namespaces have dots in them, and ids may have."""
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        namespace, flow_id = ".".join(parts[:cut]), ".".join(parts[cut:])
        try:
            found = runtime.flows.latest(namespace, flow_id)
        except NotFoundError:
            continue
        return found if revision is None else runtime.flows.get(namespace, flow_id, revision)
    raise NotFoundError(f"there is no flow '{name}'{_nearest(runtime, name)}; `tiercel flows list` shows what there is")


def _nearest(runtime: Parts, name: str) -> str:
    import difflib

    known = [f"{record.namespace}.{record.id}" for record in runtime.flows.all()]
    near = difflib.get_close_matches(name, known, 1)
    return f": nearest is '{near[0]}'" if near else ""
