"""Tasks that are too much for a function: a job on Cloud Run runs them, against a stand-in for its Admin API."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from clocks import HandClock
from gcp.cloudrun import DAY, JOB, CloudRun, cloud_run
from gcp.doors import Doors
from tiercel.adapters.gcp.firestore import FirestoreStore
from tiercel.adapters.gcp.jobs import MESSAGE
from tiercel.cloud import job, process
from tiercel.cloud.handling import DONE, LATER
from tiercel.cloud.settings import Settings, SettingsError, read_settings
from tiercel.emulation.java import until
from tiercel.model.execution import Lane, TaskRun
from tiercel.model.messages import StartExecution, WalkLane, decode_message, encode_message
from tiercel.model.states import State
from tiercel.ports import Refused, Reply
from tiercel.sweeping import sweep

SHELL = "type: io.kestra.plugin.scripts.shell.Commands, taskRunner: {type: io.kestra.plugin.core.runner.Process}"
SLEEP = "type: io.kestra.plugin.core.flow.Sleep, duration: PT0.001S"
APART = "io.kestra.plugin.scripts.python., io.kestra.plugin.scripts.node."


@pytest.fixture(scope="module")
def api() -> Iterator[CloudRun]:
    with cloud_run() as found:
        yield found


@pytest.fixture
def doors(api: CloudRun, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    """Lend an installation with a job, of which nothing has been begun yet."""
    warnings.simplefilter("ignore", DeprecationWarning)  # `return_immediately` has no replacement
    found = Doors(TIERCEL_JOB=JOB, TIERCEL_JOB_TASKS=APART, TIERCEL_RUN_EMULATOR_HOST=api.host)
    for name in ("TIERCEL_JOB", "TIERCEL_JOB_TASKS"):
        del found.environment[name]  # what the job is not told
    monkeypatch.setattr(process, "_cloud", [found.cloud])
    monkeypatch.setattr("tiercel.adapters.gcp.trying.time.sleep", lambda seconds: None)
    api.runs.clear()
    yield found
    found.close()


def flow(name: str, long: str, more: str = "") -> str:
    """Return a flow whose second task is told of."""
    tasks = "".join(
        f"  - {{{each}}}\n" for each in (f"id: before, {SLEEP}", f"id: long, {long}", f"id: after, {SLEEP}")
    )
    return f"id: {name}\nnamespace: tests\n{more}tasks:\n{tasks}"


def script(command: str) -> str:
    return f"{SHELL}, timeout: PT1H, commands: ['{command}']"


def lane(doors: Doors, execution: str) -> Lane:
    found = doors.cloud.parts.lanes.stored(execution).lane("main")
    assert found is not None
    return found


def long_run(doors: Doors, execution: str) -> TaskRun:
    return lane(doors, execution).runs["long"]


def later(doors: Doors, monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """Have this process think that it is later."""
    clock = HandClock(datetime.now(UTC) + timedelta(hours=hours))
    monkeypatch.setattr(doors.cloud.parts.lanes, "_clock", clock)


def told(api: CloudRun, number: int = -1) -> WalkLane:
    """Return the message that a run was given."""
    found = decode_message(base64.b64decode(api.runs[number].variables[MESSAGE]))
    assert isinstance(found, WalkLane)
    return found


# ------------------------------------------------------------ what goes there


def test_a_long_task_is_run_by_a_job_which_walks_on_to_the_end(doors: Doors, api: CloudRun) -> None:
    execution = doors.start(flow("long", script("echo hunter2")))
    doors.settle()
    assert doors.header(execution).state is State.RUNNING
    assert long_run(doors, execution).state is State.CREATED
    (run,) = api.runs
    assert told(api).snapshot is None  # whoever lists the runs of a job sees their variables
    assert run.work(doors.environment) == job.WELL, run.said
    assert doors.header(execution).state is State.SUCCESS
    doors.settle()
    assert (doors.header(execution).finished, len(api.runs)) == (True, 1)


@pytest.mark.parametrize(
    ("long", "goes"),
    [
        (f"{SLEEP}, timeout: PT8M30S", False),
        (f"{SLEEP}, timeout: PT8M31S", True),
        (f"{SLEEP}, timeout: '{{{{ vars.limit }}}}'", True),
        (f"{SLEEP}, timeout: '{{{{ vars.nobody }}}}'", False),
        ("type: io.kestra.plugin.core.log.Log, message: hi, timeout: PT1H", False),
        ("type: io.kestra.plugin.scripts.python.Script, script: 'pass'", True),
        (f"type: io.kestra.plugin.core.flow.WorkingDirectory, tasks: [{{id: in, {SLEEP}, timeout: P1D}}]", True),
        (f"type: io.kestra.plugin.core.flow.WorkingDirectory, tasks: [{{id: in, {SLEEP}}}]", False),
        (f"type: io.kestra.plugin.core.flow.Sequential, tasks: [{{id: in, {SLEEP}, timeout: P1D}}]", True),
    ],
)
def test_what_a_function_is_too_small_for_goes_to_a_job(doors: Doors, api: CloudRun, long: str, goes: bool) -> None:
    execution = doors.start(flow("sizes", long, "variables: {limit: PT2H}\n"))
    doors.settle()
    assert len(api.runs) == goes
    assert (doors.header(execution).state is State.RUNNING) == goes


def test_without_a_job_everything_runs_in_the_function(monkeypatch: pytest.MonkeyPatch, api: CloudRun) -> None:
    warnings.simplefilter("ignore", DeprecationWarning)
    api.runs.clear()
    for settings in ({}, {"TIERCEL_JOB": JOB}):  # on emulators there is none, unless something plays it
        doors = Doors(**settings)
        monkeypatch.setattr(process, "_cloud", [doors.cloud])
        execution = doors.start(flow("small", f"{SLEEP}, timeout: PT1H"))
        doors.settle()
        assert doors.header(execution).state is State.SUCCESS
        doors.close()
    assert api.runs == []


# ------------------------------------------------------------ twice, lost, begun again


def test_a_doubled_message_has_the_task_run_once(
    doors: Doors, api: CloudRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = doors.start(flow("twice", script(f"cd {tmp_path}; touch began; until [ -e go ]; do sleep 0.02; done")))
    doors.settle()
    assert doors.send(told(api)) == DONE  # to `advance`, which hands it over again
    doors.settle()
    first, second = api.runs
    working = first.begin(doors.environment)
    until(lambda: working.poll() is not None or (tmp_path / "began").exists(), 60, "the job")
    assert second.work(doors.environment) == job.WELL
    assert [doors.post_to_execute(message) for message in (told(api), StartExecution(execution))] == [DONE, DONE]
    claim = lane(doors, execution).claim
    assert claim is not None
    assert claim.until > datetime.now(UTC).timestamp() + DAY
    later(doors, monkeypatch, 20)
    assert sweep(doors.cloud.parts.lanes) == 0
    (tmp_path / "go").touch()
    assert first.end(working) == job.WELL, first.said
    assert doors.header(execution).state is State.SUCCESS
    assert len(long_run(doors, execution).attempts) == 1


def test_a_job_that_dies_is_begun_again_with_the_same_message(doors: Doors, api: CloudRun, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    execution = doors.start(flow("dies", script(f"[ -e {mark} ] || {{ touch {mark}; kill -9 $PPID; }}")))
    doors.settle()
    (run,) = api.runs
    assert run.work(doors.environment) == -9
    assert run.work(doors.environment) == job.WELL, run.said
    assert doors.header(execution).state is State.SUCCESS
    states = [each.state for each in long_run(doors, execution).attempts]
    assert states == [State.RESUBMITTED, State.SUCCESS]


def test_a_job_that_is_gone_for_good_is_found_by_the_sweep(
    doors: Doors, api: CloudRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    execution = doors.start(flow("gone", script(f"[ -e {mark} ] || {{ touch {mark}; kill -9 $PPID; }}")))
    doors.settle()
    later(doors, monkeypatch, 1)  # the first run never begins
    assert sweep(doors.cloud.parts.lanes) == 1
    doors.settle()
    assert len(api.runs) == 2
    assert api.runs[1].work(doors.environment) == -9  # the second dies, and nobody begins it again
    assert sweep(doors.cloud.parts.lanes) == 0
    later(doors, monkeypatch, 25)
    assert sweep(doors.cloud.parts.lanes) == 1
    doors.settle()
    assert api.runs[2].work(doors.environment) == job.WELL, api.runs[2].said
    assert doors.header(execution).state is State.SUCCESS
    assert [each.state for each in long_run(doors, execution).attempts] == [State.RESUBMITTED, State.SUCCESS]


def test_a_job_that_is_begun_again_while_others_change_its_lane_is_not_done_with(
    doors: Doors, api: CloudRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "mark"
    execution = doors.start(flow("changed", script(f"[ -e {mark} ] || {{ touch {mark}; kill -9 $PPID; }}")))
    doors.settle()
    (run,) = api.runs
    assert run.work(doors.environment) == -9
    commit, refusals = FirestoreStore.commit, [Refused("lane")]

    def refused(*arguments: Any) -> list[Reply]:
        if refusals:
            raise refusals.pop()
        return commit(*arguments)

    monkeypatch.setattr(FirestoreStore, "commit", refused)
    again = {**doors.environment, **run.variables, "TIERCEL_TIMEOUT": str(DAY)}
    assert [job.work(again), job.work(again)] == [job.FAILED, job.WELL]
    assert doors.header(execution).state is State.SUCCESS


@pytest.mark.parametrize(
    "refusals",
    [[(503, "UNAVAILABLE")] * 4, [(429, "RESOURCE_EXHAUSTED")] * 4, [(403, "PERMISSION_DENIED")], [(404, "NOT_FOUND")]],
)
def test_a_job_that_cannot_be_begun_is_asked_for_again(
    doors: Doors, api: CloudRun, caplog: pytest.LogCaptureFixture, refusals: list[tuple[int, str]]
) -> None:
    execution = doors.start(flow("refused", f"{SLEEP}, timeout: PT1H"))
    api.refusals = list(refusals)
    start = StartExecution(execution)
    assert [doors.post_to_execute(start), doors.post_to_execute(start)] == [LATER, DONE]
    (_,) = api.runs
    assert ("roles/run.jobsExecutorWithOverrides" in caplog.text) == (refusals[0][0] < 429)


# ------------------------------------------------------------ what is wrong


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "TIERCEL_MESSAGE is not set"),
        ("hunter2!", "no message of the engine's"),
        (base64.b64encode(b'{"type":"hunter2"}').decode(), "no message of the engine's"),
        (base64.b64encode(b"\xff").decode(), "no message of the engine's"),
        (base64.b64encode(encode_message(StartExecution("e"))).decode(), "StartExecution, wanted WalkLane"),
    ],
)
def test_a_bad_message_is_refused_in_words(
    doors: Doors, caplog: pytest.LogCaptureFixture, text: str, reason: str
) -> None:
    assert job.work({**doors.environment, MESSAGE: text}) == job.NOTHING
    assert reason in caplog.text
    assert "hunter2" not in caplog.text


def test_a_missing_setting_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert job.work({MESSAGE: base64.b64encode(encode_message(WalkLane("e", "main"))).decode()}) == job.NOTHING
    assert "GOOGLE_CLOUD_PROJECT is not set" in caplog.text


def test_a_failure_of_ours_is_begun_again_and_its_third_ends_the_execution(
    doors: Doors, api: CloudRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = doors.start(flow("broken", f"{SLEEP}, timeout: PT1H"))
    doors.settle()
    codes = []
    monkeypatch.setattr("tiercel.planner.plan.go", None)
    for attempt in range(3):
        own = {"CLOUD_RUN_EXECUTION": "w-1", "CLOUD_RUN_TASK_ATTEMPT": str(attempt)}
        codes.append(job.work({**doors.environment, **api.runs[0].variables, **own}))
    assert codes == [job.FAILED, job.FAILED, job.WELL]
    assert doors.header(execution).state is State.FAILED


BASE = {"GOOGLE_CLOUD_PROJECT": "p", "TIERCEL_BUCKET": "b"}


def test_the_settings_say_what_goes_to_which_job() -> None:
    assert not Settings("p", "b").has_jobs
    found = read_settings({**BASE, "TIERCEL_JOB": JOB, "TIERCEL_JOB_TASKS": " a. ,,b."})
    assert (found.has_jobs, found.longest, found.tasks_apart) == (True, 510.0, ("a.", "b."))
    assert not read_settings({**BASE, "TIERCEL_JOB": JOB, "FIRESTORE_EMULATOR_HOST": "h:1"}).has_jobs
    with pytest.raises(SettingsError, match="TIERCEL_JOB is 'worker', wanted projects/PROJECT/"):
        read_settings({**BASE, "TIERCEL_JOB": "worker"})
