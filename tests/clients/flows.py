"""The flows that the clients deploy and execute, and a namespace of one test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kestrapy.kestra_client import KestraClient
from kestrapy.models.query_filter import QueryFilter

from serving import until

T = "main"
"""The tenant."""

CORE = "io.kestra.plugin.core"
ENDS = ("SUCCESS", "WARNING", "FAILED", "KILLED", "CANCELLED")

HELLO = f"""
description: Greets
labels: {{team: sdk}}
inputs:
  - {{id: name, type: STRING, defaults: World}}
tasks:
  - {{id: hello, type: {CORE}.log.Log, message: "Hello {{{{ inputs.name }}}}"}}
  - {{id: say, type: {CORE}.debug.Return, format: "{{{{ inputs.name }}}}"}}
outputs:
  - {{id: said, type: STRING, value: "{{{{ outputs.say.value }}}}"}}
"""

SLEEP = f"""
tasks:
  - {{id: one, type: {CORE}.flow.Sleep, duration: PT0.3S}}
  - {{id: two, type: {CORE}.flow.Sleep, duration: PT0.1S}}
"""

LONG = f"""
tasks:
  - {{id: one, type: {CORE}.flow.Sleep, duration: PT1M}}
"""

PAUSE = f"""
tasks:
  - id: pause
    type: {CORE}.flow.Pause
    onResume: [{{id: reason, type: STRING}}, {{id: n, type: INT, defaults: 2}}]
  - {{id: after, type: {CORE}.debug.Return, format: "{{{{ outputs.pause.onResume.reason }}}}"}}
"""

FAIL = f"""
tasks:
  - {{id: first, type: {CORE}.log.Log, message: x}}
  - {{id: fail, type: {CORE}.execution.Fail}}
"""

HOOK = f"""
tasks:
  - {{id: got, type: {CORE}.debug.Return, format: "{{{{ trigger.body }}}}"}}
triggers:
  - {{id: hook, type: {CORE}.trigger.Webhook, key: a-secret-key}}
"""

SCHEDULE = f"""
inputs:
  - {{id: name, type: STRING, defaults: World}}
tasks:
  - {{id: got, type: {CORE}.debug.Return, format: "{{{{ trigger.date }}}} {{{{ inputs.name }}}}"}}
triggers:
  - {{id: yearly, type: {CORE}.trigger.Schedule, cron: "0 0 1 1 *"}}
"""

LIMITED = f"""
concurrency: {{limit: 1, behavior: QUEUE}}
{LONG}
"""


def by(field: str, operation: str, value: Any) -> QueryFilter:
    """Return a filter."""
    return QueryFilter(field=field, operation=operation, value=value)


@dataclass
class Place:
    """A namespace of one test."""

    client: KestraClient
    namespace: str

    def source(self, flow: str, text: str) -> str:
        """Return a flow's whole source."""
        return f"id: {flow}\nnamespace: {self.namespace}\n{text.strip()}\n"

    def deploy(self, text: str, flow: str = "f") -> Any:
        """Create a flow."""
        return self.client.flows.create_flow(T, self.source(flow, text))

    def run(self, flow: str = "f", **arguments: Any) -> Any:
        """Start an execution, and wait for its end."""
        return self.client.executions.create_execution(T, self.namespace, flow, wait=True, **arguments)

    def begin(self, flow: str = "f", state: str = "RUNNING", **arguments: Any) -> str:
        """Start an execution; return its id once it is in a state."""
        started = self.client.executions.create_execution(T, self.namespace, flow, **arguments)
        self.when(started.id, state)
        return str(started.id)

    def when(self, execution: str, *states: str) -> Any:
        """Return an execution, once it is in one of some states, or has ended."""

        def ask() -> Any:
            found = self.client.executions.execution(execution, T)
            return found if found.state.current in (states or ENDS) else None

        return until(ask)

    def here(self, *filters: QueryFilter) -> list[QueryFilter]:
        """Return filters for what is in this namespace."""
        return [by("namespace", "EQUALS", self.namespace), *filters]
