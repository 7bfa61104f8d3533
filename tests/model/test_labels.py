"""Labels as expressions see them, and labels that take the place of others."""

from __future__ import annotations

import pytest

from tiercel.model.labels import merged_labels, nested_labels


def test_of_a_key_that_stands_twice_the_first_one_is_seen() -> None:
    assert nested_labels([("a", "flow"), ("b", "x"), ("a", "given")]) == {"a": "flow", "b": "x"}


@pytest.mark.parametrize(
    ("labels", "seen"),
    [
        ([("a.b", "1"), ("a.c", "2")], {"a": {"b": "1", "c": "2"}}),
        ([("a", "1"), ("a.b", "2")], {"a": "1"}),
        ([("a.b", "1"), ("a", "2")], {"a": {"b": "1"}}),
    ],
)
def test_a_dotted_key_is_nested_where_no_other_bars_it(labels: list[tuple[str, str]], seen: dict[str, object]) -> None:
    assert nested_labels(labels) == seen


def test_a_label_is_replaced_where_it_stands_and_others_stay_as_they_are() -> None:
    labels = [("a", "flow"), ("b", "x"), ("a", "given"), ("c", "1"), ("c", "2")]
    assert merged_labels(labels, [("a", "new"), ("d", "y")]) == [
        ("a", "new"),
        ("b", "x"),
        ("c", "1"),
        ("c", "2"),
        ("d", "y"),
    ]
