"""Starting a flow, replaying an execution, resuming one: each is a form of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.errors import ConflictError, InputError
from tiercel.ui.acting import label_list
from tiercel.ui.asking import address, with_query
from tiercel.ui.inputforms import NEVER_SHOWN, fields, given_of, prefilled
from tiercel.ui.pages.flow import crumbs
from tiercel.ui.visit import Moved, Shown, Visit, ui

Form = Sequence[tuple[str, str]]


def show(visit: Visit) -> Shown | Moved:
    """Show the form by which a flow is executed; execute it when it is sent."""
    name = visit.path["namespace"], visit.path["id"]
    posted, revision = visit.request.method == "POST", visit.given("revision")
    checking = with_query(address("/executions/{}/{}/validate", *name), {"revision": revision})
    types = _types(visit.api.send_form(checking, []))
    given, files = given_of(visit.request, types) if posted else (_first(visit, types), [])
    trouble: list[tuple[str, str]] = []
    if posted:
        try:
            started = visit.api.send_form(
                with_query(address("/executions/{}/{}", *name), _creation(visit, revision)), given, files
            )
            return Moved(ui("/executions/{}/{}/{}", *name, started["id"]))
        except (InputError, ConflictError) as error:
            trouble = getattr(error, "violations", None) or [("", str(error))]
    said = visit.api.send_form(checking, given)
    values = {
        **_values(visit, said, given, trouble),
        "action": visit.here(),
        "button": "Execute",
        "creating": True,
        "name": name,
        "revision": revision,
        "validate": ["executions", *name, "validate"],
        "curl": _curl(visit, name, types),
    }
    above = (*crumbs(name[0]), (name[1], ui("/flows/edit/{}/{}", *name)))
    return Shown("execute", f"Execute {name[1]}", values, above, "flows", status=422 if trouble else 200)


def _types(said: Mapping[str, Any]) -> dict[str, str]:
    return {str(report["input"]["id"]): str(report["input"]["type"]) for report in said["inputs"]}


def _first(visit: Visit, types: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what the form begins with: the inputs of an earlier execution, those of the address (`?inputs.name=`)."""
    found: dict[str, str] = {}
    if visit.given("execution"):
        earlier = visit.api.get("/executions/{}", visit.given("execution"))
        found.update(prefilled(earlier.get("inputs", {})))
    for name, value in visit.request.args.items():
        if name.startswith("inputs."):
            found[name.removeprefix("inputs.")] = value
    return [(name, value) for name, value in found.items() if types.get(name, "FILE") not in NEVER_SHOWN]


def _values(visit: Visit, said: Mapping[str, Any], given: Form, trouble: Sequence[tuple[str, str]]) -> dict[str, Any]:
    shown = fields(said["inputs"], dict(given), complain=visit.request.method == "POST")
    known = {field.id for field in shown}
    return {
        "fields": shown,
        "trouble": [(path, text) for path, text in trouble if path not in known],
        "checks": said["checks"],
        "form": visit.request.form,
    }


def _creation(visit: Visit, revision: str) -> list[tuple[str, object]]:
    """Return the query of a new execution: its labels, when it is to begin, and on which revision."""
    form = visit.request.form
    labels = [("labels", f"{each['key']}:{each['value']}") for each in label_list(form.get("_labels", ""))]
    date = form.get("_schedule", "")
    return [*labels, ("scheduleDate", f"{date}Z" if date else ""), ("revision", revision)]


def _curl(visit: Visit, name: tuple[str, str], types: Mapping[str, str]) -> str:
    """Return the command that does the same."""
    url = f"{visit.api.site.url.rstrip('/')}/api/v1/main{address('/executions/{}/{}', *name)}"
    parts = [f"-F '{each}={'@FILE' if kind == 'FILE' else '...'}'" for each, kind in types.items()]
    return " \\\n  ".join([f"curl -X POST '{url}'", *parts])


def resume(visit: Visit) -> Shown | Moved:
    """Show the form that a paused execution waits for; let it go on when it is sent."""
    verb = "/executions/{}/actions/resume"
    return _verb(visit, verb, f"{verb}/validate", "Resume")


def replay(visit: Visit) -> Shown | Moved:
    """Show the form by which an execution is replayed, filled in as it was; replay it when it is sent."""
    return _verb(visit, "/executions/{}/actions/replay-with-inputs", "", "Replay")


def _verb(visit: Visit, verb: str, validate: str, text: str) -> Shown | Moved:
    """Show a form for an execution that is there; send it to a verb."""
    execution = visit.api.get("/executions/{}", visit.path["id"])
    flow, posted = (execution["namespace"], execution["flowId"]), visit.request.method == "POST"
    flow_checks = with_query(
        address("/executions/{}/{}/validate", *flow), {"revision": visit.given("revision") or execution["flowRevision"]}
    )
    checking = address(validate, execution["id"]) if validate else flow_checks
    types = _types(visit.api.send_form(checking, []))
    earlier = [] if validate else prefilled(execution.get("inputs", {}))
    first = [(name, value) for name, value in earlier if types.get(name, "FILE") not in NEVER_SHOWN]
    given, files = given_of(visit.request, types) if posted else (first, [])
    trouble: list[tuple[str, str]] = []
    if posted:
        query = {each: visit.given(each) for each in ("taskRunId", "revision")}
        try:
            after = visit.api.send_form(with_query(address(verb, execution["id"]), query), given, files)
            return Moved(ui("/executions/{}/{}/{}", after["namespace"], after["flowId"], after["id"]))
        except (InputError, ConflictError) as error:
            trouble = getattr(error, "violations", None) or [("", str(error))]
    values = {
        **_values(visit, visit.api.send_form(checking, given), given, trouble),
        "action": visit.here(),
        "button": text,
        "creating": False,
        "name": flow,
        "revision": "",
        "validate": checking.partition("?")[0].strip("/").split("/"),
        "curl": "",
    }
    page = ui("/executions/{}/{}/{}", *flow, execution["id"])
    above = (("Executions", "/ui/executions"), (flow[1], ui("/flows/edit/{}/{}", *flow)), (execution["id"], page))
    return Shown("execute", text, values, above, "executions", status=422 if trouble else 200)
