"""What only Kestra's Enterprise edition has (api.md, 1.9): asked for, it is not here, and the answer says why."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from tiercel.api.failures import NoRouteError

EDITION = "OSS"

RESOURCES = frozenset(
    """
    apps assets auditlogs audit-logs banners bindings cases credentials groups invitations kill-switch kill-switches
    mcp-servers policies promotions quotas reusable-inputs roles scim security-integrations service-accounts
    tenant-access tenants test-suites tests users worker-groups workergroups worker-queues instance invitation license
    license-info ai case-templates mcp promotion-targets quota-limits notifications
    """.split()  # noqa: SIM905 - as in `routing`
)
"""First segments of which nothing is here."""

PATTERNS = ("flows/hashes", "flows/policies", "flows/*/promot*", "flows/promot*", "stats/generate-reports")
"""Addresses below resources that are here; what stands there else is a namespace, which is read and written."""

TREES = (
    "flows/hashes/by-ids",
    "flows/policies/preview",
    "namespaces/*/credentials",
    "namespaces/*/policies",
    "namespaces/*/reusable-inputs",
    "blueprints/custom",
    "blueprints/flow",
    "blueprints/flows",
    "me/invitations",
    "me/password",
)
"""Addresses of which also nothing is here, and nothing below; each segment matches one."""


class EditionError(NoRouteError):
    """The edition lacks it; it is not that something is missing."""

    headers = {"X-Kestra-Edition": EDITION}  # noqa: RUF012 - never changed


def refuse_enterprise(method: str, segments: Sequence[str]) -> None:
    """Refuse what only the Enterprise edition has.

    Raises:
        EditionError: It is.
    """
    path = "/".join(segments)
    reads = method in ("GET", "HEAD")
    lacks = segments[0] in RESOURCES or any(_is(path, each, reads) for each in PATTERNS)
    if lacks or any(_is_below(segments, each.split("/")) for each in TREES):
        raise EditionError(f"/{path} belongs to Kestra's Enterprise edition; this one does not have it")


def _is_below(segments: Sequence[str], above: Sequence[str]) -> bool:
    """Tell whether a path is an address, or lies below it."""
    return len(segments) >= len(above) and all(
        each in ("*", segment) for each, segment in zip(above, segments, strict=False)
    )


def _is(path: str, pattern: str, reads: bool) -> bool:
    """Tell whether a path is meant by a pattern; a namespace may have the name, so it is written as such."""
    return (reads or "*" in pattern or pattern.startswith("stats")) and fnmatchcase(path, pattern)
