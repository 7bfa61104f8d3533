"""Routes of many flows at once: replaced, deleted, switched, imported, exported, checked (api.md, 2)."""

from __future__ import annotations

from typing import Any

import msgspec

from tiercel.api.bodies import read_json, read_text
from tiercel.api.calls import Answer, Call
from tiercel.api.failures import UnprocessableError
from tiercel.api.flows.lists import records_of
from tiercel.api.flows.one import YAML
from tiercel.api.matching import is_within
from tiercel.api.parameters import Parameter
from tiercel.api.routing import TENANT, routes
from tiercel.authoring.bundles import examine_file, export_flows, import_flows
from tiercel.authoring.deploying import (
    all_valid,
    check_flows,
    check_part_alone,
    in_namespace,
    replace_flows,
    switch_flows,
)
from tiercel.flows import FlowRecord
from tiercel.views.flows import flow_view

JSON, MULTIPART, ZIP = "application/json", "multipart/form-data", "application/octet-stream"
_DELETE = Parameter("delete", "boolean", False, description="Whether flows that are not in the body are deleted.")


class FlowName(msgspec.Struct):
    """A flow's name, as clients send it."""

    namespace: str
    id: str


def _named(call: Call) -> list[FlowRecord]:
    """Return the flows that the body names, each once; all of them must be there."""
    names = dict.fromkeys((each.namespace, each.id) for each in read_json(call, list[FlowName]))
    return [call.site.parts.flows.record(*name) for name in names]


# ------------------------------------------------------------------ replaced


@routes.route(
    "POST",
    "/flows/{namespace}",
    body=YAML,
    parameters=[_DELETE, Parameter("override", "boolean", False, description="Whether other namespaces are replaced.")],
)
def update_namespace(call: Call) -> object:
    """Store the flows of a namespace: all or none."""
    flows, namespace = call.site.parts.flows, call.path["namespace"]
    wanted = in_namespace(all_valid(read_text(call.request)), namespace, override=call.query["override"])
    found = replace_flows(flows, wanted, flows.all(namespace) if call.query["delete"] else ())
    return [flow_view(record, TENANT, source=True) for record in found]


@routes.route(
    "POST",
    "/flows/bulk",
    body=YAML,
    parameters=[
        _DELETE,
        Parameter("namespace", description="Where all of them must be."),
        Parameter("allowNamespaceChild", "boolean", False, description="Whether a namespace below is as good."),
    ],
)
def update_flows(call: Call) -> object:
    """Store flows of any namespace: all or none."""
    flows, namespace, children = call.site.parts.flows, call.query["namespace"], call.query["allowNamespaceChild"]
    wanted = all_valid(read_text(call.request))
    if namespace is not None:
        wanted = in_namespace(wanted, namespace, children=children)
    former = [
        record
        for record in (flows.all() if call.query["delete"] else ())
        if namespace is None or record.namespace == namespace or (children and is_within(record.namespace, namespace))
    ]
    return [flow_view(record, TENANT, source=True) for record in replace_flows(flows, wanted, former)]


# ------------------------------------------------------------------ deleted, switched


def _deleted(call: Call, records: list[FlowRecord]) -> object:
    for record in records:
        call.site.parts.flows.delete(record.namespace, record.id)
    return {"count": len(records)}


@routes.route("DELETE", "/flows/delete/by-ids", body=JSON, shape=list[FlowName])
def delete_by_ids(call: Call) -> object:
    """Delete flows that are named."""
    return _deleted(call, _named(call))


@routes.route("DELETE", "/flows/delete/by-query", filtered=True)
def delete_by_query(call: Call) -> object:
    """Delete the flows that are asked for."""
    return _deleted(call, records_of(call))


@routes.route("POST", "/flows/disable/by-ids", body=JSON, shape=list[FlowName])
def disable_by_ids(call: Call) -> object:
    """Disable flows that are named, in their sources."""
    return {"count": switch_flows(call.site.parts.flows, _named(call), disabled=True)}


