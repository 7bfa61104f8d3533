"""What a filter means: for one record of a list, and for the store's index.

Promise: a condition on a field that a list does not have is refused by name, never ignored.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from tiercel.api.failures import BadRequestError
from tiercel.api.filters import Filter
from tiercel.expressions.javaregex import compile_java, search
from tiercel.expressions.limits import Budget
from tiercel.model.states import State
from tiercel.ports import Where

T = TypeVar("T")
Test = Callable[[Any], bool]

SYSTEM = "system"
"""The namespace of the installation's own flows; those below it are, too."""


def is_within(namespace: str, above: str) -> bool:
    """Tell whether a namespace is another one or lies below it."""
    return namespace == above or namespace.startswith(f"{above}.")


def scope_of(namespace: str) -> str:
    """Return the scope of what lies in a namespace."""
    return "SYSTEM" if is_within(namespace, SYSTEM) else "USER"


class Fields(Generic[T]):
    """The fields of a list's records that a filter may name."""

    def __init__(self, what: str, getters: Mapping[str, Callable[[T], Any]]) -> None:
        """Describe a list.

        Args:
            what: What the records are, for errors: `executions`.
            getters: Each gives a record's value, or None: text (or several) for most fields; texts to look into for
                `q`; (key, value) pairs for `labels`; seconds since the epoch for dates (`date` stands for
                `startDate`, `endDate` and `timeRange`); a level's rank; `scope_of(...)`; `CHILD` or `MAIN`.
        """
        self._what = what
        self._getters = getters

    @staticmethod
    def every(_record: object) -> bool:
        """Mean every record."""
        return True

    def value(self, field: str, record: T) -> Any:
        """Return what a record has in a field."""
        return self._getters[field](record)

    def test(self, wanted: Filter | None) -> Callable[[T], bool]:
        """Return what tells whether a record is meant.

        Raises:
            BadRequestError: The records do not have a field.
            ExpressionError: A regular expression cannot be read.
        """
        if wanted is None or (wanted.kind != "is" and not wanted.parts):
            return self.every
        if wanted.kind == "is":
            return self._leaf(wanted)
        tests = [self.test(part) for part in wanted.parts]
        if len(tests) == 1:
            return tests[0]
        if wanted.kind == "or":
            return lambda record: any(test(record) for test in tests)
        return lambda record: all(test(record) for test in tests)

    def _leaf(self, leaf: Filter) -> Callable[[T], bool]:
        getter = self._getters.get(leaf.field)
        if getter is None:
            names = sorted({"date": "startDate, endDate, timeRange"}.get(name, name) for name in self._getters)
            raise BadRequestError(f"{self._what} cannot be filtered by '{leaf.named}'; they can by {', '.join(names)}")
        test = _test_of(leaf)
        return lambda record: test(getter(record))


def _test_of(leaf: Filter) -> Test:
    """Return what tells whether a value is meant."""
    operation, value = leaf.operation, leaf.value
    if operation in ("NOT_EQUALS", "NOT_CONTAINS", "NOT_IN", "IS_NOT_NULL"):
        positive = {"NOT_EQUALS": "EQUALS", "NOT_CONTAINS": "CONTAINS", "NOT_IN": "IN", "IS_NOT_NULL": "IS_NULL"}
        opposite = _test_of(replace(leaf, operation=positive[operation]))
        return lambda found: not opposite(found)
    if leaf.field == "labels":
        return _label_test(operation, value)
    if operation == "IS_NULL":
        return lambda found: found is None or found == ""
    if leaf.field == "q" and operation in ("EQUALS", "CONTAINS"):
        part = str(value).lower()
        return lambda found: any(part in text.lower() for text in _several(found))
    if leaf.field == "level" and operation == "EQUALS":
        return lambda found: found is not None and found >= value
    if leaf.field == "namespace" and operation == "PREFIX":
        return lambda found: found is not None and is_within(found, value)
    return _value_test(operation, value)


