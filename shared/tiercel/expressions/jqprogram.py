"""Runs jq programs.

Promise: the environment of the process is not readable.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.limits import Budget
from tiercel.expressions.values import OwnList


def run_jq(program: str, value: object, budget: Budget) -> OwnList:
    """Return the list of results."""
    import json

    import jq

    from tiercel.expressions.printing import to_json

    data = value if isinstance(value, str) else to_json(value, budget)
    try:
        json.loads(data)
        return OwnList(jq.compile(program).input_text(data))
    except ValueError as error:
        raise ExpressionError(f"jq: {error}") from None
