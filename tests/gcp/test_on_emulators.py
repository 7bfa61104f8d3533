"""Flows in the functions, on Google's emulators: the same command line, and what comes from outside."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.pubsub_v1 import PublisherClient  # type: ignore[import-untyped]
from google.cloud.storage import Client

from cli.calling import flow, only, process
from gcp.conftest import BUCKET, TOPIC
from gcp.emulating import PATIENCE, Emulation, There

CORE, GOOGLE = "io.kestra.plugin.core.", "io.kestra.plugin.gcp."

RETURN = f"id: say, type: {CORE}debug.Return, format: "
FAIL = f"id: fail, type: {CORE}execution.Fail, errorMessage: no such day"
PAUSE = f"id: wait, type: {CORE}flow.Pause"
SHELL = "type: io.kestra.plugin.scripts.shell.Commands, taskRunner: {type: io.kestra.plugin.core.runner.Process}"


def state(execution: Any) -> str:
    """Return an execution's state."""
    return str(execution["state"]["current"])


def runs(execution: Any) -> dict[str, str]:
    """Return the states of an execution's task runs by their tasks."""
    return {run["taskId"]: run["state"]["current"] for run in execution["taskRunList"]}


# ------------------------------------------------------------ the command line


def test_run_as_a_person_does(emulation: Emulation, there: There) -> None:
    source = there.file("word.yaml", flow(f"{RETURN} \"{{{{ secret('WORD') }}}} and {{{{ 1 + 1 }}}}\"", name="word"))
    said = process("run", source, "--on", "emulators", **emulation.settings)
    assert said.code == 0, said.err
    assert "SUCCESS" in said.out
    found = there.json("executions", "list", "--flow", "word", "--limit", "1")
    assert there.json("executions", "get", found[0]["id"])["taskRunList"][0]["outputs"]["value"] == "open and 2"


def test_a_folder_is_applied_and_what_is_not_heard_is_told(emulation: Emulation, there: There) -> None:
    heard = f"{{type: {GOOGLE}pubsub.RealtimeTrigger, projectId: p, topic: "
    more = f"triggers:\n  - {{id: a, {heard[1:]}{TOPIC}}}\n  - {{id: b, {heard[1:]}nobody}}"
    source = there.file("applied/a.yaml", flow(f"{RETURN} a", name="applied", more=more))
    apply = ["apply", str(Path(source).parent), "--to", "emulators"]
    said = process(*apply, **emulation.settings)
    assert said.code == 0, said.err
    assert said.out.endswith("1 created\n")
    assert "waits for the topic 'nobody', which is not heard: start `tiercel emulate` with --topic" in said.err
    assert f"'{TOPIC}'" not in said.err
    assert process(*apply, **emulation.settings).out.endswith("1 unchanged\n")


def test_work_is_done_in_the_function_that_executes(there: There) -> None:
    task = f'id: work, {SHELL}, commands: [\'echo "::{{\\"outputs\\":{{\\"a\\":7}}}}::"\']'
    execution = there.json("run", there.file("work.yaml", flow(task, name="work")))
    assert state(execution) == "SUCCESS"
    assert execution["taskRunList"][0]["outputs"]["vars"] == {"a": 7}


def test_branches_meet_again(there: There) -> None:
    tasks = f"[{{{RETURN} '{{{{ taskrun.value }}}}'}}]"
    loop = f"id: each, type: {CORE}flow.ForEach, concurrencyLimit: 0, values: [1, 2, 3, 4], tasks: {tasks}"
    execution = there.json("run", there.file("each.yaml", flow(loop, name="each")))
    assert state(execution) == "SUCCESS"
    values = [run["outputs"]["value"] for run in execution["taskRunList"] if run["taskId"] == "say"]
    assert sorted(values) == ["1", "2", "3", "4"]


