"""Triggers as clients see them: how each stands, with the names of Kestra's API, old and new ones side by side."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from tiercel.ports import StateStore, Stored
from tiercel.triggerrecords import DATED, KIND, POLLED, TROUBLE, Backfill, TriggerState, decode_state, moment
from tiercel.triggers.schedule import zoned_text

MOST = 100_000
"""Triggers that one search looks at."""

MOST_TROUBLED = 1_000
"""Triggers that cannot be evaluated that one search of logs looks at (docs/limits.md)."""

_log = logging.getLogger("tiercel")

_GOOGLE = "io.kestra.plugin.gcp."
_KINDS = {
    **dict.fromkeys(DATED, "SCHEDULE"),
    **dict.fromkeys((*POLLED, f"{_GOOGLE}gcs.Trigger", f"{_GOOGLE}pubsub.Trigger"), "POLLING"),
    f"{_GOOGLE}pubsub.RealtimeTrigger": "REALTIME",
}
"""The kinds that Kestra's clients know; a Webhook and a Flow trigger are of none."""


def states(
    store: StateStore, *, namespace: str | None = None, within: str | None = None, flow_id: str | None = None
) -> Iterator[TriggerState]:
    """Return how triggers stand, by namespace, flow and id; also those that no flow declares any more (revision 0).

    Args:
        store: Where they are.
        namespace: Only those of this namespace.
        within: Only those of this namespace and of the ones below it.
        flow_id: Only those of this flow.
    """
    found = store.query(KIND, namespace=namespace, within=within, flow_id=flow_id, limit=MOST)
    return _read(sorted(found, key=lambda each: each.key.split("/")))


def troubled(
    store: StateStore, *, namespace: str | None = None, within: str | None = None, flow_id: str | None = None
) -> list[TriggerState]:
    """Return how those triggers stand that could not be evaluated last, the latest first; the index finds them.

    Where they are more than `MOST_TROUBLED`, it is those that are to be looked at soonest. Arguments as `states`.
    """
    found = store.query(
        KIND, namespace=namespace, within=within, flow_id=flow_id, states=(TROUBLE,), limit=MOST_TROUBLED
    )
    return sorted(_read(found), key=lambda state: state.troubled, reverse=True)


def _read(found: Iterable[Stored]) -> Iterator[TriggerState]:
    for stored in found:
        try:
            yield decode_state(stored.body)
        except msgspec.MsgspecError as error:
            _log.error("the record of a trigger cannot be read: %s", error, extra={"trigger": stored.key})


def shown(state: TriggerState) -> dict[str, Any]:
    """Return how a trigger stands, as JSON; what is not known is null."""
    following, latest, updated = _text(state.next), _text(state.date), _text(state.updated)
    return {
        "tenantId": "main",
        "namespace": state.namespace,
        "flowId": state.flow_id,
        "triggerId": state.trigger,
        "type": state.type,
        "kind": _KINDS.get(state.type),
        "date": latest,
        "nextExecutionDate": following,
        "nextEvaluationDate": following,
        "updatedDate": updated,
        "updatedAt": updated,
        "evaluatedAt": _text(state.evaluated),
        "evaluateRunningDate": _text(state.evaluating),
        "lastTriggeredDate": _text(state.triggered),
        "executionId": state.execution,
        "workerId": None,
        "locked": state.locked,
        "backfill": None if state.backfill is None else _shown_backfill(state.backfill),
        "stopAfter": [str(each) for each in state.stop_after],
        "disabled": state.disabled,
        "lastError": state.trouble or None,
    }


def _shown_backfill(backfill: Backfill) -> dict[str, Any]:
    return {
        "start": _text(backfill.start),
        "end": _text(backfill.end),
        "currentDate": _text(backfill.next if backfill.current is None else backfill.current),
        "paused": backfill.paused,
        "inputs": backfill.inputs,
        "labels": [{"key": key, "value": value} for key, value in backfill.labels],
        "previousNextExecutionDate": _text(backfill.previous),
        "onlyMissing": backfill.missing,
        "executionId": backfill.execution,
    }


def _text(seconds: float | None) -> str | None:
    return None if seconds is None else zoned_text(moment(seconds))
