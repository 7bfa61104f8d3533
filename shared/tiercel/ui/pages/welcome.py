"""First steps, and where `/ui/` leads."""

from __future__ import annotations

from tiercel.ui.visit import Moved, Shown, Visit

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
    """Show the first steps; asked for by POST, store the example and lead to its form."""
    if visit.request.method == "POST":
        visit.api.find("/flows/{}/{}", "company.team", "hello") or visit.api.post(
            "/flows", body=EXAMPLE, kind="application/x-yaml"
        )
        return Moved("/ui/flows/execute/company.team/hello", "The flow is stored. Execute it.")
    return Shown("welcome", "Welcome", {"example": EXAMPLE})
