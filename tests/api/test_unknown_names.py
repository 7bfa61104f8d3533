"""Names that expressions read and the flow does not have: a warning, never an error."""

from __future__ import annotations

import pytest

from api.driving import LOG, Api
from tiercel.authoring.unknownnames import unknown_names

FLOW = f"""id: names
namespace: company.team
inputs:
  - {{id: day, type: DATE}}
  - {{id: nested.one, type: STRING}}
variables: {{rate: 2}}
tasks:
  - {{id: first, type: {LOG}, message: "%s"}}
  - id: each
    type: io.kestra.plugin.core.flow.ForEachItem
    items: "{{{{ outputs.first.uri }}}}"
    namespace: other
    flowId: other
    inputs: {{x: "{{{{ taskrun.items }}}}"}}
"""


def warned(api: Api, expression: str) -> list[str]:
    """Return the warnings of the flow with an expression in its first task."""
    said = api.send("POST", "/flows/validate", data=FLOW % expression, content_type="application/x-yaml").get_json()[0]
    assert "constraints" not in said
    found: list[str] = said["warnings"]
    return found


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        (
            "{{ inputs.dya }}",
            "tasks[0].message: the expression reads inputs.dya, and the flow has no input 'dya'; nearest is 'day'",
        ),
        ("{{ vars.other }}", "tasks[0].message: the expression reads vars.other, and the flow has no variable 'other'"),
        (
            "{{ outputs['gone'].x }}",
            "tasks[0].message: the expression reads outputs.gone, and the flow has no task 'gone'",
        ),
    ],
)
def test_a_name_that_nobody_declares_is_a_warning_with_its_path(api: Api, expression: str, wanted: str) -> None:
    assert warned(api, expression) == [wanted]


@pytest.mark.parametrize(
    "expression",
    [
        "{{ inputs.day }} {{ inputs.nested.one }} {{ vars.rate }} {{ outputs.each_merge.x }} {{ trigger.any }}",
        "{% set vars = 1 %}{{ vars.other }}",
        "{% raw %}{{ inputs.other }}{% endraw %}",
        "{{ inputs[vars.rate] }} {{ not closed",
        "plain inputs.other",
    ],
)
def test_nothing_else_is_doubted(expression: str) -> None:
    text: dict[str, object] = {
        "inputs": [{"id": "day"}, {"id": "nested.one"}],
        "variables": {"rate": 2},
        "triggers": [{"id": "t", "inputs": {"x": "{{ outputs.theirs.x }}"}}],
        "tasks": [{"id": "each", "message": expression}, {"id": "call", "outputs": {"x": "{{ outputs.theirs.x }}"}}],
    }
    assert unknown_names(text) == []


def test_a_flow_that_sets_variables_may_read_any() -> None:
    tasks = [{"id": "a", "type": "io.kestra.plugin.core.execution.SetVariables"}, {"id": "b", "m": "{{ vars.x }}"}]
    assert unknown_names({"tasks": tasks}) == []
    assert len(unknown_names({"tasks": tasks[1:]})) == 1
