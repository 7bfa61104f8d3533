"""Checks decide before an execution is created."""

from pathlib import Path

import pytest

from tiercel.errors import InputError
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.states import State
from tiercel.runtime import embedded

FLOW = """
id: checked
namespace: test
inputs:
  - {{id: env, type: STRING, defaults: dev}}
checks:
  - condition: "{{{{ inputs.env != 'prod' }}}}"
    message: not on prod
    behavior: {first}
  - condition: "{{{{ inputs.env != 'prod' and inputs.env != 'stage' }}}}"
    message: not beyond dev
    behavior: CREATE_EXECUTION
tasks:
  - {{id: go, type: io.kestra.plugin.core.log.Log, message: went}}
"""


def state_after(folder: Path, first: str, env: str) -> State:
    with embedded(folder) as runtime:
        flow = runtime.flows.deploy(parse_flow(FLOW.format(first=first)))
        header = runtime.intake.accept(flow, Request({"env": env}))
        assert runtime.bus.wait_quiet(10)
        return runtime.view.header(header.id).state


def test_checks_that_hold_change_nothing(tmp_path: Path) -> None:
    assert state_after(tmp_path, "BLOCK_EXECUTION", "dev") is State.SUCCESS


def test_a_check_that_only_warns_lets_it_run(tmp_path: Path) -> None:
    assert state_after(tmp_path, "BLOCK_EXECUTION", "stage") is State.SUCCESS


def test_the_strictest_check_decides_and_its_message_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not on prod"):
        state_after(tmp_path, "BLOCK_EXECUTION", "prod")
    with embedded(tmp_path) as runtime:
        assert not runtime.store.query("execution")


def test_a_check_can_create_the_execution_failed(tmp_path: Path) -> None:
    assert state_after(tmp_path, "FAIL_EXECUTION", "prod") is State.FAILED
