"""Starting a flow, replaying an execution, resuming one: each is a form of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from tiercel.api.failures import UnprocessableError
from tiercel.errors import ConflictError, InputError
from tiercel.ui.acting import label_list
from tiercel.ui.asking import address, with_query
from tiercel.ui.inputforms import NEVER_SHOWN, Field, fields, given_of, prefilled
from tiercel.ui.pages.again import revisions
from tiercel.ui.pages.execution import TABS
from tiercel.ui.pages.flow import crumbs
from tiercel.ui.requestcode import Request, as_curl, as_python
from tiercel.ui.visit import Moved, Shown, Visit, ui

Form = Sequence[tuple[str, str]]


LOOK = "look"
"""What `_do` says where the form is only to be shown anew: for another revision, or with the request written out."""


def show(visit: Visit) -> Shown | Moved:
    """Show the form by which a flow is executed; execute it when it is sent."""
    name, revision = (visit.path["namespace"], visit.path["id"]), _revision(visit)
    query = _creation(visit, revision)
    checking = with_query(address("/executions/{}/{}/validate", *name), {"revision": revision})
    made = _form(visit, checking, with_query(address("/executions/{}/{}", *name), query), _begun(visit))
    if isinstance(made, Moved):
        return made
    values = {
        **made,
        "button": "Execute",
        "creating": True,
        "name": name,
        "revision": revision,
        "same": "",
        "code": _code(visit, made["fields"], query),
    }
    above = (*crumbs(name[0]), (name[1], ui("/flows/edit/{}/{}", *name)))
    return Shown("execute", f"Execute {name[1]}", values, above, "flows", status=made["status"])


def _revision(visit: Visit) -> str:
    """Return the revision that is to be executed; empty for the latest."""
    given = visit.request.form.get("_revision", visit.given("revision")).strip()
    if given and not (given.isascii() and given.isdecimal()):
        raise UnprocessableError(f"revision is '{given}', wanted a whole number, or nothing for the latest")
    return given


def resume(visit: Visit) -> Shown | Moved:
    """Show the form that a paused execution waits for; let it go on when it is sent."""
    verb = address("/executions/{}/actions/resume", visit.path["id"])
    return _verb(visit, f"{verb}/validate", verb, "Resume")


def replay(visit: Visit) -> Shown | Moved:
    """Show the form by which an execution is replayed, filled in as it was; replay it when it is sent."""
    execution = visit.api.get("/executions/{}", visit.path["id"])
    query = {each: visit.given(each) for each in ("taskRunId", "revision")}
    flow, revision = (execution["namespace"], execution["flowId"]), query["revision"] or execution["flowRevision"]
    checking = with_query(address("/executions/{}/{}/validate", *flow), {"revision": revision})
    verb = address("/executions/{}/actions/replay", execution["id"])
    sending = with_query(f"{verb}-with-inputs", query)
    shown = _verb(visit, checking, sending, "Replay", prefilled(execution.get("inputs", {})), with_query(verb, query))
    if isinstance(shown, Moved):
        return shown
    run = next((each for each in execution["taskRunList"] if each["id"] == query["taskRunId"]), None)
    choice = {
        "run": run,
        "revisions": revisions(visit, execution),
        "own": execution["flowRevision"],
        "now": int(revision),
    }
    return replace(shown, values={**shown.values, "choice": choice})


def _verb(visit: Visit, checking: str, sending: str, text: str, first: Form = (), same: str = "") -> Shown | Moved:
    """Show a form for an execution that is there; `same` does without the form."""
    made = _form(visit, checking, sending, first)
    if isinstance(made, Moved):
        return made
    name = visit.path["namespace"], visit.path["flowId"]
    page = ui("/executions/{}/{}/{}", *name, visit.path["id"])
    values = {**made, "button": text, "creating": False, "name": name, "revision": "", "same": same, "code": ()}
    above = (("Executions", "/ui/executions"), (name[1], ui("/flows/edit/{}/{}", *name)), (visit.path["id"], page))
    return Shown("execute", text, values, above, "executions", status=made["status"])


def _form(visit: Visit, checking: str, sending: str, first: Form) -> dict[str, Any] | Moved:
    """Return what a form of inputs shows; when it is sent and nothing is wrong, lead to the execution.

    Args:
        visit: The visit.
        checking: The address below the API's that says what would become of the inputs.
        sending: The address to which they go.
        first: What the form begins with.
    """
    posted = visit.request.method == "POST"
    sent = posted and visit.request.form.get("_do") != LOOK
    types = {str(each["input"]["id"]): str(each["input"]["type"]) for each in _said(visit, checking, [])["inputs"]}
    shown = [(name, value) for name, value in first if types.get(name, "FILE") not in NEVER_SHOWN]
    given, files = given_of(visit.request, types) if posted else (shown, [])
    trouble: list[tuple[str, str]] = []
    if sent:
        try:
            return Moved(_page_of(visit, visit.api.send_form(sending, given, files)))
        except (InputError, ConflictError) as error:
            trouble = list(getattr(error, "violations", ())) or [("", str(error))]
    said = _said(visit, checking, given)
    return {
        "fields": fields(said["inputs"], dict(given), complain=sent),
        "trouble": [(path, text) for path, text in trouble if path not in types],
        "checks": said["checks"],
        "form": visit.request.form,
        "action": visit.here(),
        "validate": [unquote(part) for part in checking.partition("?")[0].strip("/").split("/")],
        "status": 422 if trouble else 200,
    }


def _page_of(visit: Visit, execution: dict[str, Any]) -> str:
    """Return the page of an execution that was started: the tab that the browser's settings want."""
    name, tab = (execution["namespace"], execution["flowId"], execution["id"]), visit.request.form.get("_tab", "")
    known = tab in {each for each, _ in TABS} and tab != TABS[0][0]
    return ui("/executions/{}/{}/{}/{}", *name, tab) if known else ui("/executions/{}/{}/{}", *name)


def _said(visit: Visit, checking: str, given: Form) -> dict[str, Any]:
    said: dict[str, Any] = visit.api.send_form(checking, given)
    return said


def _begun(visit: Visit) -> list[tuple[str, str]]:
    """Return what a new execution's form begins with: an earlier one's inputs, and those of the address."""
    found: dict[str, str] = {}
    if visit.given("execution"):
        found.update(prefilled(visit.api.get("/executions/{}", visit.given("execution")).get("inputs", {})))
    for name, value in visit.request.args.items():
        if name.startswith("inputs."):
            found[name.removeprefix("inputs.")] = value
    return list(found.items())


def _creation(visit: Visit, revision: str) -> list[tuple[str, str]]:
    """Return the query of a new execution: its labels, when it is to begin, where it stops, and on which revision."""
    form = visit.request.form
    labels = [("labels", f"{each['key']}:{each['value']}") for each in label_list(form.get("_labels", ""))]
    date = form.get("_schedule", "")
    stops = ",".join(form.get("_breakpoints", "").split())
    return [*labels, ("scheduleDate", f"{date}Z" if date else ""), ("breakpoints", stops), ("revision", revision)]


def _code(visit: Visit, shown: Sequence[Field], query: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the request as it stands in the form, in each language by its name."""
    uploads = {name: str(file.filename) for name, file in visit.request.files.items() if file.filename}
    secrets = frozenset(each.id for each in shown if each.type == "SECRET" and visit.request.form.get(each.id))
    request = Request(visit.api.site, visit.path["namespace"], visit.path["id"], shown, uploads, secrets, query)
    return [("cURL", as_curl(request)), ("Python", as_python(request))]