def test_a_failure_is_exit_code_1_and_can_be_restarted(there: There) -> None:
    source = there.file("fails.yaml", flow(f"{RETURN} a\n{FAIL}", name="fails"))
    failed = there.json("run", source, code=1)
    assert state(failed) == "FAILED"
    lines = there.on_store("executions", "logs", failed["id"], "--level", "ERROR")
    assert "no such day" in lines.out
    again = there.json("executions", "restart", failed["id"], code=1)
    assert again["id"] == failed["id"]
    assert [each["state"] for each in again["state"]["histories"]].count("FAILED") == 2
    listed = there.json("executions", "list", "--flow", "fails", "--state", "FAILED")
    assert [each["id"] for each in listed] == [failed["id"]]


def test_a_pause_is_exit_code_3_and_is_resumed_or_killed(there: There) -> None:
    source = there.file("pauses.yaml", flow(f"{PAUSE}\n{RETURN} after", name="pauses"))
    first, second = there.json("run", source, code=3), there.json("run", source, code=3)
    assert state(there.json("executions", "get", first["id"])) == "PAUSED"
    resumed = there.json("executions", "resume", first["id"])
    assert (state(resumed), runs(resumed)) == ("SUCCESS", {"wait": "SUCCESS", "say": "SUCCESS"})
    assert state(there.json("executions", "kill", second["id"])) == "KILLED"


def test_a_replay_is_an_execution_of_its_own(there: There) -> None:
    source = there.file("twice.yaml", flow(f"{RETURN} a", name="twice"))
    first = there.json("run", source)
    replayed = there.json("executions", "replay", first["id"])
    assert state(replayed) == "SUCCESS"
    assert replayed["originalId"] == first["id"] != replayed["id"]


def test_a_file_goes_in_and_comes_out(there: There) -> None:
    text = flow(f"{RETURN} '{{{{ read(inputs.letter) }}}}'", name="letter", more="inputs: [{id: letter, type: FILE}]")
    letter = there.file("letter.txt", "Dear Ada, ä\n")
    execution = there.json("run", there.file("letter.yaml", text), "--input", f"letter={letter}")
    assert execution["taskRunList"][0]["outputs"]["value"] == "Dear Ada, ä\n"
    assert there.on_store("files", "cat", execution["inputs"]["letter"]).out == "Dear Ada, ä\n"


def test_a_trigger_is_told_by_hand(there: There) -> None:
    more = f"triggers: [{{id: hook, type: {CORE}trigger.Webhook, key: k}}]"
    source = there.file("hook.yaml", flow(f"{RETURN} '{{{{ trigger.body.day }}}}'", name="hook", more=more))
    execution = there.json("run", source, "--trigger", "hook", "--event", '{"body": {"day": "Monday"}}')
    assert execution["trigger"]["id"] == "hook"
    assert execution["taskRunList"][0]["outputs"]["value"] == "Monday"


def test_a_short_wait_is_a_timer(there: There) -> None:
    source = there.file("timer.yaml", flow(f"{PAUSE}, delay: PT0.3S\n{RETURN} after", name="timer"))
    assert runs(there.json("run", source)) == {"wait": "SUCCESS", "say": "SUCCESS"}


# ------------------------------------------------------------ from outside, with Google's own libraries


@pytest.fixture
def storage(there: There, emulation: Emulation) -> Iterator[Client]:
    """Give the official client of Cloud Storage; the environment tells it where."""
    with closing(
        Client(project=emulation.settings["GOOGLE_CLOUD_PROJECT"], credentials=AnonymousCredentials())
    ) as client:
        yield client


@pytest.fixture
def publisher(there: There) -> Iterator[PublisherClient]:
    """Give the official client of Pub/Sub; the environment tells it where."""
    client = PublisherClient()
    yield client
    client.stop()


def deploy(there: There, name: str, task: str, trigger: str) -> None:
    """Deploy a flow with a trigger, beside one that is run."""
    other = there.file(f"{name}.yaml", flow(task, name=name, more=f"triggers: [{{id: t, {trigger}}}]"))
    there.json("run", there.file("beside.yaml", flow(f"{RETURN} a", name="beside")), "--with", other)


