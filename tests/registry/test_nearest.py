"""The type that a misspelt name is answered with."""

from __future__ import annotations

import pytest

from tiercel.registry import nearest

CORE = "io.kestra.plugin.core."


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("core.metric.Send", f"{CORE}metric.Publish"),
        ("io.kestra.plugin.core.log.Lag", f"{CORE}log.Log"),
        ("core.log", f"{CORE}log.Log"),
        ("log", f"{CORE}log.Log"),
        ("core.trigger.Shedule", f"{CORE}trigger.Schedule"),
        ("http.Requst", f"{CORE}http.Request"),
        ("Requets", f"{CORE}http.Request"),
        ("core.flow.Requst", f"{CORE}http.Request"),
        ("core.flow.Foreach", f"{CORE}flow.ForEach"),
        ("core.flow.Each", f"{CORE}flow.ForEach"),
        ("io.kestra.core.tasks.log.Lgo", f"{CORE}log.Log"),
        ("scripts.pyton.Script", "io.kestra.plugin.scripts.python.Script"),
        ("jdbc.postgresql.Qery", "io.kestra.plugin.jdbc.postgresql.Query"),
        ("com.example.Thing", None),
        ("nonsense", None),
        ("qqq", None),
        ("", None),
    ],
)
def test_a_misspelt_type_is_answered_with_the_one_that_was_meant(written: str, meant: str | None) -> None:
    assert nearest(written) == meant


def test_the_answer_is_one_of_those_that_may_be_meant() -> None:
    assert nearest("core.log.Lag", [f"{CORE}log.Log", f"{CORE}debug.Return"]) == f"{CORE}log.Log"
    assert nearest("core.log.Fetch", [f"{CORE}log.Log", f"{CORE}flow.Switch"]) == f"{CORE}log.Log"
    assert nearest("core.log.Log", [f"{CORE}debug.Return"]) is None
    assert nearest("core.log.Log", []) is None
