"""Routes of secrets (api.md, 10): their names. They are the installation's, so that every namespace has the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tiercel.api.calls import Call
from tiercel.api.failures import NotAllowedError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.matching import Fields, plan
from tiercel.api.namespaces.places import namespace_of
from tiercel.api.routing import routes

Named = tuple[str, str]
"""The namespace in which a secret is looked for, empty for any, and its name."""

_FIELDS: Fields[Named] = Fields(
    "secrets",
    {"q": lambda each: (each[1],), "name": lambda each: each[1], "namespace": lambda each: each[0]},
)
_ORDERS: Mapping[str, Callable[[Named], Any]] = {"key": lambda each: each[1], "name": lambda each: each[1]}


def _page(call: Call, namespace: str) -> dict[str, Any]:
    """Return a page of the secrets; those of a namespace say that they are its own."""
    narrowed = plan(call.filter).index
    place = namespace or narrowed.namespace or narrowed.within or ""
    test = _FIELDS.test(call.filter)
    named = ((place, name) for name in call.site.parts.services.secrets.names())
    found = sorted_by(filter(test, named), call.page, _ORDERS)
    shown = [_view(each) for each in part_of(found, call.page)]
    return {"readOnly": True, "results": shown, "total": len(found)}


def _view(secret: Named) -> dict[str, Any]:
    namespace, name = secret
    return {"key": name, **({"namespace": namespace} if namespace else {}), "tags": []}


@routes.route("GET", "/secrets", paged=True, filtered=True)
def list_secrets(call: Call) -> object:
    """Return a page of the names of the secrets that are asked for."""
    return _page(call, "")


@routes.route("GET", "/namespaces/{namespace}/secrets", paged=True, filtered=True)
def list_namespace_secrets(call: Call) -> object:
    """Return a page of the names of the secrets that flows of a namespace may read."""
    return _page(call, namespace_of(call))


@routes.route("GET", "/namespaces/{namespace}/inherited-secrets")
def inherited_secrets(call: Call) -> object:
    """Return the names of the secrets that flows of a namespace may read, by namespace."""
    return {namespace_of(call): call.site.parts.services.secrets.names()}


@routes.route("PUT", "/namespaces/{namespace}/secrets", codes=())
@routes.route("PATCH", "/namespaces/{namespace}/secrets/{key}", codes=())
@routes.route("DELETE", "/namespaces/{namespace}/secrets/{key}", codes=())
def change_secret(call: Call) -> object:
    """Refuse: secrets are changed where they are kept."""
    raise NotAllowedError(
        "secrets are read-only here: change them where they are kept, the variables SECRET_<KEY> of the environment "
        "or the secrets SECRET_<KEY> of Secret Manager",
        ("OPTIONS",) if "key" in call.path else ("GET", "HEAD", "OPTIONS"),
    )
