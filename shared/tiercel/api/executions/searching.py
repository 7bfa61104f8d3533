"""Finding executions: what the store's index answers is asked of it, the rest is looked at one by one.

Promise: a page reads no more than it must (a search that the index answers reads the pages up to it, and counts without
reading); memory is bounded by a batch, or by the sort keys of what was found.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cmp_to_key
from itertools import islice
from typing import Any

from tiercel.api.calls import Page
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import Filter
from tiercel.api.matching import SYSTEM, Fields, Plan, is_within, plan, scope_of
from tiercel.model.execution import Execution, decode_execution, header_key
from tiercel.ports import StateStore, Where

BATCH = 200
"""Executions that are read in one go."""

MOST = 100_000
"""Executions that one search looks at where the index does not answer it (docs/limits.md)."""

EXECUTIONS: Fields[Execution] = Fields(
    "executions",
    {
        "q": lambda header: (header.id, header.namespace, header.flow_id),
        "id": lambda header: header.id,
        "executionId": lambda header: header.id,
        "namespace": lambda header: header.namespace,
        "flowId": lambda header: header.flow_id,
        "flowRevision": lambda header: header.revision,
        "state": lambda header: str(header.state),
        "labels": lambda header: header.labels,
        "date": lambda header: header.at[0][1],
        "scope": lambda header: scope_of(header.namespace),
        "kind": lambda header: header.kind or "NORMAL",
        "triggerExecutionId": lambda header: header.owner or None,
        "triggerId": lambda header: header.trigger.id if header.trigger is not None else None,
        "childFilter": lambda header: "CHILD" if header.owner else "MAIN",
        "parentId": lambda header: header.parent_id,
    },
)


def _ended(header: Execution) -> float:
    return header.at[-1][1] if header.state.is_terminal else float("inf")


SORTS: Mapping[str, Callable[[Execution], Any]] = {
    "id": lambda header: header.id,
    "namespace": lambda header: header.namespace,
    "flowId": lambda header: header.flow_id,
    "state.current": lambda header: str(header.state),
    "state.startDate": lambda header: header.at[0][1],
    "state.endDate": _ended,
    "state.duration": lambda header: header.at[-1][1] - header.at[0][1],
}


def every(
    store: StateStore, wanted: Filter | None, *, newest_first: bool = True, most: int | None = None
) -> Iterator[Execution]:
    """Yield the executions that a filter means, in the order in which they were created.

    Args:
        store: Where they are.
        wanted: The filter.
        newest_first: The other way round.
        most: How many are looked at.

    Raises:
        BadRequestError: Executions do not have a field of it.
    """
    EXECUTIONS.test(wanted)  # also where the index answers
    found = plan(wanted)
    test = EXECUTIONS.test(Filter("and", found.rest))
    named = named_in(found)
    if named is not None:
        return filter(EXECUTIONS.test(wanted), named_headers(store, named, newest_first))
    return filter(test, islice(headers(store, found.index, newest_first), most))


def named_in(found: Plan) -> list[str] | None:
    """Return the ids, where the filter names them."""
    for leaf in found.rest:
        if leaf.field in ("id", "executionId") and leaf.operation in ("EQUALS", "IN"):
            values = leaf.value if leaf.operation == "IN" else (leaf.value,)
            return list(dict.fromkeys(values))
    return None


def named_headers(store: StateStore, named: Sequence[str], newest_first: bool) -> list[Execution]:
    """Return the executions of some ids, in the order in which they were created; unknown ones are left out."""
    stored = store.get([header_key(execution) for execution in named]) if named else []
    found = [decode_execution(each.body) for each in stored if each is not None]
    return sorted(found, key=lambda header: header.at[0][1], reverse=newest_first)


def headers(store: StateStore, index: Where, newest_first: bool) -> Iterator[Execution]:
    """Yield the executions that the index finds, a batch at a time."""
    behind: tuple[float, str] | None = None
    while True:
        found = store.query("execution", **index, newest_first=newest_first, after=behind, limit=BATCH)
        for stored in found:
            header = decode_execution(stored.body)
            behind = header.at[0][1], stored.key
            yield header
        if len(found) < BATCH:
            return


def count(store: StateStore, wanted: Filter | None) -> int | None:
    """Return how many executions a filter means, where the index knows; None where they would have to be read."""
    found = plan(wanted)
    total = store.count("execution", **found.index) if _is_countable(found) else None
    if total is None or not found.rest:
        return total
    where: Where = {**found.index, "within": SYSTEM}
    return total - store.count("execution", **where)


def _is_countable(found: Plan) -> bool:
    """Tell whether nothing is left to be looked at, but that `system` is left out."""
    rest, index = found.rest, found.index
    if not rest:
        return True
    if len(rest) > 1 or rest[0].field != "scope" or "within" in index:
        return False
    is_user = (rest[0].operation, rest[0].value) in (("IN", ("USER",)), ("EQUALS", "USER"))
    return is_user and ("namespace" not in index or not is_within(index["namespace"] or "", SYSTEM))


def search(store: StateStore, wanted: Filter | None, page: Page) -> tuple[list[Execution], int]:
    """Return a page of the executions that a filter means, and how many there are.

    Raises:
        BadRequestError: Executions do not have a field of the filter.
        UnprocessableError: They cannot be sorted so, or there are too many to be.
    """
    for field, _ in page.sort:
        if field not in SORTS:
            raise UnprocessableError(f"executions cannot be sorted by '{field}'; they can by {', '.join(SORTS)}")
    by = page.sort or (("state.startDate", True),)
    if by[0][0] != "state.startDate":
        return _sorted(store, wanted, page)
    first, newest_first = (page.number - 1) * page.size, by[0][1]
    total = count(store, wanted)
    if total is not None:
        found = every(store, wanted, newest_first=newest_first)
        shown = list(islice(found, first, first + page.size)) if first < total else []
        return shown, _agreed(total, first, len(shown), page.size)
    shown, number = [], 0
    for number, header in enumerate(every(store, wanted, newest_first=newest_first, most=MOST), 1):
        if first < number <= first + page.size:
            shown.append(header)
    return shown, number


def _agreed(total: int, first: int, shown: int, size: int) -> int:
    """Return how many there are: the page was read after they were counted, and others may have begun since."""
    if first >= total:
        return total
    return first + shown if shown < size else max(total, first + shown)


def _sorted(store: StateStore, wanted: Filter | None, page: Page) -> tuple[list[Execution], int]:
    """Sort by something that the index does not know: only the keys are held."""
    total = 0
    if store.count("execution", **plan(wanted).index) > MOST:
        raise UnprocessableError(
            f"more than {MOST} executions are too many to be sorted by '{page.sort[0][0]}': narrow them down by "
            "namespace, flow, state or dates, or sort by state.startDate"
        )

    def keys() -> Iterator[tuple[tuple[Any, ...], str]]:
        nonlocal total
        for header in every(store, wanted):
            total += 1
            yield tuple(SORTS[field](header) for field, _ in page.sort), header.id

    def compare(one: tuple[tuple[Any, ...], str], other: tuple[tuple[Any, ...], str]) -> int:
        for (_, down), mine, yours in zip(page.sort, one[0], other[0], strict=True):
            if mine != yours:
                return 1 if (mine > yours) is not down else -1
        return 0

    first = (page.number - 1) * page.size
    best = heapq.nsmallest(min(first + page.size, MOST), keys(), key=cmp_to_key(compare))[first:]
    stored = store.get([header_key(execution) for _, execution in best]) if best else []
    return [decode_execution(each.body) for each in stored if each is not None], total
