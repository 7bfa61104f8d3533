"""Fake plugins for every test of this folder, under the names that flows use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tiercel import registry
from tiercel.plugin_names import DEPRECATED, PLUGINS

CORE = "io.kestra.plugin.core."
FAKES = {
    f"{CORE}log.Log": "tiercel.tasks.core.log:Log",
    f"{CORE}debug.Return": "tiercel.tasks.core.debug:Return",
    f"{CORE}debug.Echo": "tiercel.tasks.core.debug:Echo",
    f"{CORE}flow.WorkingDirectory": "flowfile.fakes:WorkingDirectory",
    f"{CORE}flow.Subflow": "flowfile.fakes:Subflow",
    f"{CORE}flow.Pause": "flowfile.fakes:Pause",
    f"{CORE}trigger.Schedule": "flowfile.fakes:Schedule",
    f"{CORE}trigger.Webhook": "flowfile.fakes:Webhook",
    f"{CORE}trigger.Flow": "flowfile.fakes:Trigger",
    f"{CORE}condition.Expression": "flowfile.fakes:Condition",
    f"{CORE}condition.Not": "flowfile.fakes:Condition",
    f"{CORE}condition.MultipleCondition": "flowfile.fakes:Condition",
    "io.kestra.plugin.test.Many": "flowfile.fakes:Many",
    "io.kestra.plugin.test.Data": "flowfile.fakes:Data",
    "io.kestra.plugin.test.Missing": "flowfile.missing:Missing",
}


def forget() -> None:
    registry.find.cache_clear()
    registry.load.cache_clear()


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, target in FAKES.items():
        monkeypatch.setitem(PLUGINS, name, target)
    assert f"{CORE}debug.Echo" in DEPRECATED
    forget()
    yield
    monkeypatch.undo()
    forget()
