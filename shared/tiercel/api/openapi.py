"""The OpenAPI document of the API, made from the table of routes: what is not in the table is not in the document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from tiercel import __version__
from tiercel.api.calls import Answer, Call
from tiercel.api.filters import FLAT
from tiercel.api.parameters import Parameter
from tiercel.api.routing import JSON, Route, routes

EVENTS, PROBLEM = "text/event-stream", "application/problem+json"
_REF = "#/components/schemas/{name}"

REFUSALS: Mapping[int, str] = {
    400: "A parameter or a filter is missing or unknown, or a bulk action names what cannot be changed.",
    401: "Credentials are asked for.",
    403: "A page of another site has caused a write.",
    404: "There is no such thing.",
    409: "It is not in a state in which this can be done.",
    410: "Its time is over.",
    413: "The body is over the limit.",
    415: "The body has a content type that is not read here.",
    422: "What was sent cannot be read, or breaks a rule.",
    423: "What is stored cannot be read.",
    503: "Busy: ask again.",
}

_KINDS: Mapping[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "description": "An ISO-8601 date and time."},
    "duration": {"type": "string", "description": "An ISO-8601 duration."},
}

_TEXT = {"type": "string"}
_BODIES: Mapping[str, dict[str, Any]] = {
    JSON: {},
    "multipart/form-data": {"type": "object", "additionalProperties": _TEXT},
}
"""What bodies of a content type hold; text where nothing is said."""

ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["message", "type", "title", "status", "detail", "instance", "_links"],
    "properties": {
        "message": _TEXT,
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "instance": _TEXT,
        "_links": {"type": "object"},
        "_embedded": {"type": "object"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "invalids": {"type": "array", "items": {"type": "object"}},
        "traceId": _TEXT,
    },
}


@cache
def document() -> dict[str, Any]:
    """Return the document."""
    table = list(routes.all)
    shapes = [route.shape for route in table if route.shape is not None]
    schemas, named = msgspec.json.schema_components(shapes, ref_template=_REF)
    bodies = {id(shape): schema for shape, schema in zip(shapes, schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(path_of(route), {})[route.method.lower()] = _operation(route, bodies)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tiercel",
            "version": __version__,
            "description": "Runs Kestra's flows. Each path is found below /api/v1/main, too.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"basic": []}, {"bearer": []}, {}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**named, "Error": ERROR},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def path_of(route: Route) -> str:
    """Return a route's pattern as the document has it."""
    return route.pattern.replace("*}", "}")


def _operation(route: Route, bodies: Mapping[int, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": re.sub(r"[^0-9A-Za-z]+", "_", f"{route.method.lower()}{route.pattern}").strip("_"),
        "summary": route.summary,
        "tags": [route.segments[0]],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route),
    }
    if route.is_open:
        found["security"] = []
    if route.body:
        schema = bodies[id(route.shape)] if route.shape is not None else _BODIES.get(route.body, _TEXT)
        found["requestBody"] = {"content": {route.body: {"schema": schema}}, "required": route.shape is not None}
    return found


def _path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for segment in route.segments:
        if segment.startswith("{"):
            schema = {"type": "string", "minLength": 1}
            yield {"name": segment.strip("{}*"), "in": "path", "required": True, "schema": schema}


def _query_parameters(route: Route) -> Iterable[dict[str, Any]]:
    yield from map(_query_parameter, route.declared)
    if not route.filtered:
        return
    own = {parameter.name for parameter in route.declared}
    for name, (field, operation) in FLAT.items():
        if name not in own:
            said = f"Short for filters[{field}][{operation}]."
            yield _query_parameter(Parameter(name, many=name in ("state", "labels", "scope"), description=said))
    yield {
        "name": "filters",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "description": "`filters[field][OPERATION]=value`, such as `filters[state][IN]=FAILED,KILLED`.",
        "schema": {"type": "object", "additionalProperties": {"type": "object"}},
    }


def _query_parameter(parameter: Parameter) -> dict[str, Any]:
    schema = dict(_KINDS[parameter.kind])
    if parameter.default is not None and not parameter.many:
        schema["default"] = parameter.default
    found: dict[str, Any] = {
        "name": parameter.name,
        "in": "query",
        "schema": {"type": "array", "items": schema} if parameter.many else schema,
    }
    if parameter.required:
        found["required"] = True
    if parameter.description:
        found["description"] = parameter.description
    return found


def _responses(route: Route) -> dict[str, Any]:
    schema: dict[str, Any] = {} if route.gives in ("", JSON, EVENTS) else _TEXT
    content = {"content": {route.gives: {"schema": schema}}} if route.gives else {}
    found: dict[str, Any] = {}
    for code in route.codes or ("default",):
        empty = code in (204, 304, 307, "default")
        found[str(code)] = {"description": "Done." if code != "default" else "As the flow says."} | (
            {} if empty else content
        )
    if route.codes:
        refused = {kind: {"schema": {"$ref": _REF.format(name="Error")}} for kind in (JSON, PROBLEM)}
        found |= {str(code): {"description": said, "content": refused} for code, said in REFUSALS.items()}
    return found


@routes.route("GET", "/openapi.json")
def get_document(_call: Call) -> object:
    """Return this document."""
    return Answer(document(), headers={"Cache-Control": "public, max-age=3600"})