def started(there: There, name: str, many: int = 1) -> list[Any]:
    """Wait until a flow has so many executions that have ended; return them, the oldest first."""
    end = time.monotonic() + PATIENCE
    while True:
        found = there.json("executions", "list", "--flow", name)
        if len(found) >= many and all(state(each) in ("SUCCESS", "FAILED") for each in found):
            return [there.json("executions", "get", each["id"]) for each in reversed(found)]
        assert time.monotonic() < end, found
        time.sleep(0.1)


@pytest.mark.parametrize("which", ["TIERCEL_BUCKET", "another"])
def test_an_upload_starts_a_flow(which: str, there: There, emulation: Emulation, storage: Client) -> None:
    bucket, name = emulation.settings.get(which, BUCKET), f"uploaded-{which.lower().replace('_', '-')}"
    trigger = f"type: {GOOGLE}gcs.Trigger, from: 'gs://{bucket}/in/', action: DELETE"
    deploy(there, name, f"{RETURN} '{{{{ read(trigger.blobs[0].uri) }}}}'", trigger)
    storage.bucket(bucket).blob("out/b.csv").upload_from_string("not this one")
    storage.bucket(bucket).blob("in/a.csv").upload_from_string("one,two")
    (execution,) = started(there, name)
    assert only(execution["trigger"], "id", "type") == {"id": "t", "type": f"{GOOGLE}gcs.Trigger"}
    assert execution["taskRunList"][0]["outputs"]["value"] == "one,two"
    end = time.monotonic() + PATIENCE
    while (left := [each.name for each in storage.list_blobs(bucket)]) != ["out/b.csv"]:  # it goes when it has begun
        assert time.monotonic() < end, left
        time.sleep(0.05)
    assert len(started(there, name)) == 1


def test_a_message_starts_the_flows_that_wait_for_its_topic(
    there: There, emulation: Emulation, publisher: PublisherClient
) -> None:
    topic = f"projects/{emulation.settings['GOOGLE_CLOUD_PROJECT']}/topics/{TOPIC}"
    deploy(there, "batch", f"{RETURN} '{{{{ read(trigger.uri) }}}}'", f"type: {GOOGLE}pubsub.Trigger, topic: {TOPIC}")
    told = f"type: {GOOGLE}pubsub.RealtimeTrigger, topic: {TOPIC}, subscription: s"
    deploy(there, "single", f"{RETURN} '{{{{ trigger.data }}}} {{{{ trigger.attributes.kind }}}}'", told)
    for number in range(3):
        publisher.publish(topic, f"order {number}".encode(), kind="new").result(PATIENCE)
    values = [each["taskRunList"][0]["outputs"]["value"] for each in started(there, "single", 3)]
    assert sorted(values) == ["order 0 new", "order 1 new", "order 2 new"]
    assert len(started(there, "batch", 3)) == 3


def test_a_message_on_the_executions_topic_starts_the_flow_that_it_names(
    there: There, emulation: Emulation, publisher: PublisherClient
) -> None:
    more = "inputs: [{id: day, type: STRING}]"
    named = there.file("named.yaml", flow(f"{RETURN} '{{{{ inputs.day }}}}'", name="named", more=more))
    there.json("run", there.file("beside.yaml", flow(f"{RETURN} a", name="beside")), "--with", named)
    wanted = {"namespace": "tests", "flowId": "named", "inputs": {"day": "Friday"}, "labels": {"from": "outside"}}
    topic = emulation.settings["TIERCEL_EXECUTIONS_TOPIC"]
    publisher.publish(topic, b"this is no wish").result(PATIENCE)
    publisher.publish(topic, json.dumps(wanted).encode()).result(PATIENCE)
    (execution,) = started(there, "named")
    assert execution["taskRunList"][0]["outputs"]["value"] == "Friday"
    assert {"key": "from", "value": "outside"} in execution["labels"]
