"""Routes of the plugins and of the expression language: documentation, schemas, icons, completion (api.md, 11).

What they answer is as long as the code is the same: each body is made once in a process, packed once, and kept by
clients for an hour.
"""

from __future__ import annotations

import base64
import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from tiercel import __version__
from tiercel.api.calls import Answer, Call, page_of
from tiercel.api.failures import NoRouteError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.authoring import plugindocs, schemas
from tiercel.expressions import catalogue
from tiercel.expressions.routines import Routine
from tiercel.model.execution import encode
from tiercel.model.inputs import INPUT_TYPES
from tiercel.plugin_names import DEPRECATED

HOUR = "public, max-age=3600"
CACHED = (200, 304)
"""The codes of what a client may have already."""
_ALL = Parameter("all", "boolean", False, description="Whether the properties that all have are shown too.")
_KINDS = (plugindocs.TASK, plugindocs.TRIGGER, plugindocs.CONDITION, plugindocs.RUNNER)

_made: dict[tuple[object, ...], tuple[bytes, str]] = {}
"""Bodies by what they answer, each packed, with its tag. What may be asked for is bounded by the code."""


def _kept(call: Call, key: tuple[object, ...], make: Callable[[], object]) -> Answer:
    """Return a body that is made once; only a client that does not take it packed has it unpacked."""
    found = _made.get(key)
    if found is None:
        body = encode(make())
        found = _made[key] = gzip.compress(body, 6, mtime=0), f'"{zlib.crc32(body):08x}"'
    packed, tag = found
    headers = {"Cache-Control": HOUR, "ETag": tag, "Vary": "Accept-Encoding"}
    if call.request.headers.get("If-None-Match") == tag:
        return Answer(status=304, headers=headers)
    if "gzip" in call.request.headers.get("Accept-Encoding", ""):
        return Answer(packed, headers={**headers, "Content-Encoding": "gzip"}, content_type="application/json")
    return Answer(gzip.decompress(packed), headers=headers, content_type="application/json")


# ------------------------------------------------------------------ lists


@cache
def _groups() -> list[dict[str, Any]]:
    return [_group(name, members) for name, members in sorted(_by(4).items())]


def _by(parts: int) -> dict[str, list[str]]:
    """Return the types by the first parts of their packages."""
    found: dict[str, list[str]] = {}
    for name in plugindocs.plugins():
        found.setdefault(".".join(name.rpartition(".")[0].split(".")[:parts]), []).append(name)
    return found


_TITLES = {"aws": "AWS", "ee": "Enterprise", "gcp": "Google Cloud", "jdbc": "JDBC", "http": "HTTP", "kv": "KV"}
"""Words of packages that are not written as they are."""


def _group(name: str, members: Iterable[str]) -> dict[str, Any]:
    """Return a group of plugins as lists show it."""
    names = name.removeprefix("io.kestra.plugin.").split(".")
    shown: dict[str, Any] = {
        "name": f"plugin-{names[0]}",
        "title": " ".join(_TITLES.get(each, each.title()) for each in names),
        "description": f"Types below {name}",
        "group": ".".join(name.split(".")[:4]),
        "version": __version__,
        "categories": [],
        **{kind: [] for kind in _KINDS},
    }
    if len(names) > 1:
        shown["subGroup"] = name
    for member in members:
        plugin, kind = plugindocs.plugins()[member]
        title = plugindocs.title_of(plugin)
        marks = {"deprecated": member in DEPRECATED, "available": plugindocs.is_available(plugin)}
        shown[kind].append({"cls": member, **marks, "title": title, "description": title})
    return shown


@routes.route("GET", "/plugins", paged=True)
def list_plugins(call: Call) -> object:
    """Return a page of the groups of plugins."""
    orders: Mapping[str, Callable[[dict[str, Any]], Any]] = {
        name: lambda group, name=name: group[name]  # type: ignore[misc]
        for name in ("name", "title", "group")
    }
    found = sorted_by(_groups(), call.page, orders)
    return Answer(page_of(list(part_of(found, call.page)), len(found)), headers={"Cache-Control": HOUR})


@routes.route(
    "GET",
    "/plugins/groups/subgroups",
    parameters=[Parameter("includeDeprecated", "boolean", True)],
    codes=CACHED,
)
def list_subgroups(call: Call) -> object:
    """Return the groups of plugins, and those below them."""

    def make() -> object:
        below = _by(99)
        return [*_groups(), *(_group(name, below[name]) for name in sorted(below) if name.count(".") > 3)]

    return _kept(call, ("subgroups",), make)


@routes.route("GET", "/plugins/triggers", codes=CACHED)
def list_triggers(call: Call) -> object:
    """Return the types of triggers."""

    def make() -> object:
        found = [
            {
                "type": name,
                "name": name.rpartition(".")[2],
                "pluginTitle": plugindocs.title_of(plugin),
                "description": plugindocs.title_of(plugin),
                "ee": False,
                "deprecated": name in DEPRECATED,
            }
            for name, (plugin, kind) in plugindocs.plugins().items()
            if kind == plugindocs.TRIGGER
        ]
        return page_of(found, len(found))

    return _kept(call, ("triggers",), make)


