"""Example flows (api.md, 13): those that come with Tiercel; nobody outside is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiercel import __version__
from tiercel.api.calls import Answer, Call, page_of
from tiercel.api.failures import NoRouteError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.flows.one import YAML
from tiercel.api.matching import Fields
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.authoring.blueprints import Blueprint, blueprint, blueprints
from tiercel.errors import NotFoundError
from tiercel.flowfile import parse_flow
from tiercel.graphs.flowgraph import Drawing, flow_graph
from tiercel.views.flows import task_bodies

PLACE = "/blueprints/community"
KINDS = ("flow", "dashboard", "app")
_ORDERS: Mapping[str, Callable[[Blueprint], Any]] = {"title": lambda each: each.title, "id": lambda each: each.id}
_FIELDS: Fields[Blueprint] = Fields(
    "blueprints",
    {
        "q": lambda each: (each.id, each.title, each.description, *each.tags, *each.included_tasks),
        "tags": lambda each: each.tags,
    },
)


def _view(found: Blueprint) -> dict[str, Any]:
    return {
        "id": found.id,
        "title": found.title,
        "description": found.description,
        "includedTasks": found.included_tasks,
        "tags": list(found.tags),
        "kind": "FLOW",
        "version": __version__,
    }


def _refuse_kind(call: Call) -> bool:
    """Tell whether there are blueprints of the kind in the path.

    Raises:
        NoRouteError: There is no such kind.
    """
    kind = call.path.get("kind", KINDS[0]).lower()
    if kind not in KINDS:
        raise NoRouteError(f"there is no kind of blueprints '{kind}'; there are {', '.join(KINDS)}")
    return kind == "flow"


def _named(call: Call) -> Blueprint:
    """Return the blueprint that the path names.

    Raises:
        NoRouteError: There is no such kind.
        NotFoundError: There is none of that name and kind.
    """
    name = call.path["id"]
    if not _refuse_kind(call):
        raise NotFoundError(f"there is no blueprint '{name}' of the kind '{call.path['kind']}'")
    return blueprint(name)


@routes.route(
    "GET",
    PLACE,
    f"{PLACE}/{{kind}}",
    paged=True,
    filtered=True,
    parameters=[Parameter("tags", many=True, description="Only those that have all of these.")],
)
def search_blueprints(call: Call) -> object:
    """Return a page of the example flows that are asked for."""
    known = blueprints().values() if _refuse_kind(call) else ()
    tags = {tag.strip() for text in call.query["tags"] for tag in text.split(",") if tag.strip()}
    test = _FIELDS.test(call.filter)
    found = sorted_by((each for each in known if tags.issubset(each.tags) and test(each)), call.page, _ORDERS)
    return page_of([_view(each) for each in part_of(found, call.page)], len(found))


@routes.route("GET", f"{PLACE}/tags", f"{PLACE}/flow/tags", f"{PLACE}/{{kind}}/tags", parameters=[Parameter("q")])
def list_tags(call: Call) -> object:
    """Return the tags of example flows, each with how many have it."""
    known = blueprints().values() if _refuse_kind(call) else ()
    names = sorted({tag for each in known for tag in each.tags if (call.query["q"] or "").lower() in tag})
    return [{"id": name, "name": name, "count": sum(name in each.tags for each in known)} for name in names]


_ONE = f"{PLACE}/{{kind}}/{{id}}"


@routes.route("GET", _ONE)
def get_blueprint(call: Call) -> object:
    """Return an example flow with its source."""
    found = _named(call)
    return {**_view(found), "source": found.source}


@routes.route("GET", f"{_ONE}/source", f"{_ONE}/flow", f"{PLACE}/{{id}}/source", f"{PLACE}/{{id}}/flow", gives=YAML)
def get_blueprint_source(call: Call) -> object:
    """Return the YAML of an example flow."""
    return Answer(_named(call).source, content_type=YAML)


@routes.route("GET", f"{_ONE}/graph", f"{PLACE}/{{id}}/graph")
def get_blueprint_graph(call: Call) -> object:
    """Return an example flow as a graph."""
    flow = parse_flow(_named(call).source)
    return flow_graph(flow, Drawing(task_bodies(flow.source)))
