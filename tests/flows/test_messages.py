"""Messages about executions, from flows that run (plugin specification, 10.2)."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, messages, place, states

FAILING = """
id: failing
namespace: team
tasks:
  - id: around
    type: core.flow.Sequential
    tasks:
      - {{id: first, type: core.log.Log, message: one}}
      - {{id: load, type: core.execution.Fail}}
errors:
  - {{id: tell, type: slack.notifications.SlackExecution, url: "{url}", customMessage: "of {{{{ flow.id }}}}"}}
"""
ENDED = """
id: watches
namespace: team
tasks:
  - {{id: tell, type: notifications.slack.SlackExecution, url: "{url}", executionId: {execution}}}
"""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


@pytest.fixture
def service() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    taken: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


def test_a_message_names_the_task_that_failed_and_not_what_is_around_it(
    here: Place, service: tuple[str, list[dict[str, Any]]]
) -> None:
    url, taken = service
    shown = here.run(FAILING.format(url=url))
    assert shown["state"]["current"] == "FAILED"
    assert states(shown)["tell"] == "SUCCESS", messages(shown)
    (attachment,) = taken[0]["attachments"]
    assert attachment["title"] == "[team] failing ➛ FAILED"
    assert attachment["text"].startswith("Failed on task `load` after PT")
    assert attachment["text"].endswith("of failing")
    ended = here.run(ENDED.format(url=url, execution=shown["id"]))
    assert ended["state"]["current"] == "SUCCESS", messages(ended)
    assert taken[1]["attachments"][0]["title"] == "[team] failing ➛ FAILED"
    assert {"title": "Final task ID", "value": "load", "short": True} in taken[1]["attachments"][0]["fields"]
