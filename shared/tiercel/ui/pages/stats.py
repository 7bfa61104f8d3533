"""Counts, versions and what the installation is."""

from __future__ import annotations

from typing import Any

from tiercel import __version__
from tiercel.ui.counting import drawn, executions_daily, totals
from tiercel.ui.visit import Shown, Visit

MONTH, WEEK = "P30D", "P7D"


def show(visit: Visit) -> Shown:
    """Show what there is, and what it did in thirty days."""
    daily = executions_daily(visit, {"timeRange": MONTH})
    counts = totals(daily)
    config: dict[str, Any] = visit.api.find("/configs", default={})
    site = visit.api.site
    limits = visit.api.get("/concurrency-limit/search", query={"size": 100})["results"]
    # Task runs are read, not counted: only where somebody asks.
    runs = drawn(visit, {"timeRange": WEEK}, "/stats/taskruns/daily") if visit.given("taskRuns") else None
    values = {
        "runs": runs,
        "ended": totals(runs["rows"]) if runs else {},
        "fares": visit.api.find("/stats/runtime"),
        "summary": visit.api.post("/stats/summary", body={}),
        "daily": daily,
        "counts": counts,
        "limits": limits,
        "facts": [
            ("Version", __version__),
            ("API as of Kestra", config.get("version", "")),
            ("Store", site.parts.where),
            ("Address", site.url),
            ("Longest wait of a request", f"{site.longest_wait:g} s"),
            ("Largest body", f"{site.largest_body // 1_048_576} MiB"),
        ],
    }
    return Shown("stats", "Stats", values, section="stats")
