"""The form by which dates of the past are made up for: a span, the flow's inputs, labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tiercel.errors import ConflictError, InputError, TiercelError
from tiercel.ui.acting import label_list
from tiercel.ui.asking import address
from tiercel.ui.formats import moment_of
from tiercel.ui.inputforms import fields, given_of
from tiercel.ui.visit import Moved, Visit

Flow = Mapping[str, Any]
Trigger = Mapping[str, Any]

UNFIT = ("FILE", "FORM")
"""Types of inputs that a backfill cannot be given."""

OWN = ("_start", "_end", "_onlyMissing", "_labels")
"""The form's own fields."""


def form(visit: Visit, flow: Flow, trigger: Trigger) -> dict[str, Any] | Moved:
    """Return the form of a trigger's backfill: `{fields, said, trouble, values, status}`; begin it when it is sent.

    An input of which the trigger makes an expression stays the trigger's: it is in `said`, and not in the form.
    """
    name, sent = (flow["namespace"], flow["id"]), visit.request.method == "POST"
    own: Mapping[str, Any] = found if isinstance(found := trigger.get("inputs"), Mapping) else {}
    said = {key: value for key, value in own.items() if "{{" in str(value)}
    reports = _checked(visit, name, [])["inputs"]
    types = {str(each["input"]["id"]): str(each["input"]["type"]) for each in reports}
    given = [(key, str(value)) for key, value in own.items() if key in types and key not in said]
    values, trouble = {each: visit.given(each) for each in OWN}, ""
    if sent:
        given, values = given_of(visit.request, types)[0], {each: visit.request.form.get(each, "") for each in OWN}
    reports = [each for each in _checked(visit, name, given)["inputs"] if each["input"]["id"] not in said]
    wrong = sent and any(each.get("errors") for each in reports if each.get("enabled", True))
    if sent and not wrong:
        try:
            wanted = {**_name(flow, trigger), "backfill": _body(given, values)}
            visit.api.send("PUT", "/triggers/backfill/create", wanted)
            return Moved(visit.here(backfill=None), "The backfill begins.")
        except (InputError, ConflictError) as error:
            trouble = str(error)
    every = fields(reports, dict(given), complain=sent)
    shown = [each for each in every if each.type not in UNFIT]
    trouble = trouble or "; ".join(f"{each.id}: {text}" for each in every if each.type in UNFIT for text in each.errors)
    return {"fields": shown, "said": said, "trouble": trouble, "values": values, "status": 422 if sent else 200}


def _checked(visit: Visit, name: tuple[str, str], given: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, Any] = visit.api.send_form(address("/executions/{}/{}/validate", *name), given)
    return found


def _name(flow: Flow, trigger: Trigger) -> dict[str, str]:
    return {"namespace": flow["namespace"], "flowId": flow["id"], "triggerId": trigger["id"]}


def _body(given: list[tuple[str, str]], values: Mapping[str, str]) -> dict[str, Any]:
    span = {name: values[f"_{name}"] for name in ("start", "end") if values[f"_{name}"]}
    missing = values["_onlyMissing"] == "true"
    return {**span, "onlyMissing": missing, "inputs": dict(given), "labels": label_list(values["_labels"])}


def count(visit: Visit, flow: Flow, trigger: Trigger) -> dict[str, Any] | str:
    """Return how many dates lie in the span of the address: `{count, isAll, first, last}`, or why it cannot be."""
    span = {name: visit.given(f"_{name}") for name in ("start", "end") if visit.given(f"_{name}")}
    if "start" not in span:
        return {}
    try:
        found: dict[str, Any] = visit.api.post(
            "/triggers/backfill/count", body={**_name(flow, trigger), "backfill": span}
        )
    except TiercelError as error:
        return str(error)
    return found


def progress(backfill: Mapping[str, Any]) -> int:
    """Return how far a backfill has come between its start and its end, in hundredths."""
    start, now, end = (moment_of(backfill.get(name)) for name in ("start", "currentDate", "end"))
    if start is None or now is None or end is None or end <= start:
        return 0
    return max(0, min(100, round((now - start) / (end - start) * 100)))
