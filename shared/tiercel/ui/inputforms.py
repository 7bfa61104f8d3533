"""Inputs as a form: a control for each, what is wrong with it below it; and what was given, as clients give it.

What stands in the form is what the API says of the inputs (`validate`), so values, choices and what depends on others
are the server's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request

NEVER_SHOWN = frozenset(("SECRET", "FILE"))
"""Types whose values are not put into a form."""

CONTROLS: Mapping[str, str] = {
    "INT": "number",
    "FLOAT": "number",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "SELECT": "select",
    "ENUM": "select",
    "MULTISELECT": "multiselect",
    "DATE": "date",
    "DATETIME": "datetime",
    "TIME": "time",
    "FILE": "file",
    "SECRET": "secret",
    "JSON": "code",
    "YAML": "code",
    "ARRAY": "code",
    "OBJECT": "code",
    "TABLE": "code",
    "EMAIL": "email",
}
"""The control of each type; others are a line of text that grows."""


@dataclass(frozen=True)
class Field:
    """An input in a form."""

    id: str
    declared: Mapping[str, Any]
    """The input, as the API describes it."""
    value: object
    errors: tuple[str, ...] = ()
    enabled: bool = True

    @property
    def control(self) -> str:
        """What it is filled in with."""
        if self.declared.get("isRadio") and self.type in ("SELECT", "ENUM"):
            return "radio"
        if self.type in ("SELECT", "ENUM") and self.declared.get("allowCustomValue"):
            return "suggested"
        if self.type in ("BOOL", "BOOLEAN") and self.declared.get("required", True):
            return "switch"
        return CONTROLS.get(self.type, "line")

    @property
    def type(self) -> str:
        """The input's type."""
        return str(self.declared["type"])

    @property
    def text(self) -> str:
        """The value as a text field shows it."""
        if self.value is None or self.type in NEVER_SHOWN:
            return ""
        if isinstance(self.value, bool):
            return str(self.value).lower()
        found = self.value if isinstance(self.value, str) else json.dumps(self.value, indent=2, ensure_ascii=False)
        return found[:19] if self.control == "datetime" else found

    @property
    def place(self) -> str:
        """Of a file: where it is in the namespace, when it is one of those (`nsfile:///...`)."""
        found = self.value if self.type == "FILE" else None
        return found if isinstance(found, str) and found.startswith("nsfile://") else ""

    @property
    def default(self) -> str:
        """What is taken where nothing is given, as a text; empty for none, and of a secret."""
        found = self.declared.get("defaults")
        if found is None or self.type == "SECRET":
            return ""
        if isinstance(found, bool):
            return str(found).lower()
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    @property
    def chosen(self) -> Sequence[str]:
        """The values of a list."""
        return [str(each) for each in self.value] if isinstance(self.value, list) else []

    @property
    def choices(self) -> Sequence[str]:
        """What there is to choose from."""
        known = [str(each) for each in self.declared.get("values") or self.declared.get("options") or ()]
        own = self.chosen if self.declared.get("allowCustomValue") else ()
        return [*known, *(each for each in own if each not in known)]

    @property
    def required(self) -> bool:
        """Whether there must be a value that nobody else gives."""
        return bool(self.declared.get("required", True)) and self.declared.get("defaults") is None


def fields(reports: Sequence[Mapping[str, Any]], given: Mapping[str, object], *, complain: bool) -> list[Field]:
    """Return the form of some inputs.

    Args:
        reports: What the API says of each.
        given: What was given; shown as it is where it is wrong.
        complain: Whether it is said what is wrong: not of a form that nobody has filled in yet.
    """
    found = []
    for report in reports:
        declared, value = report["input"], report.get("value")
        errors = tuple(str(each["message"]) for each in report.get("errors", ()))
        if value is None:
            value = given.get(declared["id"], declared.get("prefill"))
        shown = errors if complain or declared["id"] in given else ()
        found.append(Field(declared["id"], declared, value, shown, report.get("enabled", True)))
    return found


def given_of(request: Request, types: Mapping[str, str]) -> tuple[list[tuple[str, str]], list[tuple[str, FileStorage]]]:
    """Return the fields and the files of a form that were filled in; the form's own fields begin with `_`.

    Args:
        request: What was sent.
        types: The types of the inputs by id.
    """
    files = [(name, file) for name, file in request.files.items(multi=True) if file.filename]
    sent = {name for name, _ in files}
    texts = [
        (name, value)
        for name in request.form
        if not name.startswith("_") and name not in sent
        for value in _texts(types.get(name, ""), request.form.getlist(name))
    ]
    return texts, files


def _texts(kind: str, values: list[str]) -> Iterator[str]:
    filled = [value.replace("\r\n", "\n") for value in values if value != ""]
    if kind == "MULTISELECT" and filled:
        yield json.dumps(filled)
    elif kind == "DATETIME" and filled:
        text = filled[-1] if filled[-1].count(":") > 1 else f"{filled[-1]}:00"
        yield text if text.endswith("Z") or "+" in text else f"{text}Z"
    elif filled:
        yield filled[-1]


def prefilled(inputs: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Return the inputs of an earlier execution as the fields of a form; the caller drops files and secrets."""
    found: list[tuple[str, str]] = []
    for name, value in inputs.items():
        if value is not None:
            found.append((f"{above}{name}", value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))
        if isinstance(value, dict):
            found += prefilled(value, f"{above}{name}.")
    return found
