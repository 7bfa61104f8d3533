"""Which filters and functions there are, and what to say for some names that are not.

Promise: the modules that hold them are imported with the first template that calls something.
"""

from __future__ import annotations

from tiercel.expressions.routines import FILTERS, FUNCTIONS, Routine

FILTER_HINTS = {
    "dateFormat": "the filter `date`",
    "truncate": "the filter `abbreviate` or `slice`",
    "ternary": "the operator `condition ? a : b`",
    "tojson": "the filter `toJson`",
    "count": "the filter `length`",
    "size": "the filter `length`",
    "unique": "the filter `distinct`",
    "int": "the filter `number`",
    "float": "the filter `number`",
    "format": "the operator `~`",
    "uppercase": "the filter `upper`",
    "lowercase": "the filter `lower`",
}
FUNCTION_HINTS = {
    "secrets": "the function `secret`",
    "toJson": "the filter `toJson`",
    "parseJson": "the function `fromJson`",
    "len": "the filter `length`",
}


def filters() -> dict[str, Routine]:
    """Return every filter by its name."""
    import tiercel.expressions.filters  # noqa: F401  # importing registers; while another thread does so, it waits

    return FILTERS


def functions() -> dict[str, Routine]:
    """Return every function by its name."""
    import tiercel.expressions.functions  # noqa: F401  # importing registers; while another thread does so, it waits

    return FUNCTIONS
