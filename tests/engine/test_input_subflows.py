"""Inputs whose expressions run other flows, and read the world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import InputError
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.runtime import embedded

CHILD = """
id: child
namespace: tests
inputs: [{id: a, type: STRING, defaults: z}]
tasks: [{id: r, type: io.kestra.plugin.core.debug.Return, format: "got {{ inputs.a }}"}]
outputs: [{id: v, type: STRING, value: "{{ outputs.r.value }}"}]
"""
SLEEPER = """
id: sleeper
namespace: tests
tasks: [{id: r, type: io.kestra.plugin.core.flow.Sleep, duration: PT2S}]
"""
FAILING = """
id: failing
namespace: tests
tasks: [{id: r, type: io.kestra.plugin.core.execution.Fail}]
"""


def inputs_of(folder: Path, default: str) -> dict[str, Any] | None:
    """Return the inputs of an execution whose one input has this default."""
    asking = f"""
id: asking
namespace: tests
inputs: [{{id: x, type: STRING, defaults: "{default}"}}]
tasks: [{{id: r, type: io.kestra.plugin.core.log.Log, message: x}}]
"""
    with embedded(folder, threads=4) as runtime:
        for source in (CHILD, SLEEPER, FAILING):
            runtime.flows.deploy(parse_flow(source))
        return runtime.intake.accept(runtime.flows.deploy(parse_flow(asking)), Request()).inputs


@pytest.mark.parametrize(
    ("default", "wanted"),
    [
        ("{{ subflow('tests', 'child', inputs={'a': 'q'}).outputs.v }}", "got q"),
        ("{{ subflow(namespace='tests', id='child', revision=1, timeout='PT20S').state }}", "SUCCESS"),
        ("{{ subflow('tests', 'child', labels={'k': 1}).labels.k }}", "1"),
        ("{{ subflow('tests', 'failing').state }}", "FAILED"),
        ("{{ kv('my-key').field ?? 'none' }}", "none"),
    ],
)
def test_an_input_may_come_from_another_flow(tmp_path: Path, default: str, wanted: str) -> None:
    assert inputs_of(tmp_path, default) == {"x": wanted}


@pytest.mark.parametrize(
    ("default", "message"),
    [
        ("{{ subflow('tests', 'nowhere') }}", "nowhere"),
        ("{{ subflow('tests', 'sleeper', timeout='PT0.1S') }}", r"is [A-Z]+ after 0.1 s; give it more time"),
        ("{{ subflow('tests', 'child', timeout='soon') }}", "soon"),
        ("{{ subflow('tests', 'asking').id }}", "5 flows wait for one another's inputs"),
        (
            "{{ kv('my-key') }}",
            r"The key 'my-key' does not exist in the namespace 'tests'. \({{ kv\('my-key'\) }}:1\)",
        ),
    ],
)
def test_an_input_that_cannot_be_had_says_why(tmp_path: Path, default: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        inputs_of(tmp_path, default)
