"""How the languages beyond our own table write dates, from the Unicode data that Babel brings.

Promise: Babel is an extra and loads only when such a language is first asked for; without it the error names the extra.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.datenames import Language

_STYLES = ("full", "long", "medium", "short")
_AS_JAVA = str.maketrans({"\u202f": " ", "[": "'['", "]": "']'", "B": "a"})
"""Brackets are no option in these patterns; the parts of a day (`B`) become its halves."""


@lru_cache(maxsize=64)
def babel_language(locale: str) -> Language:
    """Return the language of a locale such as `pl` or `pl_PL`.

    Months and days are named as inside a date; `LLLL` is written as `MMMM`.

    Raises:
        ExpressionError: Babel is not installed, or does not know the locale.
    """
    found = _locale(locale)
    months, days, quarters = (part["format"] for part in (found.months, found.days, found.quarters))
    halves = found.day_periods["format"]["abbreviated"]
    return Language(
        tuple(months["wide"][number] for number in range(1, 13)),
        tuple(months["abbreviated"][number] for number in range(1, 13)),
        tuple(days["wide"][number] for number in range(7)),
        tuple(days["abbreviated"][number] for number in range(7)),
        {style: _style(found, style) for style in _STYLES},
        first_day=found.first_week_day,
        least_days=found.min_week_days,
        halves=(halves["am"], halves["pm"]),
        quarters=tuple(quarters["wide"][number] for number in range(1, 5)),
        short_quarters=tuple(quarters["abbreviated"][number] for number in range(1, 5)),
    )


def _locale(locale: str) -> Any:
    try:
        babel = importlib.import_module("babel")  # an extra: the package need not be there
    except ImportError:
        raise ExpressionError(
            f"Dates in '{locale}' need the package 'babel': pip install 'tiercel[locales]'; "
            "without it they can be written in en, fr, de, es, it, nl and pt"
        ) from None
    try:
        return babel.Locale.parse(locale)
    except (ValueError, babel.UnknownLocaleError):
        raise ExpressionError(f"The locale '{locale}' is not known; write codes such as pl or pl_PL") from None


def _style(found: object, style: str) -> str:
    """Return the pattern of a date with its time, as Java reads it; a plain blank stands for the narrow one."""
    glue, day, clock = (getattr(found, f"{kind}_formats")[style] for kind in ("datetime", "date", "time"))
    text = str(glue).replace("{1}", day.pattern).replace("{0}", clock.pattern)
    return text.translate(_AS_JAVA)
