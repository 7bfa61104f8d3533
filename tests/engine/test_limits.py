"""What is bounded says so by name."""

from pathlib import Path

import pytest

from tiercel.errors import InputError, TaskError
from tiercel.flowables.core import MOST_VALUES, loop_values
from tiercel.flowfile import parse_flow
from tiercel.intake import Request
from tiercel.model.execution import LARGEST_VALUES
from tiercel.model.states import State
from tiercel.runtime import embedded

FLOW = """
id: large
namespace: test
inputs:
  - {id: text, type: STRING}
tasks:
  - {id: each, type: io.kestra.plugin.core.flow.ForEach, values: "{{ inputs.text }}", tasks: [
      {id: step, type: io.kestra.plugin.core.log.Log, message: x}]}
"""


def test_inputs_beyond_the_limit_start_nothing(tmp_path: Path) -> None:
    with embedded(tmp_path) as runtime:
        flow = runtime.flows.deploy(parse_flow(FLOW))
        with pytest.raises(InputError, match=f"more than {LARGEST_VALUES}; give large data as an input of type FILE"):
            runtime.intake.accept(flow, Request({"text": "x" * LARGEST_VALUES}))
        assert not runtime.store.query("execution")


def test_a_loop_over_a_long_text_fails_with_the_limit_that_it_met(tmp_path: Path) -> None:
    with embedded(tmp_path) as runtime:
        flow = runtime.flows.deploy(parse_flow(FLOW))
        header = runtime.intake.accept(flow, Request({"text": "[" + "1," * 2_000_000}))
        assert runtime.bus.wait_quiet(20)
        shown = runtime.view.show(runtime.view.header(header.id), flow)
        assert shown["state"]["current"] == State.FAILED
        assert any("JSON array" in line["message"] or "characters" in line["message"] for line in shown["logs"])


def test_more_values_than_a_loop_takes_are_refused_with_the_remedy() -> None:
    assert len(loop_values([str(number) for number in range(MOST_VALUES)])) == MOST_VALUES
    with pytest.raises(TaskError, match="use ForEachItem"):
        loop_values([str(number) for number in range(MOST_VALUES + 1)])
