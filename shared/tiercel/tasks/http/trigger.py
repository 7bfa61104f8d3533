"""Starting a flow when a web server says so: `io.kestra.plugin.core.http.Trigger` (flow specification, 8.8)."""

from __future__ import annotations

from collections.abc import Mapping

from tiercel.expressions import is_truthy_text
from tiercel.ports import RunContext
from tiercel.tasks.http.request import Asking
from tiercel.triggers.polling import PollingTrigger


class Trigger(Asking, PollingTrigger):
    """Ask a web server again and again; start an execution when its response is as wanted."""

    response_condition: str = "{{ response.statusCode < 400 }}"
    """An expression that must be true; it sees `response.statusCode`, `response.body` and `response.headers`."""

    def accepts(self, code: int) -> bool:  # noqa: ARG002 - the condition judges it
        """Take every response: the condition says which is wanted."""
        return True

    def poll(self, ctx: RunContext) -> Mapping[str, object] | None:
        """Return what an http.Request gives, or None where the condition is false."""
        outputs = self.ask(ctx)
        response = {"statusCode": outputs["code"], "body": outputs.get("body"), "headers": outputs["headers"]}
        return outputs if is_truthy_text(ctx.render(self.response_condition, {"response": response})) else None
