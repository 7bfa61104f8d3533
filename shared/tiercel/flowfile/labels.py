"""Labels, written as a map or as a list of `{key, value}`; both become pairs in the order written."""

from __future__ import annotations

from typing import Any

from tiercel.flowfile.places import Key, Path, Report
from tiercel.flowfile.words import shown, unrecognized

SYSTEM = "system."
ALLOWED_IN_FLOWS = frozenset({"system.readOnly"})

_Labels = tuple[tuple[str, str], ...]


def read_labels(value: object, path: Path, report: Report, *, allowed: frozenset[str] = frozenset()) -> _Labels:
    """Return labels as pairs, reporting what is wrong with them.

    Args:
        value: A map or a list, or None.
        path: Where they stand.
        report: Takes the problems.
        allowed: The system labels that may be set here.
    """
    pairs: list[tuple[str, str]] = []
    places: list[Path] = []
    if isinstance(value, dict):
        for key, item in value.items():
            _take(pairs, key, item, value, key, (*path, key), report)
            places += [(*path, key)] * (len(pairs) - len(places))
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            _take_entry(pairs, entry, (*path, index), report)
            places += [(*path, index, "key")] * (len(pairs) - len(places))
    elif value is not None:
        report.problem(path, f"must be a map or a list of {{key, value}}, found {shown(value)}")
    for (key, text), place in zip(pairs, places, strict=True):
        if key.startswith(SYSTEM) and key not in allowed:
            message = f"System labels can only be set by Kestra itself, offending label: {key}={text}; rename the label"
            report.problem(place, message, key=isinstance(value, dict))
    return tuple(pairs)


def _take_entry(pairs: list[tuple[str, str]], entry: Any, path: Path, report: Report) -> None:
    if not isinstance(entry, dict):
        report.problem(path, f"must be a map with 'key' and 'value', found {shown(entry)}")
        return
    for name in entry:
        if name not in ("key", "value"):
            report.problem((*path, name), unrecognized(name, "label", ("key", "value")), key=True)
    if "key" not in entry or not isinstance(entry["key"], str) or not entry["key"].strip():
        report.problem((*path, "key"), f"a label's key must not be blank, found {shown(entry.get('key'))}")
        return
    _take(pairs, entry["key"], entry.get("value"), entry, "value", (*path, "value"), report)


def _take(
    pairs: list[tuple[str, str]], name: str, value: Any, container: object, key: Key, path: Path, report: Report
) -> None:
    if not name.strip():
        report.problem(path, "a label's key must not be blank; give it a name", key=True)
    elif isinstance(value, str | bool | int | float):
        text = value if isinstance(value, str) else report.document.text(container, key, value)
        pairs.append((name, text))
    else:
        report.problem(path, f"the label '{name}' must be a text, a number, true or false, found {shown(value)}")
