"""Functions that render text found in values, and print blocks and variables.

Promise: a rendering that never settles ends with an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.limits import MAX_PASSES, LimitError
from tiercel.expressions.operators import truth
from tiercel.expressions.printing import check_depth, to_text
from tiercel.expressions.routines import function_named

_RENDER_STEPS = 100


@function_named("render", parameters="toRender recursive", required=1, framed=True)
def render(frame: Frame, to_render: object, recursive: object = None) -> object:
    """Render a text, or every text of a structure, until it no longer changes."""
    if frame.context.world.recursive_rendering:
        raise ExpressionError(
            "Function or Macro [render] does not exist: TIERCEL_RECURSIVE_RENDERING is on, and renders every text"
        )
    settle = True if recursive is None else bool(truth(recursive))
    passes = MAX_PASSES if settle else 1
    return _deep(frame, to_render, lambda text: _rendered(frame, text, passes))


@function_named("renderOnce", parameters="toRender", required=1, framed=True)
def render_once(frame: Frame, to_render: object) -> object:
    """Render a text, or every text of a structure, in one pass."""
    return _deep(frame, to_render, lambda text: _rendered(frame, text, 1))


def _deep(frame: Frame, value: object, change: Callable[[str], str], depth: int = 0) -> object:
    frame.budget.spend(4)
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        check_depth(depth)
        result: dict[object, object] = {}
        for key, child in value.items():
            result.setdefault(_deep(frame, key, change, depth + 1), _deep(frame, child, change, depth + 1))
        return result
    if isinstance(value, list | tuple | set | frozenset):
        check_depth(depth)
        return [_deep(frame, child, change, depth + 1) for child in value]
    return value


def _rendered(frame: Frame, text: str, passes: int) -> str:
    from tiercel.expressions.template import compile_template, untagged

    variables = frame.visible()
    for _ in range(passes):
        if "{" not in text:
            return text
        template = compile_template(text)
        if template.program is None:
            return text
        frame.budget.spend(_RENDER_STEPS + 4 * len(text))
        rendered = template.run(frame.child(template.program, variables))
        if rendered == text or passes == 1:
            return untagged(rendered)
        text = frame.budget.hold_text(rendered)
    raise LimitError(f"Too many rendering attempts: the text still changes after {passes} passes")


@function_named("printContext", "fetchContext", framed=True)
def print_context(frame: Frame) -> object:
    """Return all variables."""
    return frame.visible()


@function_named("block", parameters="name", required=1, framed=True)
def block(frame: Frame, name: object) -> str:
    """Return what a block prints."""
    body = frame.program.blocks.get(to_text(name))
    if body is None:
        return ""
    frame.budget.spend(_RENDER_STEPS)
    return frame.capture(body)


@function_named("parent")
def parent() -> str:
    """Refuse: templates do not inherit here."""
    raise ExpressionError("The function parent() needs a template to inherit from, and flows have none")


@function_named("i18n", variadic=True)
def i18n(*_: object) -> str:
    """Refuse: there are no resource bundles."""
    raise ExpressionError("The function i18n() is not supported: there are no resource bundles")
