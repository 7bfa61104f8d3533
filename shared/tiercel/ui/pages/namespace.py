"""One namespace: its flows and executions, its keys and values, its files, the names of its secrets."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tiercel.api.failures import NoRouteError, NotAllowedError, UnprocessableError
from tiercel.errors import ConflictError, InputError
from tiercel.ui import formats
from tiercel.ui.asking import address, with_query
from tiercel.ui.counting import executions_daily, totals
from tiercel.ui.pages.dashboard import cards, events
from tiercel.ui.pages.executions import listed
from tiercel.ui.pages.flows import latest
from tiercel.ui.visit import Moved, Shown, Visit, ui

TABS = (
    ("overview", "Overview"),
    ("flows", "Flows"),
    ("executions", "Executions"),
    ("kv", "Keys and values"),
    ("files", "Files"),
    ("variables", "Variables"),
    ("secrets", "Secrets"),
    ("dependencies", "Dependencies"),
)
KINDS = (
    ("STRING", "any text"),
    ("NUMBER", "42 or 3.5"),
    ("BOOLEAN", "true or false"),
    ("DATETIME", "2026-01-31T08:00:00Z"),
    ("DATE", "2026-01-31"),
    ("DURATION", "PT1H30M"),
    ("JSON", '{"a": 1} or [1, 2]'),
)
"""The types of values, each with how one is written."""

WEEK = "PT168H"
"""What the overview looks back on."""

MOST = 500
"""Flows and keys of a tab."""


def show(visit: Visit) -> Shown | Moved:
    """Show a tab of a namespace."""
    name, tab = visit.path["id"], visit.tab or "overview"
    if tab not in MAKERS:
        raise NoRouteError(f"a namespace has no tab '{tab}'; it has {', '.join(MAKERS)}")
    page = ui("/namespaces/edit/{}", name)
    made = MAKERS[tab](visit, name)
    if isinstance(made, Moved):
        return made
    values = {
        "name": name,
        "page": page,
        "tab": tab,
        "tabs": [(each, text, page if each == "overview" else f"{page}/{each}") for each, text in TABS],
        **made,
    }
    above = ((part, ui("/namespaces/edit/{}", whole)) for part, whole in formats.ancestors(name)[:-1])
    crumbs = (("Namespaces", "/ui/namespaces"), *above)
    return Shown("namespace", name, values, crumbs, "namespaces", made.get("status", 200))


def _overview(visit: Visit, name: str) -> dict[str, Any]:
    where, span = {"namespace": name}, {"timeRange": WEEK}
    daily = executions_daily(visit, {**where, **span})
    counts = totals(daily)
    return {
        "description": visit.api.get("/namespaces/{}", name).get("description", ""),
        "cards": cards(visit, counts, where, span),
        "daily": daily if counts else [],
        **events(visit, where),
    }


def _flows(visit: Visit, name: str) -> dict[str, Any]:
    found = visit.api.get("/flows/search", query={"namespace": name, "size": MOST, "sort": "id:asc"})["results"]
    return {"flows": found, "latest": latest(visit, found)}


def _executions(visit: Visit, name: str) -> dict[str, Any]:
    return listed(visit, (("namespace", name),))


def _kv(visit: Visit, name: str) -> dict[str, Any] | Moved:
    written = _written(visit, name) if visit.request.method == "POST" else ""
    if isinstance(written, Moved):
        return written
    key = visit.given("key")
    shown = visit.api.find("/namespaces/{}/kv/{}", name, key) if key else None
    keys = visit.api.get("/namespaces/{}/kv", name)
    about: dict[str, Any] = next((each for each in keys if each["key"] == key), {})
    known = {"key": key, "kind": shown["type"], "value": formats.as_text(shown["value"])} if shown else {}
    return {
        "keys": sorted(keys, key=lambda each: str(each["key"])),
        "inherited": visit.api.get("/namespaces/{}/kv/inheritance", name),
        "key": key,
        "shown": shown,
        "about": about,
        "kinds": KINDS,
        "form": visit.request.form if written else {**known, "description": about.get("description", "")},
        "trouble": written,
        "status": 422 if written else 200,
    }


def _written(visit: Visit, name: str) -> Moved | str:
    """Store a key: text becomes JSON text, the rest is as it is written. Return why not, where that failed."""
    form = visit.request.form
    key, kind, value = form.get("key", "").strip(), form.get("kind", "STRING"), form.get("value", "")
    text = formats.as_json(value.replace("\r\n", "\n")) if kind == "STRING" else value.strip()
    headers = {header: form.get(header, "").strip() for header in ("ttl", "description")}
    headers["description"] = headers["description"].encode().decode("latin-1")  # as WSGI brings it
    given = {header: value for header, value in headers.items() if value or header == "description"}
    place = with_query(address("/namespaces/{}/kv/{}", name, key), {"type": kind})
    try:
        visit.api.send("PUT", place, text, "application/json", given)
    except (UnprocessableError, NoRouteError, InputError) as error:
        return str(error) if key else "a key has no empty name"
    return Moved(ui("/namespaces/edit/{}/kv", name), f"The key {key} is stored.")


def _files(visit: Visit, name: str) -> dict[str, Any]:
    path = "/" + visit.given("path").strip("/")
    listed_files = visit.api.find("/namespaces/{}/files/directory", name, query={"path": path})
    entries = sorted(listed_files or [], key=lambda each: (each["type"] != "Directory", str(each["fileName"]).lower()))
    parts = [part for part in path.split("/") if part]
    return {
        "path": path,
        "entries": entries,
        "above": [(part, "/" + "/".join(parts[: place + 1])) for place, part in enumerate(parts)],
        "files": address("/namespaces/{}/files", name),
        "content": _content(visit, name),
        "file": visit.given("file"),
        "with_query": with_query,
    }


def _content(visit: Visit, name: str) -> str | None:
    """Return the text of the file that is open; None for none, or for one that is no text."""
    if not visit.given("file"):
        return None
    found = visit.api.find("/namespaces/{}/files", name, query={"path": visit.given("file")}, default=b"")
    try:
        return found.decode() if isinstance(found, bytes) and b"\0" not in found else None
    except UnicodeDecodeError:
        return None


def _variables(visit: Visit, name: str) -> dict[str, Any] | Moved:
    if visit.request.method == "POST":
        form = visit.request.form
        body = {"description": form.get("description", ""), "variables": _object(form.get("variables", ""))}
        visit.api.send("PUT", address("/namespaces/{}", name), body)
        return Moved(ui("/namespaces/edit/{}/variables", name), "The variables are stored.")
    return {
        "stored": visit.api.get("/namespaces/{}", name),
        "inherited": visit.api.get("/namespaces/{}/inherited-variables", name),
    }


def _object(text: str) -> dict[str, Any]:
    """Return the variables that a form holds as JSON.

    Raises:
        UnprocessableError: They are no JSON object.
    """
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise UnprocessableError(f"the variables cannot be read as JSON: {error}") from None
    if not isinstance(found, dict):
        raise UnprocessableError('the variables are no object; wanted JSON such as {"region": "eu"}')
    return found


def _secrets(visit: Visit, name: str) -> dict[str, Any] | Moved:
    form, trouble = visit.request.form, ""
    if visit.request.method == "POST":
        body = {each: form.get(each, "") for each in ("key", "value", "description")}
        try:
            visit.api.send("PUT", address("/namespaces/{}/secrets", name), body)
        except (UnprocessableError, NotAllowedError, ConflictError) as error:
            trouble = str(error)
        else:
            return Moved(ui("/namespaces/edit/{}/secrets", name), f"The secret {body['key'].upper()} is stored.")
    try:
        found = visit.api.get("/namespaces/{}/secrets", name, query={"size": MOST})
    except ConflictError as error:  # they may not be listed
        found, trouble = {"readOnly": True, "results": []}, str(error)
    status = 422 if trouble and visit.request.method == "POST" else 200
    shown = {"secrets": found["results"], "read_only": found["readOnly"]}
    return {**shown, "trouble": trouble, "form": form, "status": status}


def _dependencies(visit: Visit, name: str) -> dict[str, Any]:
    found = visit.api.get("/namespaces/{}/dependencies", name)
    nodes = {each["uid"]: each for each in found.get("nodes", [])}
    edges = [each for each in found.get("edges", []) if each["source"] in nodes and each["target"] in nodes]
    return {"edges": [(nodes[each["source"]], nodes[each["target"]]) for each in edges]}


MAKERS: Mapping[str, Callable[[Visit, str], Any]] = {
    "overview": _overview,
    "flows": _flows,
    "executions": _executions,
    "kv": _kv,
    "files": _files,
    "variables": _variables,
    "secrets": _secrets,
    "dependencies": _dependencies,
}
"""What each tab shows."""
