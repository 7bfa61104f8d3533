"""Routes that look for triggers: search, those of a flow, a table (api.md, 7).

Promise: what is read is the record of each trigger that the store's index finds, and no execution; the declarations are
read of the triggers of one page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tiercel.api.calls import Call, page_of
from tiercel.api.exporting import as_table
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import Filter
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.matching import Fields, plan, scope_of
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.errors import NotFoundError
from tiercel.triggerrecords import TriggerState
from tiercel.views.flows import authored
from tiercel.views.triggers import shown, states

_DATES: Mapping[str, Callable[[TriggerState], float | None]] = {
    "NEXT_EXECUTION_DATE": lambda state: state.next,
    "LAST_TRIGGERED_DATE": lambda state: state.triggered,
}
DATE_FILTER = Parameter(
    "dateFilter",
    default="NEXT_EXECUTION_DATE",
    description="What startDate, endDate and timeRange mean: NEXT_EXECUTION_DATE or LAST_TRIGGERED_DATE.",
)

_GETTERS: Mapping[str, Callable[[TriggerState], Any]] = {
    "q": lambda state: (f"{state.namespace}.{state.flow_id}.{state.trigger}", state.type),
    "id": lambda state: state.trigger,
    "triggerId": lambda state: state.trigger,
    "namespace": lambda state: state.namespace,
    "flowId": lambda state: state.flow_id,
    "type": lambda state: state.type,
    "scope": lambda state: scope_of(state.namespace),
    "executionId": lambda state: state.execution,
    "triggerExecutionId": lambda state: state.execution,
    "workerId": lambda _: None,
    "triggerState": lambda state: "DISABLED" if state.disabled or not state.active else "ENABLED",
    "locked": lambda state: state.locked,
    "lastTriggeredDate": _DATES["LAST_TRIGGERED_DATE"],
    "nextExecutionDate": _DATES["NEXT_EXECUTION_DATE"],
    "updated": lambda state: state.updated,
}
FIELDS: Mapping[str, Fields[TriggerState]] = {
    name: Fields("triggers", {**_GETTERS, "date": date}) for name, date in _DATES.items()
}
"""What a filter may name, by what `dateFilter` says."""
OF_FLOW: Fields[TriggerState] = Fields(
    "triggers", {**_GETTERS, "q": lambda state: (state.trigger,), "date": _DATES["NEXT_EXECUTION_DATE"]}
)
"""The same among the triggers of one flow, which have the flow's name in common."""


def _never_last(value: float | None) -> float:
    return float("inf") if value is None else value


_ORDERS: Mapping[str, Callable[[TriggerState], Any]] = {
    "id": lambda state: state.trigger,
    "triggerId": lambda state: state.trigger,
    "flowId": lambda state: state.flow_id,
    "namespace": lambda state: state.namespace,
    "type": lambda state: state.type,
    "disabled": lambda state: state.disabled,
    "locked": lambda state: state.locked,
    "executionId": lambda state: state.execution or "",
    "date": lambda state: _never_last(state.date),
    **dict.fromkeys(("nextExecutionDate", "nextEvaluationDate"), lambda state: _never_last(state.next)),
    "lastTriggeredDate": lambda state: _never_last(state.triggered),
    "evaluatedAt": lambda state: _never_last(state.evaluated),
    **dict.fromkeys(("updatedDate", "updatedAt", "updated"), lambda state: state.updated),
}


def state_json(state: TriggerState) -> dict[str, Any]:
    """Return how a trigger stands, as the API gives it: what is not known is left out."""
    return told(shown(state))


def told(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state without its nulls, and without those of its backfill."""
    return {
        name: told(value) if name == "backfill" else value for name, value in found.items() if value not in (None, [])
    }


def found_by(call: Call, wanted: Filter | None) -> Iterator[TriggerState]:
    """Yield the triggers that a filter means, by namespace, flow and id.

    Raises:
        BadRequestError: Triggers do not have a field of it.
        UnprocessableError: `dateFilter` is none that there is.
    """
    means = call.query.get("dateFilter", DATE_FILTER.default)
    if means not in FIELDS:
        raise UnprocessableError(f"dateFilter is '{means}', wanted one of {', '.join(FIELDS)}")
    test, index = FIELDS[means].test(wanted), plan(wanted).index
    return filter(
        test,
        states(
            call.site.parts.store,
            namespace=index.get("namespace"),
            within=index.get("within"),
            flow_id=index.get("flow_id"),
        ),
    )


def _declared(call: Call, state: TriggerState) -> Mapping[str, Any] | None:
    """Return a trigger as its flow's author wrote it; None where no flow declares it any more."""
    if not state.revision:
        return None
    try:
        record = call.site.parts.flows.record(state.namespace, state.flow_id, state.revision)
    except NotFoundError:
        return None
    written = authored(record.source).get("triggers") or []
    return next((each for each in written if isinstance(each, Mapping) and each.get("id") == state.trigger), None)


def _both(call: Call, state: TriggerState) -> dict[str, Any]:
    """Return a declaration and a state, with the members of both generations."""
    own, stands = _declared(call, state), state_json(state)
    declaration = {} if own is None else {"trigger": own, "abstractTrigger": own}
    return {**declaration, "state": stands, "triggerContext": stands}


@routes.route("GET", "/triggers/search", paged=True, filtered=True, parameters=[DATE_FILTER])
def search_triggers(call: Call) -> object:
    """Return a page of the triggers that are asked for; one that no flow declares any more has no declaration."""
    found = sorted_by(found_by(call, call.filter), call.page, _ORDERS)
    return page_of([_both(call, state) for state in part_of(found, call.page)], len(found))


@routes.route("GET", "/triggers/{namespace}/{flowId}", paged=True, filtered=True)
def list_triggers(call: Call) -> object:
    """Return a page of the triggers that a flow declares, with how they stand."""
    test = OF_FLOW.test(call.filter)
    of_flow = states(call.site.parts.store, namespace=call.path["namespace"], flow_id=call.path["flowId"])
    found = sorted_by((state for state in of_flow if state.revision and test(state)), call.page, _ORDERS)
    return page_of([state_json(state) for state in part_of(found, call.page)], len(found))


_COLUMNS = (
    "namespace",
    "flowId",
    "triggerId",
    "type",
    "disabled",
    "locked",
    "executionId",
    "nextExecutionDate",
    "lastTriggeredDate",
    "updatedDate",
)


@routes.route("GET", "/triggers/export/by-query/csv", filtered=True, parameters=[DATE_FILTER], gives="text/csv")
def export_triggers(call: Call) -> object:
    """Return the triggers that are asked for as a table."""
    return as_table("triggers", _COLUMNS, map(_row, found_by(call, call.filter)))


def _row(state: TriggerState) -> dict[str, Any]:
    members = state_json(state)
    return members | {name: str(members[name]).lower() for name in ("disabled", "locked")}
