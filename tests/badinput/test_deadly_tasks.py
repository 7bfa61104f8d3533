"""A task that kills its own worker every time: after five lost attempts it fails, and the flow goes on."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from badinput.flows import errors, flow, lines, log, shell, states
from cli.calling import Cli, process

KILL = "kill -9 $PPID; sleep 20"


def killed_until_it_ends(cli: Cli, path: str) -> int:
    """Run a flow, and recover as often as that dies; return how many processes died."""
    store = ["--store", str(cli.store)]
    codes = [process("run", path, *store, "-q").code]
    while codes[-1] == -signal.SIGKILL and len(codes) < 10:
        codes.append(process("recover", *store, "-q").code)
    assert codes[-1] == 0, codes
    return len(codes) - 1


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the execution of a flow whose task kills its worker every time."""
    cli = Cli(tmp_path_factory.mktemp("deadly"))
    tell = log("tell", "{{ errorLogs() | jq('.[].message') | first }}")
    path = cli.file("a.yaml", flow(log("before"), shell("deadly", KILL), log("after"), errors=[tell]))
    assert killed_until_it_ends(cli, path) == 5
    assert cli.on_store("recover").out == "nothing to recover\n"
    (listed,) = cli.json("executions", "list")
    return cli.json("executions", "get", listed["id"])


def test_it_fails_after_five_lost_attempts(found: Any) -> None:
    assert found["state"]["current"] == "FAILED"
    assert states(found) == {"before": "SUCCESS", "deadly": "FAILED", "tell": "SUCCESS"}
    (error,) = errors(found, "deadly")
    assert "the worker of this task ended in the middle of it 5 times; it is not tried again" in error
    assert lines(found, "tell") == [error]
    (attempts,) = (run["attempts"] for run in found["taskRunList"] if run["taskId"] == "deadly")
    assert [attempt["state"]["current"] for attempt in attempts[:4]] == ["RESUBMITTED"] * 4
    assert len(attempts) == 5


def test_the_log_tells_of_no_attempt_that_there_was_not(found: Any) -> None:
    begun = [line[-len("attempt 2 begins") :] for line in lines(found, "deadly") if "begins" in line]
    assert begun == [f"attempt {number} begins" for number in range(2, 6)]


def test_one_that_kills_its_worker_once_is_tried_again(cli: Cli) -> None:
    once = f"if [ -e {cli.folder}/mark ]; then echo fine; else touch {cli.folder}/mark; {KILL}; fi"
    path = cli.file("a.yaml", flow(shell("once", once), log("after")))
    assert killed_until_it_ends(cli, path) == 1
    (listed,) = cli.json("executions", "list")
    found = cli.json("executions", "get", listed["id"])
    assert states(found) == {"once": "SUCCESS", "after": "SUCCESS"}
    assert lines(found, "once")[-1] == "fine"
