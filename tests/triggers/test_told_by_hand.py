"""`tiercel run --trigger`: a flow started as if an object had come, or a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tiercel import actions
from tiercel.errors import InputError
from tiercel.model.execution import Execution
from triggers.happening import PUBSUB, REALTIME, flow, on_object
from triggers.starting import deploy, engine


def started(tmp_path: Path, text: str, event: dict[str, Any]) -> Execution | None:
    """Start a flow by its trigger; return the execution at its end."""
    with engine(tmp_path) as rt:
        execution = actions.start_by_trigger(rt, deploy(rt, text), "w", event)
        assert rt.bus.wait_quiet(20)
        return None if execution is None else rt.view.header(execution)


def seen(execution: Execution | None) -> dict[str, Any]:
    """Return what the trigger of an execution saw."""
    assert execution is not None
    assert execution.trigger is not None
    return execution.trigger.variables


def test_an_object_that_is_told_of_with_its_content_can_be_read(tmp_path: Path) -> None:
    head = "inputs: [{id: text, type: STRING}]\n"
    text = on_object("inputs: {text: '{{ read(trigger.blobs[0].uri) }}'}", head=head, action="DELETE")
    execution = started(tmp_path, text, {"name": "in/a.csv", "content": "a,b", "contentType": "text/csv"})
    assert execution is not None
    assert execution.inputs == {"text": "a,b"}
    assert seen(execution)["blobs"][0]["contentType"] == "text/csv"


def test_an_object_without_content_has_its_own_address(tmp_path: Path) -> None:
    [blob] = seen(started(tmp_path, on_object(), {"name": "in/a.csv", "size": 7}))["blobs"]
    assert (blob["uri"], blob["size"]) == ("gs://b/in/a.csv", 7)


def test_an_object_that_the_trigger_does_not_wait_for_starts_nothing(tmp_path: Path) -> None:
    assert started(tmp_path, on_object(), {"name": "out/a.csv"}) is None
    assert started(tmp_path, on_object(), {"name": "in/a.csv", "bucket": "other"}) is None


@pytest.mark.parametrize("event", [{}, {"name": ""}, {"name": 7}])
def test_an_object_needs_a_name(tmp_path: Path, event: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"a gcs\.Trigger sees an object"):
        started(tmp_path, on_object(), event)


def test_a_trigger_that_cannot_be_rendered_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        started(tmp_path, on_object(place="gs://{{ vars.nowhere }}/"), {"name": "a"})


def test_a_message_that_is_told_of(tmp_path: Path) -> None:
    event = {"data": {"a": 1}, "attributes": {"n": 1}, "messageId": "m"}
    found = seen(started(tmp_path, flow(REALTIME, "topic: t", "serdeType: JSON"), event))
    assert (found["data"], found["attributes"], found["messageId"]) == ({"a": 1}, {"n": "1"}, "m")
    assert seen(started(tmp_path, flow(REALTIME, "topic: t", name="g"), {"data": "text"}))["data"] == "text"
    assert seen(started(tmp_path, flow(PUBSUB, "topic: t", name="h"), {"data": "text"}))["count"] == 1
