"""A `tiercel server` as a process of its own, with flows that people might have: what the pages are looked at with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from serving import PATIENCE, Server, until

FLOWS = Path(__file__).parent / "flows"
API = "/api/v1/main"


class Installation:
    """A server, as a client of its API sees it."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self._client = httpx.Client(base_url=f"{server.url}{API}", timeout=PATIENCE)
        self.first_page = httpx.get(f"{server.url}/ui/").headers["Location"]
        """Where a browser was led before there was any flow."""

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Return the JSON of a request that must succeed."""
        answer = self._client.request(method, path, **arguments)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, **arguments: Any) -> None:
        """Send a request that must succeed."""
        self._client.request(method, path, **arguments).raise_for_status()

    def deploy(self, source: str) -> None:
        """Store flows: one text, or several between `---`."""
        self.ask("POST", "/flows/bulk", content=source, headers={"Content-Type": "application/x-yaml"})

    def deploy_all(self, *names: str) -> None:
        """Store the flows of the folder `flows` that are named, or all of them."""
        texts = [(FLOWS / f"{name}.yaml").read_text() for name in names] or [
            each.read_text() for each in sorted(FLOWS.glob("*.yaml"))
        ]
        self.deploy("\n---\n".join(texts))

    def start(self, flow: str, inputs: Mapping[str, str] | None = None, **query: str) -> str:
        """Start `namespace/flow`; return the execution's id."""
        files = {name: (None, value) for name, value in (inputs or {}).items()}
        execution: str = self.ask("POST", f"/executions/{flow}", files=files or None, params=query)["id"]
        return execution

    def state(self, execution: str) -> str:
        """Return how an execution stands."""
        found: str = self.ask("GET", f"/executions/{execution}")["state"]["current"]
        return found

    def reaches(self, execution: str, *states: str) -> None:
        """Wait until an execution stands so."""
        until(lambda: self.state(execution) in states)

    def run(self, flow: str, inputs: Mapping[str, str] | None = None, end: str = "SUCCESS", **query: str) -> str:
        """Start `namespace/flow`, wait for its state, return its id."""
        execution = self.start(flow, inputs, **query)
        self.reaches(execution, end)
        return execution


def populate(there: Installation) -> dict[str, str]:
    """Store all flows and run some; return the ids of executions by `good`, `bad`, `paused`, `running`."""
    there.deploy_all()
    ids = {"running": there.start("company.plant/watch-sensors")}
    bad = there.start("company.sales/sync-customers", {"page": "7"})
    paused = there.start("company.finance/approve-invoice")
    some = [there.start("company.sales/sync-customers", {"page": str(page)}) for page in (1, 2, 3)]
    good = there.start("company.sales/daily-orders", labels="asked-by:ada")
    report = there.start("company.finance/nightly-report")
    for each in (*some, good, report):
        there.reaches(each, "SUCCESS")
    there.reaches(bad, "FAILED")
    there.reaches(paused, "PAUSED")
    there.reaches(ids["running"], "RUNNING")
    space = "/namespaces/company.sales"
    there.send("PUT", f"{space}/kv/last-day", content='"2026-05-01"')
    there.send("PUT", f"{space}/kv/rate", content="1.0842", headers={"description": "EUR to USD"})
    for path, text in (("/queries/orders.sql", "SELECT * FROM orders\nWHERE day = ?\n"), ("/readme.md", "# Sales\n")):
        sent = {"fileContent": (path.rpartition("/")[2], text.encode())}
        there.send("POST", f"{space}/files", params={"path": path}, files=sent)
    return {**ids, "bad": bad, "paused": paused, "good": good}
