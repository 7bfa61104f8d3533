"""Routes of secrets (api.md, 10): their names, and writing them where the runtime can.

They are the installation's, so that every namespace has the same; a value is never given back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tiercel.api.bodies import read_json
from tiercel.api.calls import Answer, Call
from tiercel.api.failures import NotAllowedError, UnprocessableError
from tiercel.api.flows.lists import part_of, sorted_by
from tiercel.api.matching import Fields, plan
from tiercel.api.namespaces.places import namespace_of
from tiercel.api.routing import routes
from tiercel.ports import SecretName
from tiercel.services import Secrets

Named = tuple[str, SecretName]
"""The namespace in which a secret is looked for, empty for any, and the secret."""

_FIELDS: Fields[Named] = Fields(
    "secrets",
    {"q": lambda each: (each[1].name,), "name": lambda each: each[1].name, "namespace": lambda each: each[0]},
)
_ORDERS: Mapping[str, Callable[[Named], Any]] = {
    "key": lambda each: each[1].name,
    "name": lambda each: each[1].name,
}


def _page(call: Call, namespace: str) -> dict[str, Any]:
    """Return a page of the secrets; those of a namespace say that they are its own."""
    narrowed = plan(call.filter).index
    place = namespace or narrowed.get("namespace") or narrowed.get("within") or ""
    test = _FIELDS.test(call.filter)
    secrets = call.site.parts.services.secrets
    named = ((place, each) for each in secrets.listed())
    found = sorted_by(filter(test, named), call.page, _ORDERS)
    shown = [_view(each) for each in part_of(found, call.page)]
    return {"readOnly": not secrets.is_writable, "results": shown, "total": len(found)}


def _view(secret: Named) -> dict[str, Any]:
    namespace, each = secret
    placed = {"namespace": namespace} if namespace else {}
    described = {"description": each.description} if each.description else {}
    return {"key": each.name, **placed, **described, "source": each.source, "tags": []}


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


READ_ONLY = (
    "secrets are read-only here: change them where they are kept, the variables SECRET_<KEY> of the environment, or "
    "the secrets SECRET_<KEY> of Secret Manager, which the API may write where Terraform is given manage_secrets = true"
)


class Given(msgspec.Struct):
    """A secret as clients send it."""

    key: str
    value: str
    description: str | None = None
    tags: list[Any] | None = None
    """Accepted; nothing is kept of them."""


def _writable(call: Call) -> Secrets:
    """Return where secrets are kept.

    Raises:
        NotAllowedError: They cannot be written from here.
    """
    secrets = call.site.parts.services.secrets
    if not secrets.is_writable:
        raise NotAllowedError(READ_ONLY, ("OPTIONS",) if "key" in call.path else ("GET", "HEAD", "OPTIONS"))
    return secrets


@routes.route("PUT", "/namespaces/{namespace}/secrets", body="application/json", shape=Given, codes=())
def put_secret(call: Call) -> object:
    """Keep a secret, where secrets can be written from here; its value is given back to nobody."""
    namespace, given = namespace_of(call), read_json(call, Given)
    try:
        _writable(call).put(given.key, given.value, given.description or "")
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    return _page(call, namespace)


@routes.route("DELETE", "/namespaces/{namespace}/secrets/{key}", gives="", codes=())
def delete_secret(call: Call) -> object:
    """Remove a secret, where secrets can be written from here."""
    namespace_of(call)
    try:
        _writable(call).delete(call.path["key"])
    except ValueError as error:
        raise UnprocessableError(str(error)) from None
    return Answer(status=204)


@routes.route("PATCH", "/namespaces/{namespace}/secrets/{key}", codes=())
def change_secret(call: Call) -> object:
    """Refuse: a secret is written whole, with its description."""
    _writable(call)
    raise NotAllowedError("a secret is written whole: PUT it, with its value", ("DELETE", "OPTIONS"))