# ------------------------------------------------------------------ documentation and schemas


@routes.route(
    "GET",
    "/plugins/schemas/{type}",
    parameters=[
        Parameter("arrayOf", "boolean", False, description="Whether a list of them is described."),
        Parameter("includeCatalog", "boolean", False, description="Accepted; the whole is always given."),
    ],
    codes=CACHED,
)
def get_schema(call: Call) -> object:
    """Return the JSON Schema of flows, tasks, triggers or plugin defaults."""
    kind, many = schemas.folded(call.path["type"]), call.query["arrayOf"]
    return _kept(call, ("schema", kind, many), lambda: schemas.schema_of(kind, many=many))


@routes.route("GET", "/plugins/properties/{type}", codes=CACHED)
def get_properties(call: Call) -> object:
    """Return the properties of a flow, or those that every task or trigger has."""
    kind = call.path["type"].lower()
    return _kept(call, ("properties", kind), lambda: schemas.properties_of(kind))


@routes.route("GET", "/plugins/{cls}", parameters=[_ALL], codes=CACHED)
def get_documentation(call: Call) -> object:
    """Return the documentation of a type."""
    name = plugindocs.plugin_named(call.path["cls"])[0]
    everything = call.query["all"]
    return _kept(call, ("document", name, everything), lambda: plugindocs.plugin_document(name, everything=everything))


@routes.route("GET", "/plugins/{cls}/versions", codes=CACHED)
def get_versions(call: Call) -> object:
    """Return the versions of a type: there is one."""
    name = plugindocs.plugin_named(call.path["cls"])[0]
    return _kept(call, ("versions", name), lambda: {"type": name, "versions": [__version__]})


@routes.route("GET", "/plugins/{cls}/versions/{version}", parameters=[_ALL], codes=CACHED)
def get_version(call: Call) -> object:
    """Return the documentation of a type in a version."""
    if call.path["version"].lower() not in (__version__, "latest"):
        raise NoRouteError(f"{call.path['cls']} has no version {call.path['version']}; there is {__version__}")
    return get_documentation(call)


@routes.route("GET", "/plugins/inputs", codes=CACHED)
def list_inputs(call: Call) -> object:
    """Return the types of inputs."""

    def make() -> object:
        return [{"type": name, "cls": f"{plugindocs.INPUT_NAME}-{name}"} for name in sorted(INPUT_TYPES)]

    return _kept(call, ("inputs",), make)


@routes.route("GET", "/plugins/inputs/{type}", codes=CACHED)
def get_input(call: Call) -> object:
    """Return the documentation of a type of input."""
    kind = call.path["type"].upper()
    return _kept(call, ("input", kind), lambda: plugindocs.input_document(kind))


# ------------------------------------------------------------------ icons


def _icon(name: str, *, flowable: bool) -> dict[str, Any]:
    icon = base64.b64encode(plugindocs.icon_of(name).encode()).decode()
    return {"name": name.rpartition(".")[2], "icon": icon, "flowable": flowable}


@routes.route("GET", "/plugins/icons", codes=CACHED)
def list_icons(call: Call) -> object:
    """Return the icon of each type."""

    def make() -> object:
        known = plugindocs.plugins().items()
        return {name: _icon(name, flowable=plugindocs.is_flowable(plugin)) for name, (plugin, _) in known}

    return _kept(call, ("icons",), make)


@routes.route("GET", "/plugins/icons/groups", codes=CACHED)
def list_group_icons(call: Call) -> object:
    """Return the icon of each group."""

    def make() -> object:
        return {name: _icon(name, flowable=False) for name in sorted({*_by(4), *_by(99)})}

    return _kept(call, ("group icons",), make)


@routes.route("GET", "/plugins/icons/{cls}", codes=CACHED)
def get_icon(call: Call) -> object:
    """Return the icon of a type."""
    name, plugin, _ = plugindocs.plugin_named(call.path["cls"])
    return _kept(call, ("icon", name), lambda: {"icon": _icon(name, flowable=plugindocs.is_flowable(plugin))})


@routes.route("GET", "/plugins/icons/{cls}/icon.svg", gives="image/svg+xml")
def get_icon_svg(call: Call) -> object:
    """Return the icon of a type as an image."""
    svg = plugindocs.icon_of(plugindocs.plugin_named(call.path["cls"])[0])
    return Answer(svg, headers={"Cache-Control": HOUR}, content_type="image/svg+xml")


# ------------------------------------------------------------------ expressions


@routes.route("GET", "/pebble/filters", codes=CACHED)
def list_filters(call: Call) -> object:
    """Return the names of the filters of expressions."""
    return _kept(call, ("filters",), lambda: sorted(catalogue.filters()))


@routes.route("GET", "/pebble/functions", codes=CACHED)
def list_functions(call: Call) -> object:
    """Return the functions of expressions with their arguments."""

    def make() -> object:
        return [
            {"name": name, "arguments": list(_arguments(each))} for name, each in sorted(catalogue.functions().items())
        ]

    return _kept(call, ("functions",), make)


def _arguments(routine: Routine) -> Iterator[dict[str, Any]]:
    for place, name in enumerate(routine.parameters):
        yield {"name": name, "required": place < routine.required}
