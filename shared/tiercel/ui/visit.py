"""One visit of a page: what was asked for, and what it may ask the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request

from tiercel.ui.asking import Asking, Query, address, with_query

UI = "/ui"


@dataclass(frozen=True)
class Visit:
    """A request for a page."""

    request: Request
    api: Asking
    path: Mapping[str, str]
    """The variables of the address, decoded."""
    now: float
    """Seconds since the epoch."""
    where: str = ""
    """The address below `/ui/`, without a tenant, as it was sent."""

    @property
    def tab(self) -> str:
        """Which tab of the page; empty for the first."""
        return self.path.get("tab", "")

    def given(self, name: str, default: str = "") -> str:
        """Return a query parameter's last value."""
        values = self.request.args.getlist(name)
        return values[-1] if values else default

    def remembered(self, name: str, default: str = "") -> str:
        """Return what the browser remembers for the pages: a setting that the server needs."""
        return self.request.cookies.get(f"tiercel_{name}", default)

    def here(self, **changes: object) -> str:
        """Return this page's address with some parameters changed; None takes one away."""
        kept = [(name, value) for name, value in self.request.args.items(multi=True) if name not in changes]
        return with_query(f"{UI}/{self.where}", [*kept, *changes.items()])


@dataclass(frozen=True)
class Shown:
    """A page, before it is HTML."""

    template: str
    """Its file, without `.html`."""
    title: str
    values: Mapping[str, Any] = field(default_factory=dict)
    crumbs: tuple[tuple[str, str], ...] = ()
    """What stands before the title: text and address each."""
    section: str = ""
    """The menu's entry that it belongs to."""
    status: int = 200
    allows: str = ""
    """What this page may load beyond the others, as a directive of the policy."""


@dataclass(frozen=True)
class Moved:
    """The answer that leads to another page."""

    address: str
    said: str = ""
    """What the next page says once."""


def ui(pattern: str, *names: object, query: Query = ()) -> str:
    """Return the address of a page: `ui("/flows/edit/{}/{}", namespace, id)`."""
    return with_query(f"{UI}{address(pattern, *names)}", query)
