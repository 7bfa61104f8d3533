"""All routes: importing a module of routes adds them to the table."""

from __future__ import annotations

from importlib import import_module

from tiercel.api.routing import Routes, routes

MODULES = (
    *("exporting", "misc", "openapi", "plugins"),
    *("executions.bulk", "executions.expressions", "executions.files", "executions.following", "executions.logs"),
    *("executions.metrics", "executions.outputs", "executions.reading", "executions.starting", "executions.verbs"),
    "executions.webhooks",
    *("flows.blueprints", "flows.bulk", "flows.completion", "flows.concurrency", "flows.graphs", "flows.lists"),
    "flows.one",
    *("namespaces.files", "namespaces.keys", "namespaces.records", "namespaces.secrets"),
    *("statistics.dashboards", "statistics.inside", "statistics.stats", "statistics.vitals"),
    *("triggers.bulk", "triggers.lists", "triggers.one"),
)
"""The modules below `tiercel.api` that have routes."""


def all_routes() -> Routes:
    """Return the table with the routes of every module."""
    for name in MODULES:
        import_module(f"tiercel.api.{name}")
    return routes
