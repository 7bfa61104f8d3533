"""Which page an address has (the pages' specification, 2): each is loaded with the first visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

PAGES: Sequence[tuple[str, str]] = (
    ("", "welcome.home"),
    ("dashboards/{id?}", "dashboard.show"),
    ("flows", "flows.show"),
    ("flows/search", "flows.search"),
    ("flows/import", "flows.try_import"),
    ("flows/export", "flows.export"),
    ("flows/new", "edit.new"),
    ("flows/edit/{namespace}/{id}/{tab?}", "flow.show"),
    ("flows/execute/{namespace}/{id}", "execute.show"),
    ("executions", "executions.show"),
    ("executions/{namespace}/{flowId}/{id}/{tab?}", "execution.show"),
    ("executions/{namespace}/{flowId}/{id}/file/preview", "preview.show"),
    ("executions/{namespace}/{flowId}/{id}/resume", "execute.resume"),
    ("executions/{namespace}/{flowId}/{id}/replay", "execute.replay"),
    ("executions/{namespace}/{flowId}/{id}/restart", "again.restart"),
    ("executions/{namespace}/{flowId}/{id}/state", "again.state"),
    ("logs", "logs.show"),
    ("namespaces", "namespaces.show"),
    ("namespaces/edit/{id}/{tab?}", "namespace.show"),
    ("admin/triggers", "triggers.show"),
    ("admin/stats", "stats.show"),
    ("plugins/{cls?}", "plugins.show"),
    ("blueprints/{id?}", "blueprints.show"),
    ("settings", "settings.show"),
    ("welcome", "welcome.show"),
)
"""Addresses below `/ui/` (`{name?}` may be missing), each with a module of `pages` and a function of it."""


def find(segments: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """Return the page of an address and the variables in it; None where there is none.

    An address whose segments stand as they are comes before one with variables.
    """
    found = [(page, variables, fixed) for page, variables, fixed in _matches(segments)]
    best = max(found, key=lambda each: each[2], default=None)
    return None if best is None else (best[0], best[1])


def _matches(segments: Sequence[str]) -> list[tuple[str, dict[str, str], int]]:
    found = []
    for pattern, page in PAGES:
        variables = _match(pattern.split("/") if pattern else [], segments)
        if variables is not None:
            found.append((page, variables, len(segments) - len(variables)))
    return found


def _match(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    most = len(pattern)
    least = most - 1 if pattern and pattern[-1].endswith("?}") else most
    if not least <= len(segments) <= most:
        return None
    found: Mapping[str, str] | dict[str, str] = {}
    for own, given in zip(pattern, segments, strict=False):
        if own.startswith("{"):
            found = {**found, own.strip("{}?"): given}
        elif own != given:
            return None
    return dict(found)


def loaded(page: str) -> Any:
    """Return the function of a page."""
    module, _, function = page.partition(".")
    return getattr(import_module(f"tiercel.ui.pages.{module}"), function)
