"""What the two syntaxes of filters ask for, what they mean, and what of it the index answers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tiercel.api.executions.searching import EXECUTIONS
from tiercel.api.failures import BadRequestError, RequestError, UnprocessableError
from tiercel.api.filters import Filter, read_filter
from tiercel.api.matching import plan
from tiercel.model.execution import Execution, Trigger
from tiercel.model.states import State
from tiercel.ports import Where

NOW = 1_000_000.0


def asked(query: str) -> Filter:
    """Read `name=value&name=value`."""
    given: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        given.setdefault(name, []).append(value)
    return read_filter(given, NOW)


def one(**changes: Any) -> Execution:
    """Return an execution."""
    fields: dict[str, Any] = {
        "id": "x1",
        "namespace": "a.b",
        "flow_id": "f",
        "revision": 3,
        "at": [(State.CREATED, NOW - 100), (State.SUCCESS, NOW)],
        "labels": [("team", "sdk"), ("env", "prod")],
        "trigger": Trigger("daily", "t"),
    }
    return Execution(**{**fields, **changes})


def means(query: str, **changes: Any) -> bool:
    """Tell whether a query means an execution."""
    return EXECUTIONS.test(asked(query))(one(**changes))


@pytest.mark.parametrize(
    "query",
    [
        "namespace=a",
        "namespace=a.b",
        "flowId=f",
        "state=FAILED&state=SUCCESS",
        "state=FAILED,SUCCESS",
        "labels=team:sdk&labels=env:prod",
        "labels=team",
        "q=A.B",
        "q=x1",
        "timeRange=PT2M",
        "startDate=1970-01-12T13:40:00Z&endDate=1970-01-13T00:00:00Z",
        "scope=USER",
        "childFilter=MAIN",
        "triggerId=daily",
        "namespace=&q=&state=",
        "filters[namespace][EQUALS]=a.b",
        "filters[NAMESPACE][EQUALS]=a.b&filters[FLOW_ID][IN]=e,f&filters[QUERY][EQUALS]=f",
        "filters[namespace][PREFIX]=a",
        "filters[namespace][STARTS_WITH]=a.",
        "filters[namespace][ENDS_WITH]=.b",
        "filters[namespace][CONTAINS]=.",
        "filters[namespace][REGEX]=^a",
        "filters[namespace][NOT_EQUALS]=a",
        "filters[state][EQUALS]=SUCCESS,FAILED",
        "filters[state][NOT_IN]=FAILED,KILLED",
        "filters[status][EQUALS]=SUCCESS",
        "filters[labels][EQUALS][team]=sdk",
        "filters[labels][NOT_EQUALS][team]=ui",
        "filters[labels][CONTAINS][team]=d",
        "filters[labels][IN][team]=sdk",
        "filters[flowRevision][GREATER_THAN]=2",
        "filters[startDate][LESS_THAN]=1970-01-12T13:46:00Z",
        "filters[parentId][IS_NULL]=",
        "filters[triggerId][IS_NOT_NULL]=true",
        "filters[scope][NOT_EQUALS]=SYSTEM",
        "filters[kind][EQUALS]=NORMAL",
        "filters[or][0][namespace][EQUALS]=z&filters[or][1][flowId][EQUALS]=f",
        "filters[and][0][or][0][state][IN]=FAILED&filters[and][0][or][1][state][IN]=SUCCESS&filters[and][1][flowId][EQUALS]=f",
        "filters[or][0][flowId][EQUALS]=&filters[flowId][EQUALS]=f",
    ],
)
def test_what_is_meant(query: str) -> None:
    assert means(query)


@pytest.mark.parametrize(
    "query",
    [
        "namespace=a.bc",
        "namespace=a.b.c",
        "flowId=g",
        "state=FAILED",
        "labels=team:ui",
        "labels=team:sdk&labels=env:dev",
        "q=nothing",
        "timeRange=PT1M",
        "endDate=1970-01-12T13:40:00Z",
        "scope=SYSTEM",
        "childFilter=CHILD",
        "triggerExecutionId=other",
        "filters[namespace][EQUALS]=a",
        "filters[namespace][PREFIX]=a.",
        "filters[namespace][NOT_CONTAINS]=b",
        "filters[labels][NOT_EQUALS][team]=sdk",
        "filters[parentId][EQUALS]=p",
        "filters[triggerId][IS_NULL]=",
        "filters[or][0][namespace][EQUALS]=z&filters[or][1][flowId][EQUALS]=g",
        "filters[or][0][namespace][EQUALS]=a.b&filters[or][0][flowId][EQUALS]=g",
        "filters[and][0][or][0][state][IN]=FAILED&filters[and][0][or][1][state][IN]=SUCCESS&filters[and][1][flowId][EQUALS]=g",
    ],
)
def test_what_is_not_meant(query: str) -> None:
    assert not means(query)


def test_the_systems_own_namespaces_have_their_scope() -> None:
    assert means("scope=SYSTEM", namespace="system.clean")
    assert not means("scope=USER", namespace="system")
    assert means("scope=USER", namespace="systematic")
    assert means("childFilter=CHILD&triggerExecutionId=p", owner="p")


@pytest.mark.parametrize(
    ("query", "kind", "says"),
    [
        ("filters[nope][EQUALS]=a", BadRequestError, "'nope'"),
        ("filters[namespace][LIKE]=a", BadRequestError, "'LIKE'"),
        ("filters[namespace][GREATER_THAN]=a", BadRequestError, "GREATER_THAN"),
        ("filters[namespace]=a", BadRequestError, "filters[namespace]"),
        ("filters=a", BadRequestError, "'filters'"),
        ("filters[or][x][namespace][EQUALS]=a", BadRequestError, "'x'"),
        ("filters[or][0][or][1][or][2][q][EQUALS]=a", BadRequestError, "two deep"),
        ("filters[namespace][EQUALS][key]=a", BadRequestError, "[key]"),
        ("filters[path][EQUALS]=a", BadRequestError, "executions cannot be filtered by 'path'"),
        ("minLevel=INFO", BadRequestError, "'minLevel'"),
        ("state=GREAT", UnprocessableError, "'GREAT'"),
        ("filters[state][IN]=FAILED,GREAT", UnprocessableError, "'GREAT'"),
        ("startDate=yesterday", UnprocessableError, "yesterday"),
        ("timeRange=soon", UnprocessableError, "soon"),
        ("timeRange=P99999999999D", UnprocessableError, "timeRange"),
        ("filters[flowRevision][EQUALS]=two", UnprocessableError, "two"),
        ("timeRange=PT1H&startDate=2026-01-01T00:00:00Z", UnprocessableError, "timeRange and startDate"),
        (
            "filters[timeRange][EQUALS]=PT1H&filters[startDate][EQUALS]=2026-01-01T00:00:00Z",
            UnprocessableError,
            "timeRange",
        ),
        ("&".join(f"filters[or][{n}][q][EQUALS]=a" for n in range(201)), UnprocessableError, "201"),
    ],
)
def test_what_cannot_be_is_refused_by_name(query: str, kind: type[RequestError], says: str) -> None:
    with pytest.raises(kind, match=re.escape(says)):
        means(query)


@pytest.mark.parametrize(
    ("query", "index", "rest"),
    [
        ("namespace=a&flowId=f", Where(within="a", flow_id="f"), 0),
        (
            "filters[namespace][EQUALS]=a&filters[state][IN]=FAILED,KILLED",
            Where(namespace="a", states=("FAILED", "KILLED")),
            0,
        ),
        ("filters[namespace][IN]=a&filters[triggerExecutionId][EQUALS]=p", Where(namespace="a", owner="p"), 0),
        ("filters[namespace][IN]=a,b", Where(), 1),
        ("childFilter=MAIN", Where(owner=""), 0),
        ("childFilter=CHILD", Where(), 1),
        ("timeRange=PT10S", Where(since=NOW - 10), 0),
        ("endDate=1970-01-01T00:00:05Z", Where(until=5.0), 0),
        ("filters[endDate][LESS_THAN]=1970-01-01T00:00:05Z", Where(), 1),
        ("filters[or][0][namespace][EQUALS]=a&filters[or][1][flowId][EQUALS]=b", Where(), 1),
        (
            "filters[and][0][namespace][EQUALS]=a&filters[and][1][flowId][EQUALS]=b",
            Where(namespace="a", flow_id="b"),
            0,
        ),
        ("flowId=f&filters[flowId][EQUALS]=g", Where(flow_id="f"), 1),
        ("q=a&labels=a:b", Where(), 2),
    ],
)
def test_what_the_index_answers(query: str, index: Where, rest: int) -> None:
    found = plan(asked(query))
    assert (found.index, len(found.rest)) == (index, rest)


def test_all_states_but_some_are_states() -> None:
    states = plan(asked("filters[state][NOT_EQUALS]=FAILED")).index["states"]
    assert set(states) == {str(state) for state in State} - {"FAILED"}
