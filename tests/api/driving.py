"""A client of the API over an embedded installation: flows written short, answers as JSON."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import Client, TestResponse

from tiercel import actions
from tiercel.api.app import Application
from tiercel.api.site import Site
from tiercel.flowfile import parse_flow
from tiercel.model.flow import Flow
from tiercel.runtime import Runtime

API = "/api/v1/main"
LOG = "io.kestra.plugin.core.log.Log"
RETURN = "io.kestra.plugin.core.debug.Return"
SLEEP = "io.kestra.plugin.core.flow.Sleep"
PAUSE = "io.kestra.plugin.core.flow.Pause"
FAIL = "io.kestra.plugin.core.execution.Fail"


@dataclass
class Api:
    """A client of an embedded installation."""

    rt: Runtime
    site: Site
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        """Open the door."""
        self.client = Client(Application(self.site))

    def deploy(self, text: str) -> Flow:
        """Deploy a flow; without an id it is `t.f`, and without tasks it has one that logs."""
        if not text.startswith("id:"):
            text = f"id: f\nnamespace: t\n{text}"
        if "tasks:" not in text:
            text += f"\ntasks:\n  - {{id: log, type: {LOG}, message: hello}}\n"
        return self.rt.flows.deploy(parse_flow(text))

    def send(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Send a request to an address below the API's."""
        return self.client.open(f"{API}{path}", method=method, **kwargs)

    def get(self, path: str, **kwargs: Any) -> Any:
        """Return the JSON of a GET, which must succeed."""
        return self.does("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> Any:
        """Return the JSON of a POST, which must succeed."""
        return self.does("POST", path, **kwargs)

    def does(self, method: str, path: str, **kwargs: Any) -> Any:
        """Return the JSON of a request, which must succeed."""
        response = self.send(method, path, **kwargs)
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.json

    def fails(self, status: int, method: str, path: str, **kwargs: Any) -> Any:
        """Return the JSON of a request that must fail with a code."""
        response = self.send(method, path, **kwargs)
        assert response.status_code == status, response.get_data(as_text=True)
        body = response.json
        assert body is not None
        assert body["status"] == status
        assert body["message"] == body["detail"]
        assert body["_links"]["self"]["href"] == body["instance"] == f"{API}{path.partition('?')[0]}"
        return body

    def run(self, path: str = "/executions/t/f", **kwargs: Any) -> str:
        """Start a flow and wait until nothing moves; return the execution's id."""
        execution: str = self.post(path, **kwargs)["id"]
        self.settle()
        return execution

    def state(self, execution: str) -> str:
        """Return how an execution stands once nothing moves by itself."""
        self.settle()
        return str(self.rt.view.header(execution).state)

    def wait_for(self, execution: str, state: str) -> bool:
        """Wait until an execution is in a state; tell whether it is."""
        found = actions.wait(self.rt, execution, 10.0, lambda header: header.state == state)
        return found is not None and found.state == state

    def run_until_waiting(self, path: str = "/executions/t/f") -> str:
        """Start a flow that calls another; return the execution's id once the other one runs."""
        execution: str = self.post(path)["id"]
        until = time.monotonic() + 60
        while time.monotonic() < until:
            children = list(self.rt.view.caused_by(execution))
            if children and children[0].state == "RUNNING":
                return execution
            time.sleep(0.01)
        raise AssertionError("it has called nothing in 10 s")

    def settle(self) -> None:
        """Wait until nothing moves by itself."""
        assert self.rt.bus.wait_quiet(20)
