"""A message is published: which flows it starts, once, and what they see of it; and a message that asks for a flow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tiercel.errors import ConflictError, InputError, NotFoundError
from tiercel.firing.happenings import MalformedWishError
from tiercel.model.states import State
from triggers.happening import CORE, PUBSUB, REALTIME, World, flow

HEAD = "inputs:\n  - {id: n, type: INT, defaults: 0}\n  - {id: text, type: STRING, required: false}\n"


def realtime(*lines: str, **given: str) -> str:
    """Return a flow that waits for messages of the topic `t`."""
    return flow(REALTIME, "topic: t", "subscription: s", *lines, **given)


MATCHES: list[tuple[tuple[str, ...], dict[str, str], bool]] = [
    (("topic: t",), {}, True),
    (("topic: projects/p/topics/t",), {}, True),
    (("topic: projects/q/topics/t",), {}, False),
    (("topic: t", "projectId: p"), {}, True),
    (("topic: t", "projectId: q"), {}, False),
    (("topic: u",), {}, False),
    (("topic: t", "subscription: s"), {"subscription": "projects/p/subscriptions/ours"}, True),
    (("subscription: s",), {"subscription": "projects/p/subscriptions/s"}, True),
    (("subscription: projects/p/subscriptions/s",), {"topic": "", "subscription": "projects/p/subscriptions/s"}, True),
    (("subscription: s",), {"subscription": "projects/p/subscriptions/other"}, False),
    (("topic: '{{ vars.topic }}'",), {}, True),
    (("topic: '{{ vars.other }}'",), {}, False),
    (("topic: t", "disabled: true"), {}, False),
    (("topic: t", "when: \"{{ trigger.attributes.kind == 'x' }}\""), {"attributes": {"kind": "x"}}, True),  # type: ignore[dict-item]
    (("topic: t", "when: \"{{ trigger.attributes.kind == 'x' }}\""), {"attributes": {"kind": "y"}}, False),  # type: ignore[dict-item]
]


@pytest.mark.parametrize(("lines", "given", "starts"), MATCHES)
def test_a_message_starts_the_flows_that_wait_for_it(lines: tuple[str, ...], given: Any, starts: bool) -> None:
    world = World(flow(REALTIME, *lines, head="variables: {topic: t, other: u}\n"))
    assert bool(world.publish("hello", **given)) is starts


def test_a_realtime_trigger_gives_the_message() -> None:
    world = World(realtime("inputs: {text: '{{ trigger.data }}'}", head=HEAD))
    given = {"attributes": {"a": "1"}, "ordering_key": "k", "publish_time": "2026-01-01T00:00:00Z"}
    execution = world.one(world.publish("hello", "m7", **given))
    assert execution.inputs == {"n": 0, "text": "hello"}
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "data": "hello",
        "attributes": {"a": "1"},
        "messageId": "m7",
        "orderingKey": "k",
        "publishTime": "2026-01-01T00:00:00Z",
    }


SERDES = [
    ("STRING", "ä".encode(), "ä"),
    ("JSON", b'{"a": [1, null]}', {"a": [1, None]}),
    ("JSON", b"", None),
    ("BINARY", b"\xff\x00", "/wA="),
]


@pytest.mark.parametrize(("serde", "data", "wanted"), SERDES)
def test_the_data_are_what_the_serde_says(serde: str, data: bytes, wanted: object) -> None:
    world = World(realtime(f"serdeType: {serde}"))
    execution = world.one(world.publish(data))
    assert execution.trigger is not None
    assert execution.trigger.variables["data"] == wanted


@pytest.mark.parametrize(("serde", "data"), [("STRING", b"\xff"), ("JSON", b"{"), ("JSON", b"[" * 100_000)])
def test_data_that_are_something_else_make_an_execution_that_has_failed(serde: str, data: bytes) -> None:
    world = World(realtime(f"serdeType: {serde}"))
    execution = world.one(world.publish(data, "m3"))
    assert execution.state is State.FAILED
    assert "the message m3 cannot be read" in execution.logs[0].message
    assert world.publish(data, "m3") == [execution.id]


def test_data_that_are_too_large_make_an_execution_that_has_failed() -> None:
    world = World(realtime(), flow(PUBSUB, "topic: t", name="files"))
    found = {run.flow_id: run for run in map(world.machine.header, world.publish("x" * 5_000_000))}
    assert found["f"].state is State.FAILED
    assert found["files"].state is State.CREATED


def test_a_polling_trigger_gives_a_file_with_one_message() -> None:
    world = World(flow(PUBSUB, "topic: t", "maxRecords: 10", "interval: PT1S", "serdeType: JSON"))
    execution = world.one(world.publish('{"a": 1}', "m1", attributes={"k": "v"}))
    assert execution.trigger is not None
    variables = execution.trigger.variables
    assert variables["count"] == 1
    content = world.machine.objects.open(variables["uri"]).read()
    assert json.loads(content) == {
        "data": {"a": 1},
        "attributes": {"k": "v"},
        "messageId": "m1",
        "orderingKey": None,
        "publishTime": None,
    }


def test_a_message_told_twice_starts_one_execution_of_each_flow() -> None:
    world = World(realtime(), realtime(name="g"), flow(PUBSUB, "topic: t", name="h"))
    assert world.publish("x", "m1") == world.publish("x", "m1")
    assert len(world.all()) == 3
    world.publish("x", "m2")
    assert len(world.all()) == 6


# ------------------------------------------------------------ a message that asks for a flow


PLAIN = f"id: f\nnamespace: n\n{HEAD}tasks:\n  - {{id: t, type: {CORE}log.Log, message: m}}\n"


def wish(world: World, message: str = "m1", **said: Any) -> str:
    """Ask for the flow."""
    return world.happenings.execution_wanted(json.dumps({"namespace": "n", "flowId": "f", **said}).encode(), message)


def test_a_message_starts_the_flow_that_it_names() -> None:
    world = World(PLAIN)
    execution = world.one([wish(world, inputs={"n": 7}, labels={"a": "b", "c": 1})])
    assert execution.state is State.SUCCESS
    assert execution.inputs is not None
    assert execution.inputs["n"] == 7
    labels = dict(execution.labels)
    assert (labels["a"], labels["c"]) == ("b", "1")
    assert wish(world, inputs={"n": 7}) == execution.id
    assert wish(world, "m2", labels=[{"key": "x", "value": "y"}]) != execution.id
    assert len(world.all()) == 2


def test_a_message_names_a_revision_and_a_date() -> None:
    world = World(PLAIN, PLAIN.replace("message: m", "message: other"))
    first = wish(world, "m1", revision=1, scheduleDate="2030-01-01T00:00:00Z")
    header = world.machine.header(first)
    assert header.revision == 1
    assert header.schedule_date == 1893456000
    assert world.machine.header(wish(world, "m2")).revision == 2


MALFORMED = [
    (b"", "truncated"),
    (b"{", "truncated"),
    (b"[]", "Expected `object`"),
    (b"\xff", "invalid"),
    (b'{"namespace": "n"}', "flowId"),
    (b'{"namespace": "n", "flowId": 1}', "flowId"),
    (b'{"namespace": "n", "flowId": "f", "input": {}}', "unknown field `input`"),
    (b'{"namespace": "n", "flowId": "f", "inputs": [1]}', "inputs"),
    (b'{"namespace": "n", "flowId": "f", "labels": [{"key": "a"}]}', "value"),
    (b'{"namespace": "n", "flowId": "f", "scheduleDate": "soon"}', "soon"),
    (b'{"namespace": "n", "flowId": "f", "inputs": ' + b'{"a":' * 200_000, "m1"),
]


@pytest.mark.parametrize(("body", "reason"), MALFORMED)
def test_a_message_that_nobody_understands_is_refused_with_what_was_wanted(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedWishError, match=reason) as caught:
        World(PLAIN).happenings.execution_wanted(body, "m1")
    assert '{"namespace": "...", "flowId": "..."' in str(caught.value)


REFUSED: list[tuple[str, dict[str, Any], type[Exception]]] = [
    (PLAIN, {"flowId": "nowhere"}, NotFoundError),
    (PLAIN, {"revision": 9}, NotFoundError),
    (PLAIN, {"inputs": {"n": "x"}}, InputError),
    (PLAIN, {"labels": {"system.x": "y"}}, InputError),
    ("disabled: true\n" + PLAIN, {}, ConflictError),
]


@pytest.mark.parametrize(("text", "said", "error"), REFUSED)
def test_what_cannot_be_started_is_refused(text: str, said: dict[str, Any], error: type[Exception]) -> None:
    world = World(text)
    with pytest.raises(error):
        wish(world, **said)
    assert world.all() == []
