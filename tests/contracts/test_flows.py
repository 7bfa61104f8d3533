"""Several flows are stored and deleted together, whatever the store."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clocks import HandClock
from tiercel import flows as flowstore
from tiercel.errors import NotFoundError
from tiercel.flowfile import parse_flow
from tiercel.flows import FlowStore
from tiercel.model.flow import Flow
from tiercel.ports import Reply, StateStore, Write

LISTENS = "triggers: [{id: after, type: io.kestra.plugin.core.trigger.Flow}]"


def flow(name: str, more: str = "") -> Flow:
    task = "{id: a, type: io.kestra.plugin.core.log.Log, message: x}"
    return parse_flow(f"id: {name}\nnamespace: t\ntasks: [{task}]\n{more}\n")


@pytest.fixture
def flows(store: StateStore) -> FlowStore:
    return FlowStore(store, HandClock())


def there(flows: FlowStore) -> list[str]:
    return [record.id for record in flows.all("t")]


def test_flows_are_replaced_at_once(flows: FlowStore) -> None:
    flows.replace([flow("a"), flow("b", LISTENS), flow("c", LISTENS)])
    found = flows.replace([flow("a"), flow("c"), flow("d", LISTENS)], [("t", "b")])
    assert [(record.id, record.revision, record.deleted) for record in found] == [
        ("b", 2, True),
        ("a", 1, False),
        ("c", 2, False),
        ("d", 1, False),
    ]
    assert there(flows) == ["a", "c", "d"]
    assert [listener.flow_id for listener in flows.listeners.all()] == ["d"]


def test_nothing_is_stored_where_one_cannot_be_deleted(flows: FlowStore) -> None:
    with pytest.raises(NotFoundError):
        flows.replace([flow("a")], [("t", "b")])
    assert there(flows) == []


def test_nothing_is_stored_where_the_process_dies_before_the_commit(
    flows: FlowStore, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits: list[int] = []

    def commit(writes: object, messages: object = ()) -> None:
        commits.append(1)
        raise OSError("gone")

    monkeypatch.setattr(store, "commit", commit)
    with pytest.raises(OSError, match="gone"):
        flows.replace([flow("a"), flow("b"), flow("c")])
    assert commits == [1], "one commit for all of them"


def test_what_one_commit_does_not_take_goes_in_several(flows: FlowStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flowstore, "LARGEST_COMMIT", 150)
    commits: list[int] = []
    real = flows._store.commit

    def commit(writes: Sequence[Write]) -> list[Reply]:
        commits.append(1)
        return real(writes)

    monkeypatch.setattr(flows._store, "commit", commit)
    flows.replace([flow(name) for name in "abcd"])
    assert there(flows) == ["a", "b", "c", "d"]
    assert len(commits) == 4
    flows.replace([flow(name) for name in "abcd"])
    assert len(commits) == 4, "nothing has changed"
