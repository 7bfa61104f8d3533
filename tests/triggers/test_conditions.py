"""Every condition: when it holds, when not, and at its edges."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from tiercel import conditions, registry
from tiercel.conditions import Asked, holds
from tiercel.errors import ExpressionError
from tiercel.expressions import Context, NoWorld, render_deep
from tiercel.model.execution import Attempt, Execution, TaskRun
from tiercel.model.states import State

CORE = "io.kestra.plugin.core.condition."
LABELS = [("env", "prod"), ("team", "data")]


def asked(
    date: str | None = None,
    *,
    state: State | None = None,
    outputs: dict[str, Any] | None = None,
    runs: Iterable[TaskRun] = (),
) -> Asked:
    """Return what a condition sees: a date, or an upstream execution in a state."""
    variables: dict[str, object] = {"trigger": {"date": date}} if date is not None else {}

    def render(value: object, extra: Mapping[str, object] | None = None) -> object:
        return render_deep(value, Context({**variables, "x": 3, "no": False, **(extra or {})}, NoWorld()))

    header = None
    if state is not None:
        header = Execution("e1", "a.b", "up", 1, [(State.CREATED, 0.0), (state, 1.0)], labels=LABELS, outputs=outputs)
    return Asked("my.space", "mine", render, header, lambda: list(runs))


def condition(name: str, **properties: object) -> dict[str, Any]:
    """Return a condition as a flow has it."""
    return {"type": CORE + name, **properties}


MONDAY = "2021-08-02T12:00:00+02:00"
AFTER, BEFORE = "2021-08-02T11:59:59+02:00", "2021-08-02T12:00:01+02:00"

DATES = [
    ("DateTimeBetween", {"after": AFTER}, MONDAY, True),
    ("DateTimeBetween", {"after": MONDAY}, MONDAY, False),
    ("DateTimeBetween", {"before": BEFORE}, MONDAY, True),
    ("DateTimeBetween", {"before": MONDAY}, MONDAY, False),
    ("DateTimeBetween", {"after": AFTER, "before": BEFORE}, MONDAY, True),
    ("DateTimeBetween", {"after": AFTER, "before": AFTER}, MONDAY, False),
    ("DateTimeBetween", {"after": "2021-08-02T09:59:59Z"}, MONDAY, True),
    ("DateTimeBetween", {"after": "2021-08-02"}, MONDAY, True),
    ("DateTimeBetween", {"date": "2020-01-01T00:00:00Z", "after": AFTER}, MONDAY, False),
    ("TimeBetween", {"after": "11:59:59+02:00"}, MONDAY, True),
    ("TimeBetween", {"after": "12:00:00+02:00"}, MONDAY, False),
    ("TimeBetween", {"before": "12:00:01+02:00"}, MONDAY, True),
    ("TimeBetween", {"before": "12:00:00+02:00"}, MONDAY, False),
    ("TimeBetween", {"after": "09:00:00Z", "before": "11:00:00Z"}, MONDAY, True),
    ("TimeBetween", {"after": "11:00:00Z", "before": "13:00:00Z"}, MONDAY, False),
    ("DayWeek", {"dayOfWeek": "MONDAY"}, MONDAY, True),
    ("DayWeek", {"dayOfWeek": "TUESDAY"}, MONDAY, False),
    ("DayWeek", {"dayOfWeek": "{{ x == 3 ? 'MONDAY' : 'SUNDAY' }}"}, MONDAY, True),
    ("DayWeek", {"dayOfWeek": "SUNDAY", "date": "2021-08-01"}, MONDAY, True),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "FIRST"}, MONDAY, True),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "FIRST"}, "2021-08-09", False),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "SECOND"}, "2021-08-09", True),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "THIRD"}, "2021-08-16", True),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "FOURTH"}, "2021-08-23", True),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "LAST"}, "2021-08-30", True),
    ("DayWeekInMonth", {"dayOfWeek": "MONDAY", "dayInMonth": "LAST"}, "2021-08-23", False),
    ("DayWeekInMonth", {"dayOfWeek": "TUESDAY", "dayInMonth": "FIRST"}, MONDAY, False),
    ("DayWeekInMonth", {"dayOfWeek": "SUNDAY", "dayInMonth": "FIRST"}, "2021-08-01", True),
    ("DayWeekInMonth", {"dayOfWeek": "SATURDAY", "dayInMonth": "FIRST"}, "2021-08-07", True),
    ("Weekend", {}, "2021-07-31T23:59:59+02:00", True),
    ("Weekend", {}, "2021-08-01T23:59:59+02:00", True),
    ("Weekend", {}, MONDAY, False),
    ("Weekend", {}, "2021-07-30T23:59:59+02:00", False),
    ("Expression", {"expression": "{{ trigger.date is defined }}"}, MONDAY, True),
    ("Expression", {"expression": "{{ no }}"}, MONDAY, False),
    ("Expression", {"expression": "  "}, MONDAY, False),
    ("Expression", {"expression": " false "}, MONDAY, False),
    ("Expression", {"expression": "yes"}, MONDAY, True),
    ("FlowCondition", {"namespace": "my.space", "flowId": "mine"}, MONDAY, True),
    ("FlowCondition", {"namespace": "my.space", "flowId": "other"}, MONDAY, False),
    ("FlowNamespaceCondition", {"namespace": "my.space"}, MONDAY, True),
    ("FlowNamespaceCondition", {"namespace": "my"}, MONDAY, False),
    ("FlowNamespaceCondition", {"namespace": "my", "prefix": True}, MONDAY, True),
    ("FlowNamespaceCondition", {"namespace": "your", "prefix": True}, MONDAY, False),
]


@pytest.mark.parametrize(("name", "properties", "date", "wanted"), DATES)
def test_a_condition_about_a_date_or_a_flow(name: str, properties: dict[str, Any], date: str, wanted: bool) -> None:
    assert holds(condition(name, **properties), asked(date)) is wanted


EXECUTIONS = [
    ("ExecutionFlow", {"namespace": "a.b", "flowId": "up"}, True),
    ("ExecutionFlow", {"namespace": "a.b", "flowId": "down"}, False),
    ("ExecutionFlow", {"namespace": "a", "flowId": "up"}, False),
    ("ExecutionNamespace", {"namespace": "a.b"}, True),
    ("ExecutionNamespace", {"namespace": "a"}, False),
    ("ExecutionNamespace", {"namespace": "a", "comparison": "PREFIX"}, True),
    ("ExecutionNamespace", {"namespace": "a", "prefix": True}, True),
    ("ExecutionNamespace", {"namespace": ".b", "comparison": "SUFFIX"}, True),
    ("ExecutionNamespace", {"namespace": "a", "comparison": "SUFFIX"}, False),
    ("ExecutionNamespace", {"namespace": "a.b", "comparison": "EQUALS", "prefix": True}, True),
    ("ExecutionStatus", {"in": ["SUCCESS", "WARNING"]}, True),
    ("ExecutionStatus", {"in": ["FAILED"]}, False),
    ("ExecutionStatus", {"in": []}, False),
    ("ExecutionStatus", {"notIn": ["FAILED"]}, True),
    ("ExecutionStatus", {"notIn": ["SUCCESS"]}, False),
    ("ExecutionStatus", {}, True),
    ("ExecutionLabels", {"labels": {"env": "prod"}}, True),
    ("ExecutionLabels", {"labels": {"env": "prod", "team": "data"}}, True),
    ("ExecutionLabels", {"labels": {"env": "prod", "team": "web"}}, False),
    ("ExecutionLabels", {"labels": {"absent": "x"}}, False),
    ("ExecutionLabels", {"labels": [{"key": "team", "value": "data"}]}, True),
    ("ExecutionOutputs", {"expression": "{{ trigger.outputs.rows > 2 }}"}, True),
    ("ExecutionOutputs", {"expression": "{{ trigger.outputs.rows > 3 }}"}, False),
    ("Not", {"conditions": [condition("ExecutionStatus", **{"in": ["FAILED"]})]}, True),
    (
        "Not",
        {"conditions": [condition("ExecutionStatus"), condition("ExecutionFlow", namespace="a.b", flowId="down")]},
        False,
    ),
    (
        "Or",
        {"conditions": [condition("ExecutionFlow", namespace="a.b", flowId="down"), condition("ExecutionStatus")]},
        True,
    ),
    ("Or", {"conditions": [condition("Expression", expression="false")]}, False),
]


@pytest.mark.parametrize(("name", "properties", "wanted"), EXECUTIONS)
def test_a_condition_about_an_execution(name: str, properties: dict[str, Any], wanted: bool) -> None:
    assert holds(condition(name, **properties), asked(state=State.SUCCESS, outputs={"rows": 3})) is wanted


def test_without_outputs_a_condition_about_outputs_does_not_hold() -> None:
    about = condition("ExecutionOutputs", expression="{{ trigger.outputs is not defined }}")
    assert holds(about, asked(state=State.SUCCESS)) is False


def tries(*states: State) -> TaskRun:
    """Return a task run with attempts that ended so."""
    attempts = [Attempt([(State.CREATED, 0.0), (state, 1.0)]) for state in states]
    return TaskRun("t", "t", [(State.CREATED, 0.0)], attempts=attempts)


ATTEMPTS = [
    ([], {}, False),
    ([tries(State.SUCCESS)], {}, False),
    ([tries(State.FAILED, State.SUCCESS)], {}, True),
    ([tries(State.FAILED, State.SUCCESS)], {"in": ["FAILED"]}, True),
    ([tries(State.FAILED, State.SUCCESS)], {"in": ["KILLED"]}, False),
    ([tries(State.FAILED, State.FAILED)], {"notIn": ["FAILED"]}, False),
    ([tries(State.FAILED, State.SUCCESS)], {"notIn": ["FAILED"]}, True),
]


@pytest.mark.parametrize(("runs", "properties", "wanted"), ATTEMPTS)
def test_a_condition_about_attempts(runs: list[TaskRun], properties: dict[str, Any], wanted: bool) -> None:
    assert holds(condition("HasRetryAttempt", **properties), asked(state=State.SUCCESS, runs=runs)) is wanted


DOUBTS = [
    (condition("DayWeek", dayOfWeek="{{ 'FUNDAY' }}"), "FUNDAY"),
    (condition("DayWeek", dayOfWeek="MONDAY", date="tomorrow"), "'tomorrow' is not a date"),
    (condition("Expression", expression="{{ nothing.there }}"), "nothing"),
    (condition("ExecutionFlow", namespace="a", flowId="b"), "ExecutionFlow looks at an execution"),
    (condition("HasRetryAttempt"), "HasRetryAttempt looks at an execution"),
    (condition("Not", conditions=[condition("Expression", expression="{{ nothing }}")]), "nothing"),
    (condition("MultipleCondition", id="m", conditions={"a": condition("Weekend")}), "Flow triggers only"),
    ({"type": "io.kestra.plugin.core.log.Log"}, "is no condition"),
]


@pytest.mark.parametrize(("about", "reason"), DOUBTS)
def test_what_cannot_be_judged_says_so(about: dict[str, Any], reason: str) -> None:
    with pytest.raises(ExpressionError, match=reason):
        holds(about, asked(MONDAY))


BAD = [
    ("DateTimeBetween", {}, "'after' or 'before' is needed"),
    ("DateTimeBetween", {"after": "soon"}, "'soon' is not a date"),
    ("TimeBetween", {}, "'after' or 'before' is needed"),
    ("TimeBetween", {"after": "12:00:00"}, "with an offset"),
    ("DayWeek", {"dayOfWeek": "Monday"}, "MONDAY"),
    ("ExecutionLabels", {"labels": {"system.id": "x"}}, "system.id=x"),
    ("ExecutionLabels", {"labels": {}}, "must not be empty"),
    ("Or", {"conditions": []}, "at least 1"),
    ("Not", {"conditions": [{"type": CORE + "MultipleCondition"}]}, "cannot stand inside another"),
    ("MultipleCondition", {"id": "a b", "conditions": {"a": {}}}, "pattern"),
    (
        "MultipleCondition",
        {"id": "a", "conditions": {"a": {"type": CORE + "Weekend"}}, "window": "P1D", "timeWindow": {}},
        "keep 'timeWindow'",
    ),
]


@pytest.mark.parametrize(("name", "properties", "reason"), BAD)
def test_a_wrong_condition_is_refused(name: str, properties: dict[str, Any], reason: str) -> None:
    plugin = registry.load(CORE + name)
    with pytest.raises(ValidationError, match=reason):
        plugin.model_validate({"type": CORE + name, **properties})


class _Holidays(ModuleType):
    """Stands in for the package `holidays`."""

    @staticmethod
    def country_holidays(country: str, subdiv: str | None) -> object:
        from datetime import date

        if country != "FR":
            raise NotImplementedError(country)
        return {date(2021, 7, 14)} | ({date(2021, 12, 26)} if subdiv == "GES" else set())


@pytest.fixture
def _with_holidays(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.machinery import ModuleSpec

    module = _Holidays("holidays")
    module.__spec__ = ModuleSpec("holidays", None)
    monkeypatch.setitem(sys.modules, "holidays", module)


@pytest.mark.usefixtures("_with_holidays")
def test_public_holidays_are_those_of_the_country_and_its_part() -> None:
    def is_holiday(day: str, **place: str) -> bool:
        return holds(condition("PublicHoliday", **place), asked(day))

    assert is_holiday("2021-07-14T08:00:00+02:00", country="FR")
    assert not is_holiday("2021-07-15", country="FR")
    assert not is_holiday("2021-12-26", country="fr")
    assert is_holiday("2021-12-26", country="FR", subDivision="GES")
    with pytest.raises(ExpressionError, match="'XX' are not known"):
        is_holiday("2021-07-14", country="XX")


def test_the_real_package_knows_the_holidays_of_a_country() -> None:
    assert holds(condition("PublicHoliday", country="DE", subDivision="BY"), asked("2024-01-06"))
    assert not holds(condition("PublicHoliday", country="DE", subDivision="BE"), asked("2024-01-06"))


def test_without_its_package_public_holiday_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ValidationError, match=r"tiercel\[calendar\]"):
        registry.load(CORE + "PublicHoliday").model_validate({"type": CORE + "PublicHoliday", "country": "FR"})


OLD_NAMES = {
    "io.kestra.core.models.conditions.types.DayWeekCondition": "DayWeek",
    "io.kestra.core.models.conditions.types.ExecutionFlowCondition": "ExecutionFlow",
    "io.kestra.core.models.conditions.types.FlowCondition": "FlowCondition",
    "io.kestra.core.models.conditions.types.FlowNamespaceCondition": "FlowNamespaceCondition",
    "io.kestra.core.models.conditions.types.MultipleCondition": "MultipleCondition",
    "io.kestra.core.models.conditions.types.NotCondition": "Not",
    "io.kestra.core.models.conditions.types.VariableCondition": "Expression",
    "io.kestra.plugin.core.condition.ExecutionsCondition": "MultipleCondition",
    "io.kestra.plugin.core.condition.HasRetryAttemptCondition": "HasRetryAttempt",
}


@pytest.mark.parametrize(("old", "new"), OLD_NAMES.items())
def test_old_names_lead_to_the_new_ones(old: str, new: str) -> None:
    known = registry.find(old)
    assert known is not None
    assert known.type == CORE + new
    assert issubclass(known.load(), conditions.Condition)


def test_only_conditions_about_the_day_alone_let_a_search_skip_the_day() -> None:
    assert conditions.is_daily(condition("Weekend"))
    assert conditions.is_daily(condition("DayWeek", dayOfWeek="MONDAY", date="{{trigger.date}}"))
    assert not conditions.is_daily(condition("TimeBetween", after="12:00:00Z"))
    assert not conditions.is_daily(condition("Weekend", date="{{ trigger.next }}"))


@pytest.mark.parametrize(
    ("text", "holds"), [("0", True), ("-0", True), ("null", True), ("[]", True), (" False ", False), ("  ", False)]
)
def test_an_expression_is_false_where_it_is_blank_or_says_false(text: str, holds: bool) -> None:
    assert conditions.truth(text) is holds
