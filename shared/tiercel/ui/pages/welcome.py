"""First steps, and where `/ui/` leads."""

from __future__ import annotations

from io import BytesIO

from werkzeug.datastructures import FileStorage

from tiercel.api.failures import UnprocessableError
from tiercel.ui.asking import address, with_query
from tiercel.ui.visit import Moved, Shown, Visit, ui

EXAMPLE_NAME = ("company.team", "hello")
FLOW_FILES = (".yaml", ".yml")

EXAMPLE = """id: hello
namespace: company.team
description: A first flow. It says hello, and gives what it said.

inputs:
  - id: name
    type: STRING
    defaults: world

tasks:
  - id: greet
    type: io.kestra.plugin.core.log.Log
    message: Hello, {{ inputs.name }}!
  - id: said
    type: io.kestra.plugin.core.debug.Return
    format: "{{ inputs.name }} was greeted"
"""
"""The flow that the first page offers."""


def home(visit: Visit) -> Moved:
    """Lead to the dashboard; while there is no flow, to the first steps."""
    any_flow = visit.api.get("/flows/search", query={"size": 1})["total"]
    return Moved("/ui/dashboards" if any_flow else "/ui/welcome")


def show(visit: Visit) -> Shown | Moved:
    """Show the first steps; what comes by POST is done: the example is stored, or run too, or a folder is imported."""
    if visit.request.method != "POST":
        return Shown("welcome", "Welcome", {"example": EXAMPLE})
    if visit.request.files:
        return _imported(visit)
    visit.api.find("/flows/{}/{}", *EXAMPLE_NAME) or visit.api.post("/flows", body=EXAMPLE, kind="application/x-yaml")
    if visit.request.form.get("do") != "run":
        return Moved(ui("/flows/execute/{}/{}", *EXAMPLE_NAME), "The flow is stored. Execute it.")
    begun = visit.api.send_form(address("/executions/{}/{}", *EXAMPLE_NAME), [])
    return Moved(ui("/executions/{}/{}/{}", *EXAMPLE_NAME, begun["id"]), "The flow is stored, and runs.")


def _imported(visit: Visit) -> Moved:
    """Store the flows of a folder: all of them, or none where one is wrong.

    Raises:
        UnprocessableError: There is no flow in it.
    """
    sent = [each for each in visit.request.files.getlist("folder") if (each.filename or "").endswith(FLOW_FILES)]
    texts = [each.stream.read().decode("utf-8-sig", "replace").strip() for each in sent]
    if not any(texts):
        raise UnprocessableError(f"the folder holds no file that ends in {' or '.join(FLOW_FILES)}")
    file = FileStorage(BytesIO("\n---\n".join(filter(None, texts)).encode()), "flows.yaml", "fileUpload")
    visit.api.send_form(with_query("/flows/import", {"failOnError": "true"}), [], [("fileUpload", file)])
    return Moved("/ui/flows", f"{len(sent)} files were imported.")
