"""Templates: the expression language of flows.

Promise: rendering is pure. Variables and the readers of the world are arguments, nothing else is reached; whatever the
text, the answer is a value or an `ExpressionError`.
"""

from __future__ import annotations

from tiercel.expressions.frame import Context
from tiercel.expressions.limits import LimitError
from tiercel.expressions.printing import to_json, to_text
from tiercel.expressions.template import Template, compile_template, evaluate, render, render_deep
from tiercel.expressions.values import Float32, Instant, Long
from tiercel.expressions.world import NoWorld, World

_FALSE_TEXTS = frozenset(("", "false", "0", "-0"))


def is_truthy_text(text: str | None) -> bool:
    """Tell whether rendered text counts as true: all does but null, `false`, `0`, `-0` and nothing."""
    return text is not None and text not in _FALSE_TEXTS


__all__ = [
    "Context",
    "Float32",
    "Instant",
    "LimitError",
    "Long",
    "NoWorld",
    "Template",
    "World",
    "compile_template",
    "evaluate",
    "is_truthy_text",
    "render",
    "render_deep",
    "to_json",
    "to_text",
]
