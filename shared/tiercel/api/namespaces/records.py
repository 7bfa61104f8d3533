"""Routes of namespaces (api.md, 10): they are where flows are, what lies above, and what something is stored about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from tiercel.api.bodies import read_json
from tiercel.api.calls import Answer, Call, page_of
from tiercel.api.failures import TooLargeError, UnprocessableError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.matching import SYSTEM, Fields
from tiercel.api.namespaces.places import checked_namespace
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.model.structures import plain
from tiercel.namespaces.records import NamespaceRecord, Namespaces
from tiercel.paths import slug

_ACCEPTED = frozenset(("id", "description", "variables", "deleted", "disabled", "tenantId"))
"""Members of a namespace that have a meaning here, or none anywhere."""
LARGEST = 1024 * 1024
"""Bytes of a namespace's variables, as JSON: an expression that names one reads all of them."""

Known = tuple[str, bool]
"""A namespace, and whether it is more than what lies above others."""

_FIELDS: Fields[Known] = Fields(
    "namespaces",
    {
        "q": lambda found: (found[0],),
        "namespace": lambda found: found[0],
        "id": lambda found: found[0],
        "existingOnly": lambda found: (True, False) if found[1] else (False,),  # false leaves nothing out
    },
)
_ORDERS: Mapping[str, Callable[[Known], Any]] = {"id": lambda found: found[0]}


class Sought(msgspec.Struct):
    """What somebody has typed."""

    q: str = ""
    ids: list[str] | None = None
    """Namespaces that are wanted in any case."""
    existingOnly: bool | None = None  # noqa: N815 - as clients send it
    """Whether what only lies above others is left out."""


class Given(msgspec.Struct):
    """A namespace as clients send it."""

    id: str | None = None
    description: str | None = None
    variables: dict[str, Any] | None = None


def _with_parents(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _stored(call: Call) -> Namespaces:
    return call.site.parts.services.namespaces


def _existing(call: Call) -> set[str]:
    """Return the namespaces that hold flows, or of which something is stored."""
    flows = {record.namespace for record in call.site.parts.flows.all()}
    return flows | {record.id for record in _stored(call).all()}


def _holding(call: Call) -> set[str]:
    """Return the namespaces that hold anything: flows, keys, files, or something that is stored about them."""
    services, flows = call.site.parts.services, dict[str, set[str]]()
    for record in call.site.parts.flows.all():
        flows.setdefault(record.namespace, set()).add(slug(record.id))
    stored = {record.id for record in _stored(call).all()}
    return {*flows, *stored, *services.keys.namespaces(), *services.files.namespaces(flows)}


def _namespaces(found: set[str], *, existing: bool) -> list[Known]:
    """Return namespaces, sorted: with those above them and the system's, unless only existing ones are meant."""
    every = found if existing else {SYSTEM, *_with_parents(found)}
    return [(name, name in found) for name in sorted(every)]


@routes.route(
    "GET",
    "/namespaces/search",
    paged=True,
    filtered=True,
    parameters=[Parameter("existing", "boolean", False, description="Leave out what only lies above others.")],
)
def search_namespaces(call: Call) -> object:
    """Return a page of the namespaces that are asked for; `disabled` are those of which nothing is stored."""
    test = _FIELDS.test(call.filter)
    found = sorted_by(filter(test, _namespaces(_holding(call), existing=call.query["existing"])), call.page, _ORDERS)
    stored = {record.id for record in _stored(call).all()}
    shown = [{"id": name, "disabled": name not in stored, "deleted": False} for name, _ in part_of(found, call.page)]
    return page_of(shown, len(found))


def _view(record: NamespaceRecord) -> dict[str, Any]:
    found: dict[str, Any] = {"id": record.id, "deleted": False}
    found |= {"description": record.description} if record.description else {}
    return found | ({"variables": record.variables} if record.variables else {})


def _name(call: Call) -> str:
    return checked_namespace(call.path["id"])


@routes.route("GET", "/namespaces/{id}")
def get_namespace(call: Call) -> object:
    """Return a namespace with its own variables; every name is one."""
    name = _name(call)
    return _view(_stored(call).get(name) or NamespaceRecord(name))


def _given(call: Call) -> Given:
    """Return the namespace that is the body.

    Raises:
        UnprocessableError: It cannot be read, or asks for what a namespace does not have here.
        TooLargeError: Its variables are too large.
    """
    given = read_json(call, dict[str, Any])
    for name, value in given.items():
        if name not in _ACCEPTED and value not in (None, False, "", [], {}):
            raise UnprocessableError(
                f"'{name:.100}' of a namespace is not there; leave it out (a namespace has a description and variables)"
            )
    found = read_json(call, Given)
    try:
        plain(found.variables)
    except ValueError as error:
        raise UnprocessableError(f"the variables cannot be kept: {error}") from None
    size = len(msgspec.json.encode(found.variables))
    if size > LARGEST:
        raise TooLargeError(f"the variables take {size:,} bytes, more than {LARGEST:,}; keep large data in files")
    return found


def _record(name: str, given: Given) -> NamespaceRecord:
    return NamespaceRecord(name, given.description or "", given.variables or {})


@routes.route("POST", "/namespaces", body="application/json", shape=Given)
def create_namespace(call: Call) -> object:
    """Store a namespace's description and variables, of which nothing may be stored yet."""
    given = _given(call)
    record = _record(checked_namespace(given.id or ""), given)
    _stored(call).create(record)
    return _view(record)


@routes.route("PUT", "/namespaces/{id}", body="application/json", shape=Given)
def update_namespace(call: Call) -> object:
    """Store a namespace's description and variables, whatever was stored."""
    name, given = _name(call), _given(call)
    if given.id not in (None, name):
        raise UnprocessableError(f"the body is the namespace '{given.id:.200}', the path names '{name}'")
    record = _record(name, given)
    _stored(call).put(record)
    return _view(record)


@routes.route("DELETE", "/namespaces/{id}", gives="", codes=(204,))
def delete_namespace(call: Call) -> object:
    """Forget a namespace's description and variables; its flows, keys and files stay."""
    _stored(call).delete(_name(call))
    return Answer(status=204)


@routes.route("POST", "/namespaces/autocomplete", body="application/json", shape=Sought)
def complete_namespaces(call: Call) -> object:
    """Return the namespaces that somebody may mean."""
    sought = read_json(call, Sought)
    part, wanted = sought.q.lower(), sought.ids or []
    known = [name for name, _ in _namespaces(_existing(call), existing=bool(sought.existingOnly))]
    return list(dict.fromkeys([*(name for name in wanted if name in known), *(n for n in known if part in n.lower())]))


@routes.route("GET", "/namespaces/{id}/inherited-variables")
def inherited_variables(call: Call) -> object:
    """Return the variables that a namespace has from those above it."""
    return _stored(call).inherited(_name(call))
