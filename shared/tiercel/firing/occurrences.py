"""The dates of one trigger: which is to be executed next, and starting its execution in one commit with the record.

Promise: a date's execution has the id that follows from the trigger and the date, so it is there once, however often
somebody looks; the record that says so is stored with it or not at all. What cannot be evaluated makes an execution
that has failed, with the reason in its log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tiercel import registry
from tiercel.errors import ConflictError, ExpressionError, InputError, TransientError
from tiercel.lanes import Lanes
from tiercel.model.execution import header_key
from tiercel.model.flow import Flow
from tiercel.model.ids import derived_id
from tiercel.ports import Refused
from tiercel.starts import Manner, Start, Starter
from tiercel.triggerrecords import LOOK, TriggerState, moment
from tiercel.triggers.base import Trigger, as_authored
from tiercel.triggers.schedule import Almanac, Dated
from tiercel.triggerstates.changes import TriggerStates, trigger_of
from tiercel.triggerstates.locks import is_running

_log = logging.getLogger("tiercel")
_EDGE = timedelta(microseconds=1)


def occurrence_id(state: TriggerState, date: float) -> str:
    """Return the id of the execution of a trigger's date."""
    return derived_id("schedule", state.namespace, state.flow_id, state.trigger, f"{date:.3f}")


@dataclass(frozen=True)
class Declared:
    """A trigger as the revision says that its record names."""

    flow: Flow
    trigger: Trigger
    properties: Mapping[str, Any]

    def start(self, starter: Starter, manner: Manner) -> Start:
        """Return a start of its flow by it."""
        return Start(starter, self.flow, self.trigger, self.properties, manner)


@dataclass(frozen=True)
class Keeper:
    """What whoever looks at triggers needs."""

    starter: Starter
    states: TriggerStates

    @property
    def lanes(self) -> Lanes:
        """Where executions are."""
        return self.starter.lanes

    def declared(self, state: TriggerState) -> Declared:
        """Return what a record stands for."""
        flow = self.lanes.flows.get(state.namespace, state.flow_id, state.revision)
        properties = trigger_of(flow, state.trigger)
        plugin = registry.load(properties["type"])
        assert issubclass(plugin, Trigger)
        return Declared(flow, as_authored(plugin, properties), properties)

    def stop(self, key: str, reason: str) -> None:
        """Have a trigger start nothing until its flow is deployed again."""

        def off(state: TriggerState) -> None:
            state.active, state.execution, state.evaluating, state.backfill = False, None, None, None
            state.fail(reason, self.states.now())

        self.states.change(key, off)

    def almanac(self, declared: Declared) -> Almanac:
        """Return the dates of a trigger, from the first to the last.

        Raises:
            InputError: They cannot be rendered.
        """
        assert isinstance(declared.trigger, Dated)
        return declared.start(self.starter, Manner()).sight.almanac(declared.trigger)

    def is_running(self, execution: str) -> bool:
        """Tell whether what locks a trigger still runs."""
        return is_running(self.lanes, execution)

    def exist(self, executions: list[str]) -> list[bool]:
        """Tell which executions are there."""
        return [stored is not None for stored in self.lanes.store.get(list(map(header_key, executions)))]

    def start(
        self,
        declared: Declared,
        date: float,
        execution: str,
        manner: Manner,
    ) -> str | None:
        """Start the execution of a date; None when the conditions do not hold. Whatever fails makes one that FAILED.

        Raises:
            Refused: The execution is there already, or the record was changed by somebody else.
            TransientError: Something is busy.
            ConflictError: The flow is disabled.
        """
        assert isinstance(declared.trigger, Dated)
        start = declared.start(self.starter, manner)
        shown = {"date": moment(date).isoformat()}
        return self.guarded(start, shown, execution, lambda: start.by_date(declared.trigger, shown, execution))  # type: ignore[arg-type]

    def guarded(
        self, start: Start, shown: Mapping[str, object], execution: str, act: Callable[[], str | None]
    ) -> str | None:
        """Return what starting gives; an error that nobody expects makes an execution that has failed."""
        try:
            return act()
        except (Refused, TransientError, ConflictError):
            raise
        except (ExpressionError, InputError) as error:
            return start.failed(shown, execution, str(error))
        except Exception as error:  # noqa: BLE001 - one bad trigger must neither stop others nor be silent
            _log.exception("a trigger cannot be evaluated", extra={"execution": execution})
            return start.failed(shown, execution, f"the trigger cannot be evaluated: {type(error).__name__}: {error}")

    def look_at_lock(self, execution: str, now: float) -> float | None:
        """Return when to look again whether the execution still runs; None when it does not."""
        return now + LOOK if self.is_running(execution) else None


def first_from(almanac: Almanac, start: datetime) -> datetime | None:
    """Return the first date that is not before a moment."""
    return almanac.dates.next(start - _EDGE)


def last_until(almanac: Almanac, end: datetime) -> datetime | None:
    """Return the last date that is not after a moment."""
    return almanac.dates.previous(end + _EDGE)
