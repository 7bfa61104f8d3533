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
    license-info
    """.split()  # noqa: SIM905 - as in `routing`
)
"""First segments of which nothing is here."""

PATTERNS = ("flows/hashes", "flows/policies", "flows/*/promot*", "flows/promot*", "stats/generate-reports")
"""Addresses below resources that are here; what stands there else is a namespace, which is read and written."""


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
    if segments and (segments[0] in RESOURCES or any(_is(path, each, reads) for each in PATTERNS)):
        raise EditionError(f"/{path} belongs to Kestra's Enterprise edition; this one does not have it")


def _is(path: str, pattern: str, reads: bool) -> bool:
    """Tell whether a path is meant by a pattern; a namespace may have the name, so it is written as such."""
    return (reads or "*" in pattern or pattern.startswith("stats")) and fnmatchcase(path, pattern)
