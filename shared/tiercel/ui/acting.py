"""What forms do: each is a request to the API, sent by this process, and then another page.

A form names the request in its address: `/ui/act/{method}/{address below the API's}?{query}`. Parameters that begin with
`_` are for this module:

| parameter | meaning |
| --- | --- |
| `_next` | the page after it; `{id}`, `{namespace}`, `{flowId}` are taken from the answer |
| `_said` | what that page says once; `{count}` is taken from the answer |
| `_as` | what becomes of the form's fields: `form` (sent on as they are), `text` (the field `text` is the body), `ids` (fields `id`), `flows`, `triggers`, `enabled`, `disabled` (fields `id`, or `only` for one of them, parts between `/`), `labels` (a line `key:value` each), `labelled` (both `id` and `labels`), `fields` (an object; dots nest), `upload`, `file` (files of a namespace) |
| `_query` | fields that become parameters of the query |
"""  # noqa: E501 - a table

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.datastructures import FileStorage, MultiDict

from tiercel.api.failures import BadRequestError
from tiercel.ui.asking import TEXT, Given, Query, with_query
from tiercel.ui.signin import safe_next
from tiercel.ui.visit import Moved, Visit

METHODS = frozenset(("POST", "PUT", "DELETE"))

Form = MultiDict[str, str]


def act(visit: Visit) -> Moved:
    """Send a form's request to the API, and lead to the next page.

    Raises:
        TiercelError: What the API raises.
    """
    method, path = visit.path["method"], visit.where.split("/", 2)[2]
    if method not in METHODS:
        raise BadRequestError(f"the form's method is '{method}', wanted one of {', '.join(sorted(METHODS))}")
    own = {name: visit.given(name) for name in visit.request.args if name.startswith("_")}
    query = [pair for pair in visit.request.args.items(multi=True) if not pair[0].startswith("_")]
    kind = own.get("_as", "")
    if kind in ("upload", "file"):
        answer = None
        _stored(visit, kind, f"/{path}", dict(query).get("path", "/"))
    elif kind == "form":
        answer = visit.api.pass_on(method, with_query(f"/{path}", query), visit.request)
    else:
        form = visit.request.form
        named = [name for name in own.get("_query", "").split(",") if name]
        query += [(name, value) for name in named for value in form.getlist(name)]
        body, content_type = _body(kind, form, named)
        answer = visit.api.send(method, with_query(f"/{path}", query), body, content_type)
    values = answer if isinstance(answer, dict) else {}
    return Moved(safe_next(_filled(own.get("_next", ""), values)), _filled(own.get("_said", ""), values))


def _stored(visit: Visit, kind: str, address: str, place: str) -> None:
    """Store files of a namespace: those that are sent, in a folder; or one that was written in a field of a form."""
    if kind == "file":
        text = visit.request.form.get("text", "").replace("\r\n", "\n")
        found = [(place, FileStorage(BytesIO(text.encode()), place.rpartition("/")[2], "fileContent"))]
    else:
        sent = [file for file in visit.request.files.getlist("fileContent") if file.filename]
        found = [(f"{place.rstrip('/')}/{file.filename}", file) for file in sent]
    for path, file in found:
        visit.api.send_form(with_query(address, {"path": path}), [], [("fileContent", file)])


def doing(method: str, path: str, then: str, said: str = "", kind: str = "", query: Query = (), also: str = "") -> str:
    """Return the address to which a form is sent: what it asks of the API, and what comes after.

    `also` names the fields that become parameters of the query, between commas.
    """
    place, _, asked = path.partition("?")
    pairs = [*parse_qsl(asked), *(query.items() if isinstance(query, Mapping) else query)]
    own = (("_as", kind), ("_query", also), ("_next", then), ("_said", said))
    return with_query(f"/ui/act/{method}{place}", [*pairs, *own])


def _filled(text: str, values: Mapping[str, Any]) -> str:
    for name in ("id", "namespace", "flowId", "count"):
        text = text.replace(f"{{{name}}}", str(values.get(name, "")))
    return text


def _body(kind: str, form: Form, used: list[str]) -> tuple[Given, str]:
    make = _BODIES.get(kind)
    if make is not None:
        return make(form, used), ""
    if kind == "text":
        return form.get("text", ""), form.get("type", TEXT)
    if kind:
        raise BadRequestError(f"the form is to be sent as '{kind}', wanted form, text or {', '.join(_BODIES)}")
    return b"", ""


def _ids(form: Form, _: list[str]) -> Given:
    return form.getlist("id")


def _flows(form: Form, _: list[str]) -> Given:
    return [{"namespace": namespace, "id": flow} for namespace, flow in _parts(form, 2)]


def _triggers(form: Form, _: list[str]) -> Given:
    return [{"namespace": ns, "flowId": flow, "triggerId": trigger} for ns, flow, trigger in _parts(form, 3)]


def _switched(disabled: bool) -> Callable[[Form, list[str]], Given]:
    return lambda form, used: {"triggers": _triggers(form, used), "disabled": disabled}


def _parts(form: Form, number: int) -> list[list[str]]:
    found = [text.split("/") for text in form.getlist("only") or form.getlist("id")]
    wrong = next((each for each in found if len(each) != number), None)
    if wrong is not None:
        raise BadRequestError(f"the form names '{'/'.join(wrong)}', wanted {number} names between slashes")
    return found


def label_list(text: str) -> list[dict[str, str]]:
    """Return labels that are written one on a line, `key:value`."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    pairs = [line.partition(":") for line in lines]
    return [{"key": key.strip(), "value": value.strip()} for key, _, value in pairs]


def _labels(form: Form, _: list[str]) -> Given:
    return label_list(form.get("labels", ""))


def _labelled(form: Form, _: list[str]) -> Given:
    return {"executionsId": form.getlist("id"), "executionLabels": label_list(form.get("labels", ""))}


def _fields(form: Form, used: list[str]) -> Given:
    """Return the fields as an object; empty ones are left out, `true` and `false` are what they say."""
    found: dict[str, Any] = {}
    for name, text in form.items():
        if name in used or text == "":
            continue
        *above, last = name.split(".")
        place = found
        for part in above:
            place = place.setdefault(part, {})
        place[last] = {"true": True, "false": False}.get(text, text)
    return found


_BODIES: Mapping[str, Callable[[Form, list[str]], Given]] = {
    "ids": _ids,
    "flows": _flows,
    "triggers": _triggers,
    "enabled": _switched(disabled=False),
    "disabled": _switched(disabled=True),
    "labels": _labels,
    "labelled": _labelled,
    "fields": _fields,
}
