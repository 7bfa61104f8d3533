"""What Kestra 2.0 no longer has is taken, and said (flow specification, 13)."""

from __future__ import annotations

import pytest

from flowfile.refusals import HEAD, LOG, TASKS, child, task
from tiercel.flowfile import parse_flow

OUTDATED = [
    (task("type: core.state.Get"), "tasks[0].type", "kv.Set, kv.Get and kv.Delete"),
    (
        task("type: core.flow.Sequential, tasks: [{id: u, type: core.execution.Resume, executionId: x}]"),
        "tasks[0].tasks[0].type",
        "ask the API",
    ),
    (task("type: core.execution.Resume, executionId: x"), "tasks[0].type", "ask the API"),
    (task("type: core.execution.Exit, state: CANCELED"), "tasks[0].state", "use 'CANCELLED'"),
    (
        task("type: core.http.Request, uri: 'https://x', options: {basicAuthUser: a}"),
        "tasks[0].options.basicAuthUser",
        "use 'auth'",
    ),
    (HEAD + TASKS + "checks: [{condition: x, message: m}]", "checks[0].condition", "use 'when'"),
    (HEAD + TASKS + "workerGroup: {key: a}", "workerGroup", "use 'workerSelector'"),
]
NEW = [
    task(f"type: core.flow.Loop, values: [1], tasks: [{child('u')}]"),
    task("type: core.execution.Exit, state: CANCELLED"),
    HEAD + TASKS + "checks: [{when: x, message: m}]",
    HEAD + TASKS + "workerSelector: {tags: [a], match: ANY, fallback: WAIT}",
    task(f"type: {LOG}, message: m, workerSelector: {{tags: [a]}}"),
    HEAD + TASKS + "variables: {v: {type: core.state.Get}}",
    task(f"type: core.flow.ForEach, values: [1], tasks: [{child('u')}]"),
    HEAD + TASKS + f"pluginDefaults: [{{type: {LOG}, values: {{level: WARN}}}}]",
]


@pytest.mark.parametrize(("text", "path", "remedy"), OUTDATED, ids=[f"{each[1]} {each[2]}" for each in OUTDATED])
def test_it_is_a_notice_with_its_place_and_what_to_write_and_no_run_logs_it(text: str, path: str, remedy: str) -> None:
    flow = parse_flow(text)
    (notice,) = flow.notices
    assert notice.path == path
    assert "is deprecated, Kestra 2.0 has it no more" in notice.message
    assert notice.message.endswith(remedy)
    assert notice.line is not None
    assert all(node.notices == () for node in flow.nodes.values())


@pytest.mark.parametrize("text", NEW)
def test_what_stands_for_it_is_taken_without_a_word(text: str) -> None:
    assert parse_flow(text).notices == ()
