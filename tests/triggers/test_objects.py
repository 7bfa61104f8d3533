"""An object comes into a bucket: which flows it starts, once, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import TransientError
from tiercel.model.states import State
from tiercel.ports import Stored
from triggers.happening import CORE, World, busy, on_object

MATCHES = [
    ((), "gs://b/in/a.csv", True),
    ((), "gs://other/in/a.csv", False),
    ((), "gs://b/out/a.csv", False),
    ((), "gs://b/in/deep/a.csv", False),
    ((), "gs://b/in/", False),
    ((), "gs://b/in/folder/", False),
    (("listingType: RECURSIVE",), "gs://b/in/deep/er/a.csv", True),
    (("listingType: RECURSIVE",), "gs://b/in/folder/", False),
    (("regExp: '.*\\.csv'",), "gs://b/in/a.csv", True),
    (("regExp: '.*\\.csv'",), "gs://b/in/a.csv.gz", False),
    (("regExp: 'a.csv'",), "gs://b/in/a.csv", False),
    (("regExp: 'gs://b/in/\\p{Alpha}\\.csv'",), "gs://b/in/a.csv", True),
    (("on: CREATE",), "gs://b/in/a.csv", True),
    (("on: UPDATE",), "gs://b/in/a.csv", False),
    (("disabled: true",), "gs://b/in/a.csv", False),
    (("when: \"{{ trigger.blobs[0].name == 'in/a.csv' }}\"",), "gs://b/in/a.csv", True),
    (('when: "{{ trigger.blobs[0].size > 100 }}"',), "gs://b/in/a.csv", False),
    (("when: '{{ trigger.nothing }}'",), "gs://b/in/a.csv", False),
    ((f"conditions: [{{type: {CORE}condition.Expression, expression: '{{{{ false }}}}'}}]",), "gs://b/in/a.csv", False),
]


@pytest.mark.parametrize(("lines", "address", "starts"), MATCHES)
def test_an_object_starts_the_flows_that_wait_for_it(lines: tuple[str, ...], address: str, starts: bool) -> None:
    assert bool(World(on_object(*lines)).upload(address)) is starts


PLACES = [
    ("gs://b", "gs://b/a.csv", True),
    ("gs://b/", "gs://b/a.csv", True),
    ("gs://b", "gs://b/in/a.csv", False),
    ("gs://b/in", "gs://b/in/a.csv", True),
    ("gs://b/in", "gs://b/invoice.csv", True),
    ("gs://b/in/a.csv", "gs://b/in/a.csv", True),
    ("gs://b/in/a.csv", "gs://b/in/b.csv", False),
    ("gs://{{ vars.bucket }}/in/", "gs://b/in/a.csv", True),
    ("gs://{{ vars.bucket }}/in/", "gs://c/in/a.csv", False),
    ("gs://b/{{ vars.folder }}/", "gs://b/in/a.csv", True),
    ("gs://b/{{ vars.folder }}/", "gs://b/out/a.csv", False),
    ("{{ vars.place }}", "gs://b/in/a.csv", True),
    ("{{ vars.nothing }}", "gs://b/in/a.csv", False),
    ("{{ vars.folder }}", "gs://b/in/a.csv", False),
]


@pytest.mark.parametrize(("place", "address", "starts"), PLACES)
def test_from_is_where_the_object_must_lie_and_may_be_an_expression(place: str, address: str, starts: bool) -> None:
    head = "variables: {bucket: b, folder: in, place: 'gs://b/in/'}\n"
    assert bool(World(on_object(place=place, head=head)).upload(address)) is starts


def test_the_execution_sees_the_object_and_reads_a_copy_of_it() -> None:
    head = "inputs:\n  - {id: text, type: STRING}\n"
    world = World(
        on_object(
            "inputs: {text: '{{ read(trigger.blobs[0].uri) }}'}",
            "labels: {of: '{{ trigger.blobs[0].name }}'}",
            head=head,
        )
    )
    execution = world.one(world.upload("gs://b/in/a.csv", b"a,b\n"))
    uri = f"kestra:///n/f/executions/{execution.id}/trigger/w/a.csv"
    assert execution.state is State.SUCCESS
    assert execution.inputs == {"text": "a,b\n"}
    assert dict(execution.labels)["of"] == "in/a.csv"
    assert execution.trigger is not None
    assert execution.trigger.variables == {
        "blobs": [
            {
                "uri": uri,
                "bucket": "b",
                "name": "in/a.csv",
                "md5": "m==",
                "contentType": "text/csv",
                "size": 4,
                "generation": 1,
                "isDirectory": False,
                "changeType": "CREATE",
            }
        ]
    }


def test_an_object_told_twice_starts_one_execution_and_one_written_again_another() -> None:
    world = World(on_object())
    assert world.upload("gs://b/in/a.csv") == world.upload("gs://b/in/a.csv")
    assert len(world.all()) == 1
    world.upload("gs://b/in/a.csv", b"other", generation="2")
    assert [run.trigger and run.trigger.variables["blobs"][0]["changeType"] for run in world.all()] == [
        "CREATE",
        "UPDATE",
    ]


def test_an_event_asks_the_index_once(monkeypatch: pytest.MonkeyPatch) -> None:
    templated = on_object(name="g", place="{{ vars.place }}", head="variables: {place: 'gs://b/in/'}\n")
    world, asked = World(on_object(), templated), []
    query = world.machine.store.query

    def counted(*given: Any, **named: Any) -> list[Stored]:
        asked.append(named)
        return query(*given, **named)

    monkeypatch.setattr(world.machine.store, "query", counted)
    assert len(world.upload("gs://b/in/a.csv")) == 2
    assert len(asked) == 1


def test_an_event_reads_no_flow_that_it_does_not_concern() -> None:
    world = World(*(on_object(name=f"f{n}", place=f"gs://b/in{n}/") for n in range(30)))
    world.machine.flows._parsed.clear()
    before = world.machine.memory.counts["reads"]
    assert world.upload("gs://b/elsewhere/a.csv") == []
    assert world.machine.memory.counts["reads"] == before
    assert len(world.upload("gs://b/in7/a.csv")) == 1
    assert world.machine.memory.counts["reads"] - before <= 5


def test_the_index_follows_the_flow() -> None:
    world = World(on_object(), on_object(name="g"))
    assert len(world.upload("gs://b/in/a")) == 2
    world.machine.deploy(on_object(place="gs://b/other/"))
    assert len(world.upload("gs://b/in/b")) == 1
    assert len(world.upload("gs://b/other/b")) == 1
    world.machine.deploy(on_object().replace("id: w\n", "id: renamed\n"))
    assert len(world.upload("gs://b/other/c")) == 0
    assert len(world.upload("gs://b/in/c")) == 2
    world.machine.deploy(on_object(head="disabled: true\n"))
    assert len(world.upload("gs://b/in/d")) == 1
    world.machine.deploy(on_object().partition("triggers:")[0])
    assert len(world.upload("gs://b/in/e")) == 1
    assert len(world.machine.store.query("watch")) == 1


def test_a_trigger_that_was_disabled_in_its_state_starts_nothing() -> None:
    world = World(on_object())
    assert world.machine.services.triggers is not None
    world.machine.services.triggers.toggle("n", "f", "w", enabled=False)
    assert world.upload("gs://b/in/a") == []
    world.machine.services.triggers.toggle("n", "f", "w", enabled=True)
    assert len(world.upload("gs://b/in/a")) == 1


# ------------------------------------------------------------ what becomes of it


def test_an_object_is_moved_when_its_execution_has_a_copy() -> None:
    world = World(on_object("moveDirectory: gs://c/done", action="MOVE"))
    execution = world.one(world.upload("gs://b/in/a.csv", b"x"))
    assert world.buckets.done == ["copy in/a.csv", "move in/a.csv"]
    assert list(world.buckets.objects) == ["gs://c/done/a.csv"]
    assert execution.state is State.SUCCESS


def test_an_object_is_deleted_only_after_every_flow_has_its_copy() -> None:
    world = World(on_object(action="DELETE"), on_object(name="g"), on_object(name="h", action="DELETE"))
    assert len(world.upload("gs://b/in/a.csv")) == 3
    assert world.buckets.done == [*["copy in/a.csv"] * 3, *["delete in/a.csv"] * 2]
    assert world.buckets.objects == {}


def test_what_breaks_off_is_brought_to_its_end_when_it_is_told_again() -> None:
    world = World(on_object(action="DELETE"))
    seen = world.buckets.put("gs://b/in/a.csv")
    world.buckets.before = busy("delete")
    with pytest.raises(TransientError):
        world.happenings.object_created(seen)
    assert len(world.all()) == 1
    world.buckets.before = lambda verb: None
    world.happenings.object_created(seen)
    assert world.buckets.objects == {}
    world.happenings.object_created(seen)
    assert len(world.all()) == 1
    assert world.buckets.done.count("copy in/a.csv") == 1


def test_nothing_is_deleted_while_one_flow_has_no_copy_yet() -> None:
    world = World(on_object(action="DELETE"), on_object(name="g"))
    seen, copies = world.buckets.put("gs://b/in/a.csv"), iter("12")

    def second_is_late(verb: str) -> None:
        if verb == "copy" and next(copies) == "2":
            raise TransientError("busy")

    world.buckets.before = second_is_late
    with pytest.raises(TransientError):
        world.happenings.object_created(seen)
    assert "gs://b/in/a.csv" in world.buckets.objects
    world.buckets.before = lambda verb: None
    assert len(world.happenings.object_created(seen)) == 2
    assert world.buckets.objects == {}
    assert len(world.all()) == 2


def test_an_object_that_was_written_over_meanwhile_starts_nothing_and_stays() -> None:
    world = World(on_object(action="DELETE"))
    seen = world.buckets.put("gs://b/in/a.csv", generation="1")
    world.buckets.put("gs://b/in/a.csv", generation="2")
    assert world.happenings.object_created(seen) == []
    assert world.buckets.objects["gs://b/in/a.csv"][0] == "2"


def test_an_object_whose_conditions_do_not_hold_stays() -> None:
    world = World(on_object("when: '{{ false }}'", action="DELETE"))
    assert world.upload("gs://b/in/a.csv") == []
    assert world.buckets.done == []


def test_a_moved_object_that_would_start_its_flow_again_is_left_where_it_is() -> None:
    lines = ("moveDirectory: gs://b/in/done/", "listingType: RECURSIVE", "regExp: '.*'")
    world = World(on_object(*lines, action="MOVE"))
    assert len(world.upload("gs://b/in/a.csv")) == 1
    assert list(world.buckets.objects) == ["gs://b/in/a.csv"]


# ------------------------------------------------------------ what goes wrong


def test_inputs_that_do_not_validate_make_an_execution_that_has_failed() -> None:
    world = World(on_object("inputs: {n: '{{ trigger.blobs[0].name }}'}", head="inputs: [{id: n, type: INT}]\n"))
    execution = world.one(world.upload("gs://b/in/a.csv"))
    assert execution.state is State.FAILED
    assert "the execution cannot begin" in execution.logs[0].message


def test_a_condition_that_cannot_be_judged_fails_where_the_trigger_says_so() -> None:
    world = World(on_object("when: '{{ trigger.nothing }}'", "failOnTriggerError: true"))
    execution = world.one(world.upload("gs://b/in/a.csv"))
    assert execution.state is State.FAILED
    assert "a condition cannot be judged" in execution.logs[0].message


def test_a_flow_that_cannot_be_asked_does_not_keep_the_event_from_the_others() -> None:
    world = World(
        on_object(name="a"), on_object("regExp: '{{ vars.pattern }}'", name="b", head="variables: {pattern: '('}\n")
    )
    world.machine.deploy(on_object(name="c"))
    started = world.upload("gs://b/in/a.csv")
    assert sorted(world.machine.header(each).flow_id for each in started) == ["a", "c"]