_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "EQUALS": operator.eq,
    "IN": lambda found, values: found in values,
    "CONTAINS": lambda found, part: part in found,
    "STARTS_WITH": lambda found, part: found.startswith(part),
    "PREFIX": lambda found, part: found.startswith(part),
    "ENDS_WITH": lambda found, part: found.endswith(part),
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL_TO": operator.ge,
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL_TO": operator.le,
}


def _value_test(operation: str, value: Any) -> Test:
    if operation == "REGEX":
        compile_java(value)
        return lambda found: any(search(value, text, Budget()) is not None for text in _several(found))
    compare = _COMPARED[operation]
    return lambda found: any(compare(each, value) for each in _several(found))


def _several(found: Any) -> Iterable[Any]:
    """Return the values of a field that may have several."""
    if found is None:
        return ()
    return (found,) if isinstance(found, str) or not isinstance(found, Collection) else found


def _label_test(operation: str, value: Any) -> Test:
    if operation == "IS_NULL":
        return lambda found: not any(not value or key == value for key, _ in found)
    wanted = value if operation == "IN" else (value,)
    inside = operation == "CONTAINS"

    def is_meant(label: tuple[str, str]) -> bool:
        return any(_is_label(label, key, text, inside) for key, text in wanted)

    return lambda found: any(is_meant(label) for label in found)


def _is_label(label: tuple[str, str], key: str, text: str | None, inside: bool) -> bool:
    """Tell whether a label is the one that is named; without a value, every one of that key is."""
    if text is None:
        return label[0] == key or (inside and key in label[1])
    return label[0] == key and (text in label[1] if inside else label[1] == text)


@dataclass(frozen=True)
class Plan:
    """How a filter is answered."""

    index: Where
    """What the store's index answers."""
    rest: tuple[Filter, ...] = ()
    """The conditions that the index does not answer."""


def plan(wanted: Filter | None) -> Plan:
    """Return what the index answers of a filter on executions, and what is left to be looked at."""
    index, rest = Where(), []
    for part in conjuncts(wanted):
        found = _narrow(index, part) if part.kind == "is" else None
        if found is None:
            rest.append(part)
        else:
            index = found
    return Plan(index, tuple(rest))


def conjuncts(wanted: Filter | None) -> Iterable[Filter]:
    """Yield the conditions that must all hold."""
    if wanted is None:
        return
    if wanted.kind == "and":
        for part in wanted.parts:
            yield from conjuncts(part)
    else:
        yield wanted


_SLOTS = {
    ("namespace", "EQUALS"): "namespace",
    ("namespace", "PREFIX"): "within",
    ("flowId", "EQUALS"): "flow_id",
    ("triggerExecutionId", "EQUALS"): "owner",
}


def _narrow(index: Where, leaf: Filter) -> Where | None:
    """Return the index's part with one more condition; None where it cannot take that."""
    operation, value = leaf.operation, leaf.value
    if operation == "IN" and len(value) == 1:
        operation, value = "EQUALS", value[0]
    slot = _SLOTS.get((leaf.field, operation))
    if slot is not None:
        return None if slot in index else cast(Where, {**index, slot: value})
    if leaf.field == "childFilter" and (operation, value) == ("EQUALS", "MAIN") and "owner" not in index:
        return {**index, "owner": ""}
    if leaf.field == "state":
        return _narrow_states(index, operation, value)
    if leaf.field == "date" and operation == "GREATER_THAN_OR_EQUAL_TO":
        return {**index, "since": max(value, index.get("since", value))}
    if leaf.field == "date" and operation == "LESS_THAN_OR_EQUAL_TO":
        return {**index, "until": min(value, index.get("until", value))}
    return None


def _narrow_states(index: Where, operation: str, value: Any) -> Where | None:
    values = (value,) if operation in ("EQUALS", "NOT_EQUALS") else value
    if "states" in index or operation not in ("EQUALS", "NOT_EQUALS", "IN", "NOT_IN"):
        return None
    wanted = tuple(str(state) for state in State if (state in values) is (operation in ("EQUALS", "IN")))
    return {**index, "states": wanted} if wanted else None
