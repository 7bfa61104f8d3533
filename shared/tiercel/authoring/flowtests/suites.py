"""Files of tests: YAML to suites, or everything that is wrong with them, each with its line.

The properties are those of Kestra's unit tests; `fixtures.now` and the operator `matches` are our own.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tiercel.errors import FlowError
from tiercel.flowfile.places import Document, Path, Report
from tiercel.flowfile.reading import decode, read
from tiercel.graphs.topology import Name
from tiercel.model.flow import Flow

UNIT_TEST = "io.kestra.core.tests.flow.UnitTest"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class TaskFixture(_Part):
    """What a task gives in a test, in place of running."""

    id: str
    value: str | int | float | bool | None = None
    """Only for the run of this loop value."""
    description: str | None = None
    outputs: dict[str, Any] | None = None
    """May hold expressions; `files` is the map of the case's files."""
    state: Literal["SUCCESS", "WARNING", "FAILED", "SKIPPED", "KILLED"] = "SUCCESS"


class TriggerFixture(_Part):
    """The trigger that starts the execution."""

    id: str
    type: str | None = None
    """By default that of the flow's trigger of this id."""
    variables: dict[str, Any] = Field(default_factory=dict)
    """What expressions see as `trigger`."""


class Fixtures(_Part):
    """What a case begins with."""

    inputs: dict[str, Any] = Field(default_factory=dict)
    files: dict[str, str] = Field(default_factory=dict)
    """Namespace files: a path, and what stands in it."""
    tasks: list[TaskFixture] = Field(default_factory=list)
    trigger: TriggerFixture | None = None
    now: str | None = None
    """The time at which the execution begins; by default the time it is."""

    @property
    def begins(self) -> datetime | None:
        """The time of `now`."""
        return None if self.now is None else read_time(self.now)


class Assertion(_Part):
    """What must hold when the execution has ended."""

    value: Any
    task_id: str | None = None
    """As the latest run of this task sees it."""
    description: str | None = None
    error_message: str | None = None
    equal_to: Any = Field(None, validation_alias=AliasChoices("equalTo", "equalsTo"))
    not_equal_to: Any = Field(None, validation_alias=AliasChoices("notEqualTo", "notEqualsTo"))
    contains: Any = None
    starts_with: Any = None
    ends_with: Any = None
    matches: str | None = None
    greater_than: Any = None
    greater_than_or_equal_to: Any = None
    less_than: Any = None
    less_than_or_equal_to: Any = None
    is_in: Any = Field(None, validation_alias=AliasChoices("in"))
    not_in: Any = None
    is_null: bool | None = None
    is_not_null: bool | None = None

    @property
    def operators(self) -> Iterator[tuple[str, object]]:
        """Yield each comparison that is asked for, by its name in YAML, with what is expected."""
        for name in type(self).model_fields:
            if name in self.model_fields_set and name not in ("value", "task_id", "description", "error_message"):
                yield ("in" if name == "is_in" else to_camel(name)), getattr(self, name)


class Case(_Part):
    """One execution, and what must hold for it."""

    id: str
    type: str = UNIT_TEST
    description: str | None = None
    disabled: bool = False
    fixtures: Fixtures = Fixtures()
    assertions: list[Assertion] = Field(min_length=1)


class Suite(_Part):
    """The tests of one flow."""

    id: str
    namespace: str
    flow_id: str
    description: str | None = None
    disabled: bool = False
    test_cases: list[Case] = Field(min_length=1)

    @property
    def flow(self) -> Name:
        """The flow under test."""
        return self.namespace, self.flow_id


Read = tuple[Document, Suite]


