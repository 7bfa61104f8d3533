"""How an installation fares: the route that whoever runs it asks, and the page of statistics with it.

What its runtime cannot know is null, and `unknown` says where it is told.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tiercel.api.calls import Call
from tiercel.api.failures import NoRouteError
from tiercel.api.routing import routes
from tiercel.vitals import Readings

CONSOLE = "https://console.cloud.google.com"

_UNKNOWN = {
    "embedded": {
        "coldStarts": "one process lives on here, so there are none",
    },
    "google": {
        "queue": "what lies in Pub/Sub and Cloud Tasks is told by Cloud Monitoring only",
        "looked": "a tick that finds nothing writes nothing; that it runs is told by Cloud Monitoring",
        "coldStarts": "how often instances begin is told by Cloud Monitoring only",
    },
}
"""By runtime: why something is not known, and who knows it."""


@routes.route("GET", "/stats/runtime")
def vitals(call: Call) -> object:
    """Return how the installation fares: its queue, its outbox, and when somebody last looked for what was lost."""
    source = call.site.parts.vitals
    if source is None:
        raise NoRouteError("this process does not tell how it fares; ask `tiercel server`, or the function `api`")
    return _view(source.read(), call.site.parts.lanes.now())


def _view(found: Readings, now: float) -> dict[str, Any]:
    known = found.ready is not None
    queue = {"ready": found.ready, "inFlight": found.in_flight, "later": found.later} if known else None
    return {
        "runtime": found.runtime,
        "project": found.project or None,
        "region": found.region or None,
        "began": _date(found.began),
        "queue": queue,
        "outbox": found.outbox,
        "oldest": _date(found.oldest),
        "oldestAge": None if found.oldest is None else round(max(0.0, now - found.oldest), 3),
        "looked": _date(found.looked),
        "swept": None if found.swept is None else {"date": _date(found.swept), "messages": found.found},
        "coldStarts": found.cold_starts,
        "unknown": _UNKNOWN[found.runtime],
        "links": _links(found.project),
    }


def _date(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _links(project: str) -> dict[str, str]:
    """Return the pages at Google that know the rest."""
    if not project:
        return {}
    pages = {
        "monitoring": "/monitoring/dashboards",
        "queue": "/cloudtasks",
        "subscriptions": "/cloudpubsub/subscription/list",
        "functions": "/run",
        "tick": "/cloudscheduler",
    }
    return {name: f"{CONSOLE}{path}?project={project}" for name, path in pages.items()}
