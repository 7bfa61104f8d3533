"""Lists of executions: filters, pages, order and totals, and how much is read for them."""

from __future__ import annotations

import pytest

from api.driving import Api
from memory import Memory, MemoryStore
from tiercel.api.calls import Page
from tiercel.api.executions import searching
from tiercel.api.executions.searching import every, search
from tiercel.api.filters import read_filter
from tiercel.archive import header_index
from tiercel.model.execution import Execution, encode, header_key
from tiercel.model.states import State
from tiercel.ports import Create

NAMESPACES = ("a", "a.b", "c", "system")


@pytest.fixture
def memory() -> Memory:
    """Give 1,000 executions: of four namespaces in turn, every tenth failed, each taking longer than the one before."""
    memory = Memory()
    for number in range(1000):
        at = float(1000 + number)
        end = State.FAILED if number % 10 == 0 else State.SUCCESS
        header = Execution(
            f"x{number:04d}",
            NAMESPACES[number % 4],
            "f" if number % 2 else "g",
            1,
            [(State.CREATED, at), (end, at + number)],
            labels=[("n", str(number % 100))],
        )
        MemoryStore(memory).commit([Create(header_key(header.id), encode(header), header_index(header))])
    memory.counts.clear()
    return memory


def found(memory: Memory, query: dict[str, str], page: Page = Page()) -> tuple[list[int], int]:  # noqa: B008 - frozen
    """Return the numbers of a page, and the total."""
    wanted = read_filter({name: [value] for name, value in query.items()}, 2000.0)
    headers, total = search(MemoryStore(memory), wanted, page)
    return [int(header.id[1:]) for header in headers], total


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ({}, 1000),
        ({"namespace": "a"}, 500),
        ({"filters[namespace][EQUALS]": "a", "flowId": "g"}, 250),
        ({"state": "FAILED"}, 100),
        ({"timeRange": "PT10S"}, 10),
        ({"scope": "USER"}, 750),
        ({"scope": "USER", "state": "FAILED"}, 100),
        ({"filters[namespace][EQUALS]": "a", "scope": "USER"}, 250),
    ],
)
def test_the_first_page_reads_little_where_the_index_answers(memory: Memory, query: dict[str, str], total: int) -> None:
    wanted = read_filter({name: [value] for name, value in query.items()}, 2000.0)
    all_of_them = [int(header.id[1:]) for header in every(MemoryStore(memory), wanted)]
    assert len(all_of_them) == total
    assert found(memory, query) == (sorted(all_of_them, reverse=True)[:10], total)
    memory.counts.clear()
    found(memory, query)
    assert memory.counts["queried"] <= searching.BATCH
    assert memory.counts["counted"] <= 2


def test_what_the_index_does_not_answer_is_looked_at(memory: Memory) -> None:
    numbers, total = found(memory, {"labels": "n:7"}, Page(2, 4))
    assert (numbers, total) == ([507, 407, 307, 207], 10)
    assert found(memory, {"q": "X000"})[1] == 10
    assert found(memory, {"filters[scope][EQUALS]": "SYSTEM"})[1] == 250


def test_ids_are_read_by_their_keys(memory: Memory) -> None:
    memory.counts.clear()
    assert found(memory, {"filters[id][IN]": "x0003,x0999,nobody"}) == ([999, 3], 2)
    assert memory.counts["queried"] == 0
    assert found(memory, {"filters[id][IN]": "x0003,x0999", "filters[flowId][EQUALS]": "f", "namespace": "c"}) == (
        [],
        0,
    )


@pytest.mark.parametrize("oldest", [False, True])
def test_pages_follow_one_another(memory: Memory, oldest: bool) -> None:
    sort = (("state.startDate", not oldest),)
    numbers: list[int] = []
    for number in range(1, 9):
        some, total = found(memory, {"state": "FAILED"}, Page(number, 13, sort))
        assert total == 100
        numbers += some
    assert numbers == (list(range(0, 1000, 10)) if oldest else list(range(990, -1, -10)))
    assert found(memory, {"state": "FAILED"}, Page(10**17, 1000, sort)) == ([], 100)


