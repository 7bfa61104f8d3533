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
    f"{CORE}flow.WorkingDirectory": "flowfile_fakes:WorkingDirectory",
    f"{CORE}flow.Subflow": "flowfile_fakes:Subflow",
    f"{CORE}flow.Pause": "flowfile_fakes:Pause",
    f"{CORE}trigger.Schedule": "flowfile_fakes:Schedule",
    f"{CORE}trigger.Webhook": "flowfile_fakes:Webhook",
    f"{CORE}trigger.Flow": "flowfile_fakes:Trigger",
    f"{CORE}condition.Expression": "flowfile_fakes:Condition",
    f"{CORE}condition.Not": "flowfile_fakes:Condition",
    f"{CORE}condition.MultipleCondition": "flowfile_fakes:Condition",
    "io.kestra.plugin.test.Many": "flowfile_fakes:Many",
    "io.kestra.plugin.test.Data": "flowfile_fakes:Data",
    "io.kestra.plugin.test.Missing": "flowfile_fakes_missing:Missing",
}


def forget() -> None:
    registry.find.cache_clear()
    registry.load.cache_clear()
    registry._by_last_name.cache_clear()


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, target in FAKES.items():
        monkeypatch.setitem(PLUGINS, name, target)
    assert f"{CORE}debug.Echo" in DEPRECATED
    forget()
    yield
    monkeypatch.undo()
    forget()
