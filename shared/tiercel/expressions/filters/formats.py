"""Filters to and from data formats: JSON, Ion, YAML, and jq programs.

Promise: libraries are loaded when a filter first needs them.
"""

from __future__ import annotations

from tiercel.expressions.frame import Frame
from tiercel.expressions.printing import to_json
from tiercel.expressions.routines import filter_named, text_argument


@filter_named("toJson", "json", takes_null=True, framed=True)
def json_text(frame: Frame, value: object) -> str:
    """Return compact JSON."""
    return to_json(value, frame.budget)


@filter_named("toIon", takes_null=True, framed=True)
def ion_text(frame: Frame, value: object) -> str:
    """Return Ion text."""
    from tiercel.expressions.ion import to_ion

    return to_ion(value, frame.budget)


@filter_named("yaml", takes_null=True, framed=True)
def yaml_text(frame: Frame, value: object) -> str:
    """Return block YAML."""
    from tiercel.expressions.yamltext import to_yaml

    return to_yaml(value, frame.budget)


@filter_named("jq", parameters="expression", required=1, framed=True)
def jq(frame: Frame, value: object, expression: object) -> object:
    """Return the list of what a jq program gives."""
    from tiercel.expressions.jq import run_jq

    return run_jq(text_argument(expression, "expression"), value, frame.budget)
