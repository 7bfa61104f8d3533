"""A flow that shows a plugin: with what it must be given, each in a form that is accepted. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

TASK = {"id": "first", "type": "io.kestra.plugin.core.log.Log", "message": "Hello"}

SAMPLES: Mapping[str, Any] = {
    "uri": "https://example.com",
    "url": "https://example.com",
    "from": "{{ outputs.before.uri }}",
    "namespace": "company.team",
    "flowId": "another",
    "message": "Hello",
    "cron": "0 8 * * *",
    "sql": "SELECT 1",
    "commands": ["echo hello"],
    "script": "print('hello')",
    "key": "a-key-that-nobody-guesses",
    "expression": "{{ true }}",
    "condition": "{{ true }}",
    "values": ["a", "b"],
    "interval": "PT1M",
    "projectId": "my-project",
    "bucket": "my-bucket",
    "from_": "me@example.com",
    "states": ["SUCCESS"],
    "in": ["SUCCESS"],
    "before": "2027-01-01T00:00:00Z",
    "after": "2026-01-01T00:00:00Z",
}
"""What stands for a property, by its name."""

INNER = {**TASK, "id": "inner"}

CONDITION = {"type": "io.kestra.plugin.core.condition.Expression", "expression": "{{ true }}"}

MORE: Mapping[str, Mapping[str, Any]] = {
    "Switch": {"cases": {"a": [INNER]}},
    "DateTimeBetween": {"after": "2026-01-01T00:00:00Z"},
    "TimeBetween": {"after": "08:00:00Z"},
    "DateTimeBetweenCondition": {"after": "2026-01-01T00:00:00Z"},
    "TimeBetweenCondition": {"after": "08:00:00Z"},
    "MultipleCondition": {"id": "all", "conditions": {"one": CONDITION}},
    "Or": {"conditions": [CONDITION]},
    "Not": {"conditions": [CONDITION]},
    "OrCondition": {"conditions": [CONDITION]},
    "NotCondition": {"conditions": [CONDITION]},
    "pubsub.Trigger": {"topic": "orders"},
    "pubsub.RealtimeTrigger": {"topic": "orders"},
}
"""What a type needs that its schema does not require, by the end of its name: one of several, or a rule of its own."""


def flow_of(name: str, kind: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return a flow's text in which a plugin stands where one of its kind does.

    Args:
        name: The type.
        kind: `tasks`, `triggers`, `conditions` or `taskRunners`.
        schema: The plugin's properties, as the documentation has them.
        definitions: What they refer to.
    """
    last = name.rpartition(".")[2]
    given = {each: sample(each, schema["properties"][each], definitions) for each in schema.get("required", ())}
    more = next((each for end, each in MORE.items() if name.endswith(f".{end}")), {})
    made = {"type": name, **{each: value for each, value in given.items() if each not in ("id", "type")}, **more}
    flow: dict[str, Any] = {"id": f"try-{last.lower()}", "namespace": "company.team", "tasks": [TASK]}
    day = {"id": "each_day", "type": "io.kestra.plugin.core.trigger.Schedule", "cron": "0 8 * * *"}
    if kind == "tasks":
        flow["tasks"] = [{"id": "first", **made}]
    elif kind == "triggers":
        flow["triggers"] = [{"id": "begin", **made}]
    elif kind == "conditions":
        flow["triggers"] = [{**day, "conditions": [made]}]
    else:
        flow["tasks"] = [
            {"id": "first", "type": "io.kestra.plugin.scripts.shell.Commands", "taskRunner": made, "commands": ["date"]}
        ]
    return written(flow)


def sample(name: str, shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """Return a value that a property may have."""
    if "$ref" in shape:
        return _referred(name, str(shape["$ref"]), definitions)
    if name in SAMPLES and _takes(shape, SAMPLES[name]):
        return SAMPLES[name]
    if "const" in shape or shape.get("enum"):
        return shape.get("const", (shape.get("enum") or [""])[0])
    choices = [each for each in shape.get("anyOf", ()) if each and each.get("type") != "null"]
    if choices:
        return sample(name, choices[0], definitions)
    return _plain(name, shape, definitions)


def _takes(shape: Mapping[str, Any], value: object) -> bool:
    """Tell whether a schema takes a text, a list or a number such as a value."""
    kind = "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
    return shape.get("type") == kind or any(not each or _takes(each, value) for each in shape.get("anyOf", ()))


def _plain(name: str, shape: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    kind = shape.get("type", "string")
    if kind == "array":
        return [sample(name, shape.get("items", {}), definitions)]
    if kind == "object":
        required = shape.get("required") or list(shape.get("properties", {}))[:1]
        inner = {each: sample(each, shape["properties"][each], definitions) for each in required}
        return inner or {"key": {} if shape.get("minProperties") else "value"}
    if shape.get("format") == "duration":
        return "PT1M"
    if shape.get("format") == "date-time":
        return "2026-01-31T08:00:00Z"
    return {"boolean": True, "integer": 1, "number": 1}.get(str(kind), name)


def _referred(name: str, reference: str, definitions: Mapping[str, Any]) -> Any:
    last = reference.rpartition("/")[2]
    if last.endswith(".Task"):
        return INNER
    return sample(name, definitions.get(last, {}), definitions)


def written(value: Any, indent: int = 0) -> str:
    """Return a structure as YAML, as people write it."""
    space, lines = "  " * indent, []
    for name, each in value.items():
        if isinstance(each, Mapping) and each:
            lines.append(f"{space}{name}:\n{written(each, indent + 1)}")
        elif isinstance(each, list) and each and all(isinstance(item, Mapping) for item in each):
            items = [f"{space}  - {written(item, indent + 2).lstrip()}" for item in each]
            lines.append(f"{space}{name}:\n{''.join(items)}")
        elif isinstance(each, list) and each:
            lines.append(f"{space}{name}:\n" + "".join(f"{space}  - {_scalar(item)}\n" for item in each))
        else:
            lines.append(f"{space}{name}: {_scalar(each)}\n")
    return "".join(lines)


def _scalar(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    plain = (
        isinstance(value, str) and value[:1].isalpha() and all(sign.isalnum() or sign in "-_./:?= " for sign in value)
    )
    is_text = plain and ": " not in value and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off")
    return str(value) if is_text and not value.endswith((":", " ")) else text