def read_time(text: str) -> datetime:
    """Return a time; without a zone it is UTC.

    Raises:
        ValueError: It is none.
    """
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def read_suites(content: bytes, source: str) -> list[Read]:
    """Return the suites of a file.

    Raises:
        FlowError: Something is wrong with them; `problems` holds all of it.
    """
    try:
        documents = [each for each in read(decode(content)) if each.value is not None]
    except FlowError as error:
        raise FlowError(error.problems, source) from None
    if not documents:
        raise FlowError("the file is empty; wanted a test with id, namespace, flowId and testCases", source)
    reports = [Report(document, problems=list(document.problems)) for document in documents]
    found = [suite for report in reports if (suite := _suite(report)) is not None]
    problems = [problem for report in reports for problem in report.problems]
    if problems:
        raise FlowError(problems, source)
    return list(zip(documents, found, strict=True))


def check_against(flow: Flow, read: Read, source: str) -> None:
    """See that the tasks and triggers that a suite names are there.

    Raises:
        FlowError: Some are not; all of them are named.
    """
    document, suite = read
    report = Report(document)
    triggers = [str(trigger["id"]) for trigger in flow.triggers]
    for number, case in enumerate(suite.test_cases):
        at: Path = ("testCases", number, "fixtures")
        for index, task in enumerate(case.fixtures.tasks):
            _known(report, (*at, "tasks", index, "id"), "task", task.id, [*flow.nodes])
        trigger = case.fixtures.trigger
        if trigger is not None and trigger.type is None:
            _known(report, (*at, "trigger", "id"), "trigger", trigger.id, triggers)
        for index, assertion in enumerate(case.assertions):
            if assertion.task_id is not None:
                place = ("testCases", number, "assertions", index, "taskId")
                _known(report, place, "task", assertion.task_id, [*flow.nodes])
    if report.problems:
        raise FlowError(report.problems, source)


def _known(report: Report, path: Path, what: str, name: str, there: list[str]) -> None:
    if name not in there:
        report.problem(path, f"the flow has no {what} '{name}': {_remedy(name, there)}")


def _remedy(name: str, there: list[str]) -> str:
    near = difflib.get_close_matches(name, there, 1)
    return f"nearest is '{near[0]}'" if near else f"it has {', '.join(there) or 'none'}"


def _suite(report: Report) -> Suite | None:
    """Return the suite of a document; None, with the problems noted, where it is none."""
    if not isinstance(report.document.value, dict):
        report.problem((), "wanted a test with id, namespace, flowId and testCases")
        return None
    try:
        suite = Suite.model_validate(report.document.value)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            path: Path = fault["loc"]
            is_key = fault["type"] == "extra_forbidden"
            report.problem(path, _said(fault["type"], fault["msg"], path), key=is_key)
        return None
    _look_closer(report, suite)
    return suite


_NAMES = sorted(
    {
        str(alias)
        for model in (TaskFixture, TriggerFixture, Fixtures, Assertion, Case, Suite)
        for name, field in model.model_fields.items()
        for alias in getattr(field.validation_alias, "choices", [field.alias or to_camel(name)])
    }
)


def _said(kind: str, message: str, path: Path) -> str:
    if kind == "extra_forbidden":
        name = str(path[-1])
        return f"a test has no property '{name}' here: {_remedy(name, _NAMES)}"
    if kind == "missing":
        return f"'{path[-1]}' is missing"
    return message[:1].lower() + message[1:]


def _look_closer(report: Report, suite: Suite) -> None:
    """Note what the shape alone does not say."""
    ids: set[str] = set()
    for number, case in enumerate(suite.test_cases):
        at: Path = ("testCases", number)
        if case.type != UNIT_TEST:
            report.problem((*at, "type"), f"the type '{case.type}' is unknown; wanted {UNIT_TEST}")
        if case.id in ids:
            report.problem((*at, "id"), f"the id '{case.id}' stands there twice; each case has its own")
        ids.add(case.id)
        try:
            case.fixtures.begins  # noqa: B018 - only whether it can be read
        except ValueError:
            found = f"found '{case.fixtures.now}', wanted a time such as 2026-01-31T08:00:00Z"
            report.problem((*at, "fixtures", "now"), found)
        for index, assertion in enumerate(case.assertions):
            if not list(assertion.operators):
                place = (*at, "assertions", index)
                report.problem(place, "the value is compared with nothing; write equalTo, contains, isNotNull...")
