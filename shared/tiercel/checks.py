"""Checks of a flow: what must hold before an execution is created (flow specification, 1.11)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions import is_truthy_text

BLOCK, FAIL, CREATE = "BLOCK_EXECUTION", "FAIL_EXECUTION", "CREATE_EXECUTION"
_STRICTEST_FIRST = (BLOCK, FAIL, CREATE)


def strictest(checks: Sequence[Mapping[str, Any]], render: Callable[[str], str]) -> tuple[str, list[str]] | None:
    """Return what the checks that do not hold ask for, and their messages; None when all hold.

    Args:
        checks: The flow's checks as loaded: `condition`, `message`, `behavior`.
        render: Renders a condition; one that cannot be rendered does not hold.
    """
    broken = failed(checks, render)
    if not broken:
        return None
    behavior = min((str(check["behavior"]) for check, _ in broken), key=_STRICTEST_FIRST.index)
    return behavior, [message for _, message in broken]


def failed(checks: Sequence[Mapping[str, Any]], render: Callable[[str], str]) -> list[tuple[Mapping[str, Any], str]]:
    """Return the checks that do not hold, each with its message."""
    return [(check, message) for check in checks if (message := _broken(check, render)) is not None]


def _broken(check: Mapping[str, Any], render: Callable[[str], str]) -> str | None:
    try:
        holds = is_truthy_text(render(str(check["condition"])))
        return None if holds else str(check["message"])
    except ExpressionError as error:
        return f"{check['message']} (the condition cannot be rendered: {error})"
