"""kestrapy's `triggers`."""

from __future__ import annotations

from typing import Any

import pytest
from kestrapy.exceptions import ApiException, ConflictException, NotFoundException
from kestrapy.models.trigger_controller_set_disabled_request import TriggerControllerSetDisabledRequest

from clients.flows import SCHEDULE, Place, T, by
from serving import until


def name(place: Place, **more: Any) -> dict[str, Any]:
    return {"namespace": place.namespace, "flowId": "f", "triggerId": "yearly", **more}


def of_flow(place: Place) -> dict[str, Any]:
    (found,) = place.client.triggers.search_triggers_for_flow(T, place.namespace, "f", page=1, size=5)["results"]
    return dict(found)


def test_triggers_are_found(place: Place) -> None:
    place.deploy(SCHEDULE)
    page = place.client.triggers.search_triggers(T, page=1, size=10, sort=["triggerId:asc"], filters=place.here())
    (found,) = page["results"]
    assert page["total"] == 1
    assert found["trigger"]["id"] == found["abstractTrigger"]["id"] == "yearly"
    for state in (found["state"], found["triggerContext"], of_flow(place)):
        assert (state["namespace"], state["flowId"], state["triggerId"]) == (place.namespace, "f", "yearly")
        assert state["disabled"] is False
        assert "-01-01T00:00:00" in state["nextExecutionDate"]
    none = place.client.triggers.search_triggers(T, filters=place.here(by("flowId", "EQUALS", "other")))
    assert none["total"] == 0
    assert "yearly" in place.client.triggers.export_triggers(T, filters=place.here())


def test_triggers_are_switched_off_and_on(place: Place) -> None:
    place.deploy(SCHEDULE)
    triggers = place.client.triggers
    assert triggers.disable_trigger_by_id(T, name(place, disabled=True))["disabled"] is True
    assert of_flow(place)["disabled"] is True
    request = TriggerControllerSetDisabledRequest.from_dict({"triggers": [name(place)], "disabled": False})
    assert triggers.disabled_triggers_by_ids(T, request)["count"] == 1
    assert of_flow(place)["disabled"] is False
    assert triggers.disabled_triggers_by_query(T, disabled=True, filters=place.here())["count"] == 1
    assert of_flow(place)["disabled"] is True
    with pytest.raises(NotFoundException):
        triggers.disable_trigger_by_id(T, {**name(place, disabled=True), "triggerId": "none"})


def test_a_backfill_runs_the_dates_of_the_past(place: Place) -> None:
    place.deploy(SCHEDULE)
    backfill = {
        "start": "2022-12-31T00:00:00Z",
        "end": "2025-06-01T00:00:00Z",
        "inputs": {"name": "you"},
        "labels": [{"key": "by", "value": "backfill"}],
    }
    state = place.client.triggers.create_backfill(T, name(place, backfill=backfill))
    assert state["backfill"]["paused"] is False
    search = place.client.executions.search_executions
    mine = place.here(by("labels", "EQUALS", {"by": "backfill"}), by("state", "EQUALS", "SUCCESS"))
    found: list[Any] = until(lambda: page["results"] if (page := search(T, filters=mine))["total"] == 3 else [])
    dates = sorted(each["trigger"]["variables"]["date"][:4] for each in found)
    assert dates == ["2023", "2024", "2025"]
    assert {each["inputs"]["name"] for each in found} == {"you"}


def test_a_backfill_is_paused_continued_and_deleted(place: Place) -> None:
    place.deploy(SCHEDULE.replace("0 0 1 1 *", "* * * * *"))
    triggers, mine = place.client.triggers, name(place)
    triggers.create_backfill(T, name(place, backfill={"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}))
    with pytest.raises(ConflictException):
        triggers.create_backfill(T, name(place, backfill={"start": "2026-01-01T00:00:00Z"}))
    assert triggers.pause_backfill(T, mine)["backfill"]["paused"] is True
    assert triggers.unpause_backfill(T, mine)["backfill"]["paused"] is False
    assert triggers.pause_backfill_by_ids(T, [mine])["count"] == 1
    assert triggers.unpause_backfill_by_ids(T, [mine])["count"] == 1
    assert triggers.pause_backfill_by_query(T, filters=place.here())["count"] == 1
    assert triggers.unpause_backfill_by_query(T, filters=place.here())["count"] == 1
    assert triggers.delete_backfill(T, mine).get("backfill") is None
    with pytest.raises(ApiException, match=r"[Bb]ackfill"):
        triggers.pause_backfill(T, mine)
    assert triggers.delete_backfill_by_ids(T, [mine])["count"] == 0
    assert triggers.delete_backfill_by_query(T, filters=place.here())["count"] == 0
    triggers.disable_trigger_by_id(T, name(place, disabled=True))


def test_triggers_are_unlocked_restarted_and_deleted(place: Place) -> None:
    place.deploy(SCHEDULE)
    triggers, ns = place.client.triggers, place.namespace
    with pytest.raises(ConflictException):
        triggers.unlock_trigger(T, ns, "f", "yearly")
    assert triggers.restart_trigger(T, ns, "f", "yearly")["triggerId"] == "yearly"
    assert triggers.unlock_triggers_by_ids(T, [name(place)])["count"] == 0
    assert triggers.unlock_triggers_by_query(T, filters=place.here())["count"] == 0
    with pytest.raises(ConflictException):
        triggers.delete_trigger(T, ns, "f", "yearly")
    with pytest.raises(NotFoundException):
        triggers.delete_trigger(T, ns, "f", "none")
    assert triggers.delete_triggers_by_ids(T, [name(place)])["count"] == 0
    assert of_flow(place)["triggerId"] == "yearly"
