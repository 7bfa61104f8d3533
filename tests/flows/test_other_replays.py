"""Replays and restarts that do something otherwise: with other inputs, on another revision of the flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, labels, outputs, place, states
from flows.test_more_commands import CORE, FAILS, HEAD
from tiercel import actions
from tiercel.commands.again import Differently
from tiercel.errors import ConflictError, InputError, NotFoundError
from tiercel.intake import Request


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path / "store") as found:
        yield found


ASKING = (
    HEAD
    + f"""
inputs:
  - {{id: number, type: INT, defaults: 1}}
  - {{id: name, type: STRING, defaults: nobody}}
tasks:
  - {{id: first, type: {CORE}.debug.Return, format: "{{{{ inputs.name }}}}"}}
  - {{id: second, type: {CORE}.debug.Return, format: "{{{{ outputs.first.value }}}} {{{{ inputs.number + 1 }}}}"}}
"""
)


def second(here: Place, execution: str) -> Any:
    here.settle()
    return outputs(here.shown(execution), "second")["value"]


def test_a_replay_takes_new_inputs_and_the_defaults_of_the_others(here: Place) -> None:
    old = here.begin(ASKING, Request({"number": "5", "name": "Ann"}))
    new = actions.replay(here.rt, old, None, [], Differently(inputs={"number": "7"}))
    assert second(here, new) == "nobody 8"
    later = actions.replay(here.rt, old, "second", [], Differently(inputs={"number": "7"}))
    assert second(here, later) == "Ann 8"
    assert second(here, actions.replay(here.rt, old, None, [])) == "Ann 6"
    assert here.shown(new)["parentId"] == old
    with pytest.raises(InputError):
        actions.replay(here.rt, old, None, [], Differently(inputs={"number": "many"}))


def test_a_replay_runs_on_another_revision(here: Place) -> None:
    old = here.begin(ASKING)
    here.deploy(ASKING.replace("inputs.number + 1", "inputs.number + 10"))
    assert second(here, actions.replay(here.rt, old, None, [], Differently(revision=2))) == "nobody 11"
    within = actions.replay(here.rt, old, "second", [], Differently(revision=2))
    assert second(here, within) == "nobody 11"
    assert here.shown(within)["flowRevision"] == 2
    assert second(here, actions.replay(here.rt, old, "second", [])) == "nobody 2"
    with pytest.raises(NotFoundError, match="revision '9'"):
        actions.replay(here.rt, old, None, [], Differently(revision=9))


def test_a_replay_from_a_task_that_a_revision_has_elsewhere_is_refused(here: Place) -> None:
    old = here.begin(FAILS)
    here.deploy(HEAD + f"tasks:\n  - {{id: bad, type: {CORE}.log.Log, message: a}}\n")
    with pytest.raises(ConflictError, match="task 'bad' does not stand in revision 2"):
        actions.replay(here.rt, old, "bad", [], Differently(revision=2))


def test_a_restart_on_another_revision_is_a_new_execution(here: Place) -> None:
    old = here.begin(FAILS)
    here.deploy(FAILS.replace("execution.Fail", "debug.Return"))
    new = actions.restart(here.rt, old, 2)
    here.settle()
    shown = here.shown(new)
    assert states(shown) == {"first": "SUCCESS", "seq": "SUCCESS", "bad": "SUCCESS", "next": "SUCCESS"}
    assert (shown["parentId"], shown["flowRevision"], shown["metadata"]["attemptNumber"]) == (old, 2, 2)
    assert labels(shown)["system.restarted"] == "true"
    assert [len(run["attempts"]) for run in shown["taskRunList"] if run["taskId"] == "bad"] == [2]
    assert here.shown(old)["state"]["current"] == "FAILED"
    with pytest.raises(ConflictError, match="No task found to restart execution from!"):
        actions.restart(here.rt, new, 2)
    with pytest.raises(NotFoundError, match="revision '9'"):
        actions.restart(here.rt, old, 9)