@routes.route("POST", "/flows/disable/by-query", filtered=True)
def disable_by_query(call: Call) -> object:
    """Disable the flows that are asked for, in their sources."""
    return {"count": switch_flows(call.site.parts.flows, records_of(call), disabled=True)}


@routes.route("POST", "/flows/enable/by-ids", body=JSON, shape=list[FlowName])
def enable_by_ids(call: Call) -> object:
    """Enable flows that are named, in their sources."""
    return {"count": switch_flows(call.site.parts.flows, _named(call), disabled=False)}


@routes.route("POST", "/flows/enable/by-query", filtered=True)
def enable_by_query(call: Call) -> object:
    """Enable the flows that are asked for, in their sources."""
    return {"count": switch_flows(call.site.parts.flows, records_of(call), disabled=False)}


# ------------------------------------------------------------------ by the file


@routes.route(
    "POST",
    "/flows/import",
    body=MULTIPART,
    parameters=[
        Parameter("failOnError", "boolean", False, description="Whether one that is wrong refuses all of them."),
        Parameter("dryRun", "boolean", False, description="Whether it is only said what would become of each flow."),
    ],
)
def import_file(call: Call) -> object:
    """Store the flows of a YAML or a ZIP file; return what could not be."""
    upload = call.request.files.get("fileUpload")
    if upload is None or not upload.filename:
        raise UnprocessableError("the form has no file 'fileUpload'; send one: -F fileUpload=@flows.yaml")
    content = upload.read()
    if call.query["dryRun"]:
        return examine_file(call.site.parts.flows, upload.filename, content)
    return import_flows(call.site.parts.flows, upload.filename, content, strictly=call.query["failOnError"])


def _zip(records: list[FlowRecord]) -> Answer:
    headers = {"Content-Disposition": 'attachment; filename="flows.zip"'}
    return Answer(export_flows(records), headers=headers, content_type=ZIP)


@routes.route("POST", "/flows/export/by-ids", body=JSON, shape=list[FlowName], gives=ZIP)
def export_by_ids(call: Call) -> object:
    """Return a ZIP with the sources of flows that are named."""
    return _zip(_named(call))


@routes.route("GET", "/flows/export/by-query", filtered=True, gives=ZIP)
def export_by_query(call: Call) -> object:
    """Return a ZIP with the sources of the flows that are asked for."""
    return _zip(records_of(call))


# ------------------------------------------------------------------ checked


@routes.route("POST", "/flows/validate", body=YAML)
def validate_flows(call: Call) -> object:
    """Say what is wrong with flows, and what is old in them; nothing is stored."""
    flows = call.site.parts.flows
    if call.request.mimetype != MULTIPART:
        return check_flows(flows, read_text(call.request))
    found: list[dict[str, Any]] = []
    for _, upload in call.request.files.items(multi=True):
        named = {"filename": upload.filename} if upload.filename else {}
        found += [
            {**said, "index": len(found) + n, **named} for n, said in enumerate(check_flows(flows, upload.read()))
        ]
    if not found:
        raise UnprocessableError("the form has no file; send one for each flow: -F flows=@flow.yaml")
    return found


@routes.route(
    "POST",
    "/flows/validate/task",
    body=YAML,
    parameters=[Parameter("section", default="TASKS", description="`TASKS` or `TRIGGERS`.")],
)
def validate_task(call: Call) -> object:
    """Say what is wrong with one task, or one trigger."""
    section = call.query["section"].upper()
    if section not in ("TASKS", "TRIGGERS"):
        raise UnprocessableError(f"section is '{call.query['section']}', wanted TASKS or TRIGGERS")
    return check_part_alone(read_text(call.request), trigger=section == "TRIGGERS")


@routes.route("POST", "/flows/validate/trigger", body=YAML)
def validate_trigger(call: Call) -> object:
    """Say what is wrong with one trigger."""
    return check_part_alone(read_text(call.request), trigger=True)
