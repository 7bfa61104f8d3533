"""All routes: importing a module of routes adds them to the table."""

from __future__ import annotations

from tiercel.api.routing import Routes, routes


def all_routes() -> Routes:
    """Return the table with the routes of every module."""
    from tiercel.api import (  # noqa: F401 - imported for the routes that they add
        blueprints,
        bulk,
        completion,
        concurrency,
        dashboards,
        executionfiles,
        executions,
        exporting,
        expressions,
        flowbulk,
        flowlists,
        flows,
        following,
        graphs,
        kv,
        logs,
        metrics,
        misc,
        namespacefiles,
        namespaces,
        openapi,
        outputs,
        plugins,
        secrets,
        starting,
        stats,
        triggerbulk,
        triggerlists,
        triggers,
        verbs,
        webhooks,
    )

    return routes
