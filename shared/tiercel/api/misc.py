"""What clients ask of the server itself (api.md, 13): how it is set up, what is in it, who is asking."""

from __future__ import annotations

import uuid
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tiercel import __version__
from tiercel.api import sessions
from tiercel.api.calls import Call
from tiercel.api.editions import EDITION
from tiercel.api.executions.files import MOST_ROWS, ROWS
from tiercel.api.matching import SYSTEM
from tiercel.api.routing import routes
from tiercel.api.site import Site
from tiercel.authoring.plugindocs import plugins
from tiercel.errors import ConflictError, NotFoundError
from tiercel.statistics.series import execution_series, series_json
from tiercel.views.flows import authored

SPOKEN = "2.0.3"
"""The version of Kestra's API that is spoken: clients compare it."""

RECENT = timedelta(days=7)
"""Of which the executions are counted by day."""


def installation_id(site: Site) -> str:
    """Return the id of an installation: the same as long as its store stays where it is."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"tiercel:{site.parts.where}"))


@routes.route("GET", "/configs")
def configuration(call: Call) -> object:
    """Return how the server is set up."""
    closed = sessions.is_closed(call.site)
    return {
        "uuid": installation_id(call.site),
        "version": SPOKEN,
        "tiercelVersion": __version__,
        "edition": EDITION,
        "url": call.site.url,
        "environment": {
            name: value
            for name, value in (("name", call.site.environment), ("color", call.site.environment_color))
            if value
        },
        "isCustomDashboardsEnabled": True,
        "isTaskRunEnabled": False,
        "isAnonymousUsageEnabled": False,
        "isTemplateEnabled": False,
        "isConcurrencyViewEnabled": True,
        "isBasicAuthEnabled": closed,
        "isBasicAuthInitialized": closed,
        "preview": {"initial": ROWS, "max": MOST_ROWS},
        "systemNamespace": SYSTEM,
        "hiddenLabelsPrefixes": ["system."],
        "chartDefaultDuration": "PT24H",
        "pluginsHash": zlib.crc32(",".join(sorted(plugins())).encode()) & 0x7FFFFFFF,
    }


@routes.route("GET", "/configs/login", is_open=True)
def login_configuration(call: Call) -> object:
    """Return whether somebody must show who they are: before that, nothing else is told."""
    closed = sessions.is_closed(call.site)
    return {"edition": EDITION, "isBasicAuthEnabled": closed, "isBasicAuthInitialized": closed}


@routes.route("GET", "/usages/all")
def usages(call: Call) -> object:
    """Return how many flows, types and executions there are."""
    parts = call.site.parts
    records, now = list(parts.flows.all()), parts.lanes.now()
    types = Counter(kind for record in records for kind in _types(authored(record.source).get("tasks")))
    triggers = Counter(kind for record in records for kind in _types(authored(record.source).get("triggers")))
    end = datetime.fromtimestamp(now, UTC)
    daily = execution_series(parts.store, now, end - RECENT, end, kind="day")
    return {
        "uuid": installation_id(call.site),
        "version": SPOKEN,
        "tiercelVersion": __version__,
        "flows": {
            "count": len(records),
            "namespacesCount": len({record.namespace for record in records}),
            "taskTypeCount": dict(sorted(types.items())),
            "triggerTypeCount": dict(sorted(triggers.items())),
        },
        "executions": {"count": parts.store.count("execution"), "dailyExecutionsCount": series_json(daily)},
    }


def _types(value: Any) -> Iterable[str]:
    """Yield the types of the tasks of a structure, those inside others too."""
    if isinstance(value, list):
        for item in value:
            yield from _types(item)
    elif isinstance(value, Mapping):
        if isinstance(value.get("type"), str) and "id" in value:
            yield value["type"]
        for item in value.values():
            if isinstance(item, list | Mapping):
                yield from _types(item)


@routes.route("GET", "/me")
def whoami(call: Call) -> object:
    """Return who is asking."""
    given = call.request.authorization
    name = given.username if given is not None else None
    name = name or (call.site.credentials[0] if call.site.credentials is not None else "anonymous")
    return {"id": name, "username": name, "type": "BASIC" if sessions.is_closed(call.site) else "ANONYMOUS"}


@routes.route("GET", "/me/api-tokens")
def list_tokens(_call: Call) -> object:
    """Return the tokens of whoever asks: the server has one or none, and shows it to nobody."""
    return {"results": [], "total": 0}


@routes.route("POST", "/basicAuth", body="application/json")
def set_credentials(_call: Call) -> object:
    """Say how credentials are set."""
    raise ConflictError("credentials are set when the server is started: `tiercel server --user --password`")


@routes.route("GET", "/basicAuthValidationErrors")
def credential_problems(_call: Call) -> object:
    """Return what is wrong with the credentials: the server would not have started."""
    return []


for _method in ("GET", "POST", "PUT", "DELETE"):

    @routes.route(_method, "/templates", "/templates/{path*}")
    def no_templates(_call: Call) -> object:
        """Say that there are no templates."""
        raise NotFoundError("there are no templates: they are deprecated; make a flow of it, and call it as a Subflow")
