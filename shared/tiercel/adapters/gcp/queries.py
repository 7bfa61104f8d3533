"""The queries that are put to Firestore."""

from __future__ import annotations

from typing import Any

from google.cloud.firestore_v1.types import query as queries

from tiercel.adapters.gcp.bodies import DATE, WITHIN, new_value
from tiercel.adapters.gcp.names import DUE, LAST, place_of
from tiercel.ports import Where

Pb = Any

PAGE = 300
"""Documents that one call of a scan brings."""

COUNTED = "n"
"""What a count is called in its answer."""

_FILTER, _DIRECTION = queries.StructuredQuery.FieldFilter.Operator, queries.StructuredQuery.Direction
_AND = queries.StructuredQuery.CompositeFilter.Operator.AND


def select(kind: str, where: Where, newest_first: bool, limit: int, behind: tuple[float, str] | None) -> Pb:
    """Return the structured query; documents without an index have no date, so they are in none.

    Args:
        kind: What the documents are.
        where: Which of them.
        newest_first: In which order.
        limit: How many at most.
        behind: The date and the full name of the document behind which the page begins.
    """
    query = _chosen(kind, where)
    direction = _DIRECTION.DESCENDING if newest_first else _DIRECTION.ASCENDING
    _order(query, DATE, direction)
    _order(query, "__name__", direction)
    if behind is not None:
        query.start_at.values.add().double_value = behind[0]
        query.start_at.values.add().reference_value = behind[1]
        query.start_at.before = False
    query.limit.value = min(limit, 2**31 - 1)
    return query


def count(kind: str, where: Where) -> Pb:
    """Return the query that counts."""
    counting = queries.StructuredAggregationQuery.pb(queries.StructuredAggregationQuery())
    counting.structured_query.CopyFrom(_chosen(kind, where))
    _order(counting.structured_query, DATE, _DIRECTION.ASCENDING)  # as above: without a date it is in none
    added = counting.aggregations.add()
    added.alias = COUNTED
    added.count.SetInParent()
    return counting


def _chosen(kind: str, where: Where) -> Pb:
    query = _from(kind)
    for scalar, value in (
        ("namespace", where.get("namespace")),
        ("flow_id", where.get("flow_id")),
        ("owner", where.get("owner")),
    ):
        if value is not None:
            _filter(query, scalar, _FILTER.EQUAL).string_value = value
    states = where.get("states", ())
    if len(states) == 1:
        _filter(query, "state", _FILTER.EQUAL).string_value = states[0]
    elif states:
        listed = _filter(query, "state", _FILTER.IN).array_value.values
        listed.extend(new_value(string_value=state) for state in states)
    if (within := where.get("within")) is not None:
        _filter(query, WITHIN, _FILTER.ARRAY_CONTAINS).string_value = within
    if (since := where.get("since")) is not None:
        _filter(query, DATE, _FILTER.GREATER_THAN_OR_EQUAL).double_value = since
    if (until := where.get("until")) is not None:
        _filter(query, DATE, _FILTER.LESS_THAN_OR_EQUAL).double_value = until
    return query


def due(until: float, limit: int) -> Pb:
    """Return the query for triggers and notes whose date is not later, the oldest first: all collections called so."""
    query = queries.StructuredQuery.pb(queries.StructuredQuery())
    query.from_.add(collection_id=DUE, all_descendants=True)
    _filter(query, DATE, _FILTER.LESS_THAN_OR_EQUAL).double_value = until
    _order(query, DATE, _DIRECTION.ASCENDING)
    _order(query, "__name__", _DIRECTION.ASCENDING)
    query.limit.value = limit
    return query


def due_behind(query: Pb, document: Pb) -> None:
    """Have a query for what is due begin behind a document."""
    query.start_at.Clear()
    query.start_at.values.add().double_value = document.fields[DATE].double_value
    query.start_at.values.add().reference_value = document.name
    query.start_at.before = False


def named_from(root: str, prefix: str) -> tuple[str, Pb]:
    """Return the parent and the query for one page of the documents whose keys start so, in the order of keys."""
    path, first = place_of(prefix)
    above, _, collection = path.rpartition("/")
    query = _from(collection)
    below = f"{root}/{path}"
    _filter(query, "__name__", _FILTER.GREATER_THAN_OR_EQUAL).reference_value = f"{below}/{first}"
    _filter(query, "__name__", _FILTER.LESS_THAN).reference_value = f"{below}/{first}{LAST}"
    _order(query, "__name__", _DIRECTION.ASCENDING)
    query.limit.value = PAGE
    return (f"{root}/{above}" if above else root), query


def advance(query: Pb, name: str) -> None:
    """Have a query by name begin behind a document."""
    query.start_at.Clear()
    query.start_at.values.add().reference_value = name
    query.start_at.before = False


def _from(collection: str) -> Pb:
    query = queries.StructuredQuery.pb(queries.StructuredQuery())
    query.from_.add(collection_id=collection)
    return query


def _filter(query: Pb, field: str, operator: int) -> Pb:
    """Add a filter, and return its value to be set."""
    query.where.composite_filter.op = _AND
    added = query.where.composite_filter.filters.add().field_filter
    added.field.field_path, added.op = field, operator
    return added.value


def _order(query: Pb, field: str, direction: int) -> None:
    order = query.order_by.add()
    order.field.field_path, order.direction = field, direction
