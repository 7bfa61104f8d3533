"""The logs of all executions, the newest lines first."""

from __future__ import annotations

from tiercel.ui.lists import LEVELS, SPANS, fetched
from tiercel.ui.visit import Shown, Visit


def show(visit: Visit) -> Shown:
    """Show the lines that the address asks for."""
    entries, place = fetched(visit, "/logs/search", sort="timestamp:desc", size=50)
    values = {
        "entries": entries,
        "pages": place,
        "levels": LEVELS,
        "spans": SPANS,
        "root": "/ui/logs",
        "fixed": False,
    }
    return Shown("logs", "Logs", values, section="logs")