@pytest.mark.parametrize(("size", "total"), [(100, 100), (101, 100), (60, 98), (30, 98)])
def test_a_total_is_never_at_odds_with_its_page(
    memory: Memory, monkeypatch: pytest.MonkeyPatch, size: int, total: int
) -> None:
    real = MemoryStore.count
    monkeypatch.setattr(MemoryStore, "count", lambda *args, **named: real(*args, **named) - 2)  # two begin after it
    numbers, found_total = found(memory, {"state": "FAILED"}, Page(1, size))
    assert (len(numbers), found_total) == (min(size, 100), total)


@pytest.mark.parametrize(
    ("sort", "numbers"),
    [
        ([("id", False)], [0, 1, 2]),
        ([("state.duration", True)], [999, 998, 997]),
        ([("namespace", True), ("id", False)], [3, 7, 11]),
        ([("state.current", False), ("state.endDate", True)], [990, 980, 970]),
        ([("flowId", True), ("namespace", False), ("id", True)], [996, 992, 988]),
    ],
)
def test_other_orders(memory: Memory, sort: list[tuple[str, bool]], numbers: list[int]) -> None:
    assert found(memory, {}, Page(1, 3, tuple(sort))) == (numbers, 1000)
    second = found(memory, {}, Page(2, 3, tuple(sort)))[0]
    assert found(memory, {}, Page(1, 6, tuple(sort)))[0] == numbers + second


def test_too_many_are_not_sorted(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "MOST", 99)
    with pytest.raises(Exception, match="more than 99 executions"):
        found(memory, {"state": "FAILED"}, Page(1, 3, (("id", True),)))
    assert found(memory, {"labels": "n:7"}) == ([907], 1)  # of the 99 newest


def test_a_search_gives_executions_without_task_runs(api: Api) -> None:
    api.deploy("labels: {team: sdk}")
    first, second = api.run(), api.run()
    page = api.get("/executions/search?filters[flowId][EQUALS]=f&size=1")
    assert page["total"] == 2
    (shown,) = page["results"]
    assert shown["id"] == second
    assert "taskRunList" not in shown
    assert (shown["tenantId"], shown["deleted"], shown["originalId"]) == ("main", False, second)
    assert shown["labels"][0] == {"key": "team", "value": "sdk"}
    assert shown["state"]["current"] == "SUCCESS"
    assert "inputs" not in shown
    assert api.get("/executions/search?sort=state.startDate:asc&page=1&size=1")["results"][0]["id"] == first
    orders = "sort=flowId:asc,state.startDate:asc", "sort=flowId:asc&sort=state.startDate:asc"
    assert [[each["id"] for each in api.get(f"/executions/search?{by}")["results"]] for by in orders] == [
        [first, second],
        [first, second],
    ]
    assert api.get("/executions?namespace=t&flowId=f")["total"] == 2
    assert api.get("/executions?namespace=t&flowId=g") == {"results": [], "total": 0}


def test_bad_searches_are_refused(api: Api) -> None:
    for path, status in (
        ("/executions/search?nope=1", 400),
        ("/executions/search?filters[nope][EQUALS]=1", 400),
        ("/executions/search?minLevel=INFO", 400),
        ("/executions/search?sort=nope:asc", 422),
        ("/executions/search?sort=id", 422),
        ("/executions/search?sort=id:asc,", 422),
        ("/executions/search?size=1001", 422),
        ("/executions/search?page=0", 422),
        ("/executions/search?timeRange=PT1H&startDate=2026-01-01T00:00:00Z", 422),
        ("/executions/search?filters[namespace][REGEX]=(", 422),
        ("/executions?namespace=t", 400),
    ):
        api.fails(status, "GET", path)
