"""Pages over one embedded installation with real executions, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from werkzeug.test import Client

from api.driving import FAIL, LOG, PAUSE, RETURN, Api
from tiercel.api.site import Site
from tiercel.runtime import embedded
from tiercel.ui.mounting import Application
from ui.browsing import Reader

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'"
WRITE = "io.kestra.plugin.core.storage.Write"
FOREACH = "io.kestra.plugin.core.flow.ForEach"
QUOTED = EVIL.replace("\\", "\\\\").replace("'", "''")

FLOW = f"""id: shown
namespace: company.team
description: '{QUOTED}'
labels: {{team: '{QUOTED}'}}
inputs:
  - {{id: text, type: STRING, defaults: '{QUOTED}', displayName: '{QUOTED}', description: '{QUOTED}'}}
variables: {{v: '{QUOTED}'}}
outputs: [{{id: o, type: STRING, value: "{{{{ inputs.text }}}}"}}]
triggers:
  - {{id: day, type: io.kestra.plugin.core.trigger.Schedule, cron: "0 0 * * *", description: '{QUOTED}'}}
  - {{id: hook, type: io.kestra.plugin.core.trigger.Webhook, key: key}}
tasks:
  - {{id: say, type: {LOG}, message: "{{{{ inputs.text }}}}"}}
  - {{id: give, type: {RETURN}, format: "{{{{ inputs.text }}}}"}}
  - {{id: each, type: {FOREACH}, values: ['{QUOTED}', b], tasks: [{{id: inner, type: {RETURN}, format: x}}]}}
  - {{id: write, type: {WRITE}, content: '{QUOTED}', extension: .txt}}
"""


@dataclass(frozen=True)
class World:
    """An installation with something to see."""

    api: Api
    site: Site
    good: str
    """An execution that has succeeded; everything in it that somebody may write holds a script."""
    bad: str
    """One that has failed, with a script as its error."""
    paused: str
    file: str
    """The URI of a file of the good one."""

    def reader(self, site: Site | None = None) -> Reader:
        """Return somebody at a new browser."""
        return Reader(Client(Application(site or self.site)))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Run some flows, once for all tests."""
    with embedded(Path(tmp_path_factory.mktemp("ui")) / "store") as runtime:
        site = Site(runtime, url="http://tiercel.test")
        api = Api(runtime, site)
        api.deploy(FLOW)
        api.deploy(f"id: bad\nnamespace: company.team\ntasks: [{{id: no, type: {FAIL}, errorMessage: '{QUOTED}'}}]")
        api.deploy(
            f"id: wait\nnamespace: company.team\ntasks:\n  - id: ask\n    type: {PAUSE}\n"
            "    onResume: [{id: n, type: INT}]\n  - {id: got, type: "
            f"{RETURN}, format: '{{{{ outputs.ask.onResume.n }}}}'}}"
        )
        good, bad = api.run("/executions/company.team/shown"), api.run("/executions/company.team/bad")
        paused = api.run("/executions/company.team/wait")
        runs = api.get(f"/executions/{good}")["taskRunList"]
        file = next(run["outputs"]["uri"] for run in runs if run["taskId"] == "write")
        yield World(api, site, good, bad, paused, file)


@pytest.fixture
def reader(world: World) -> Reader:
    """Return somebody at a browser."""
    return world.reader()
