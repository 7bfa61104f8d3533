"""A flow that does not parse, or is made to do harm: its place, what was found and wanted; nothing is stored."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from badinput.flows import flow, log, task
from cli.calling import COMMAND, Cli, environment

HEAD = "id: bad\nnamespace: tests\n"
LOG = "{id: x, type: io.kestra.plugin.core.log.Log, message: x}"
TASKS = f"tasks:\n  - {LOG}\n"

REFUSED = {
    "a quote that is not closed": (
        HEAD + 'tasks:\n  - id: x\n    type: io.kestra.plugin.core.log.Log\n    message: "never closed\n',
        "6:14: not YAML:",
        "close the quote",
    ),
    "a tab": (HEAD + "tasks:\n\t- id: x\n", "4:1: not YAML:", "a tab cannot indent: use spaces"),
    "a type that there is not": (
        HEAD + "tasks:\n  - id: x\n    type: io.kestra.plugin.core.log.Lgo\n    message: x\n",
        "5:11: tasks[0].type: Invalid type: io.kestra.plugin.core.log.Lgo",
        "nearest is io.kestra.plugin.core.log.Log",
    ),
    "a property that there is not": (
        HEAD + "tasks:\n  - id: x\n    type: io.kestra.plugin.core.log.Log\n    message: x\n    mesage: y\n",
        '7:5: tasks[0].mesage: Unrecognized field "mesage"',
        "did you mean 'message'?",
    ),
    "a property that is missing": (
        HEAD + "tasks:\n  - id: x\n    type: io.kestra.plugin.core.log.Log\n",
        "4:5: tasks[0].message: must not be null",
        "required and is missing",
    ),
    "a value of the wrong kind": (
        HEAD + "tasks:\n  - id: x\n    type: io.kestra.plugin.core.log.Log\n    message: x\n    disabled: maybe\n",
        "7:15: tasks[0].disabled:",
        "maybe",
    ),
    "no flow at all": ("just a text\n", "1:1: must be a flow:", "found 'just a text'"),
    "nothing": ("", "1:1: must be a flow:", "a map with 'id', 'namespace' and 'tasks', found nothing"),
    "bytes that are no text": ("id: b\udcffd\n", "", "UTF-8"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_its_place_and_what_was_wanted(what: str, cli: Cli) -> None:
    text, found, wanted = REFUSED[what]
    path = cli.folder / "bad.yaml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cli.on_store("run", cli.file("good.yaml", flow(log("x"), id="good")), "-q").code == 0
    said = cli.on_store("run", str(path))
    assert (said.code, said.out) == (2, "")
    assert f"{path}:{found}" in said.err
    assert wanted in said.err
    assert "Traceback" not in said.err
    assert [each["id"] for each in cli.json("flows", "list")] == ["good"]
    assert [each["flowId"] for each in cli.json("executions", "list")] == ["good"]


def test_nothing_is_stored_of_a_flow_that_goes_along_with_a_bad_one(cli: Cli) -> None:
    good = cli.file("good.yaml", flow(log("x"), id="good"))
    said = cli.on_store("run", good, "--with", cli.file("bad.yaml", HEAD + "tasks: []\n"))
    assert said.code == 2
    assert not cli.store.exists()


def _bomb() -> str:
    rows = [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return HEAD + "variables:\n  a0: &a0 [" + "lol, " * 9 + "]\n" + "\n".join(rows) + "\n" + TASKS


def _steps(depth: int) -> str:
    kind = "type: io.kestra.plugin.core.flow.Sequential"
    rows = [f"{'  ' * n}- id: t{n}\n{'  ' * n}  {kind}\n{'  ' * n}  tasks:\n" for n in range(depth)]
    return HEAD + "tasks:\n" + "".join(rows) + "  " * depth + f"- {LOG}\n"


HARMFUL: dict[str, tuple[Callable[[], str], str]] = {
    "an alias bomb": (_bomb, "aliases stand for more than 100,000 values"),
    "a map that holds itself": (lambda: HEAD + "variables: &v\n  a: *v\n" + TASKS, "variables"),
    "10 MB of nesting": (
        lambda: HEAD + "variables: {a: " + "[" * 5_000_000 + "]" * 5_000_000 + "}\n" + TASKS,
        "the file has 10,000,1",
    ),
    "4 MB of nesting": (
        lambda: HEAD + "variables: {a: " + "[" * 2_000_000 + "]" * 2_000_000 + "}\n" + TASKS,
        "nested deeper than",
    ),
    "1 MB of lists in lists": (lambda: HEAD + "variables:\n  b: " + "- " * 500_000 + "x\n" + TASKS, "bad.yaml:4:"),
    "a thousand steps down": (lambda: _steps(1000), "nested deeper than"),
    "10 MB of text": (lambda: HEAD + "description: " + "x" * 10_000_000 + "\n" + TASKS, "the file has 10,000,1"),
    "a Python object": (lambda: HEAD + 'variables: {a: !!python/object/apply:os.system ["id"]}\n' + TASKS, "the tag"),
}


LITTLE_MEMORY = ("/bin/sh", "-c", 'ulimit -v 409600; exec "$@"', "sh")
"""400 MB. Not by code between fork and exec: the libraries of other tests in this process do not stand that."""


@pytest.mark.parametrize("what", HARMFUL)
def test_what_is_made_to_do_harm_is_refused_quickly_and_in_little_memory(what: str, cli: Cli) -> None:
    make, text = HARMFUL[what]
    path = cli.file("bad.yaml", make())
    done = subprocess.run(
        [*LITTLE_MEMORY, *COMMAND, "run", path, "--store", str(cli.store)],
        capture_output=True,
        text=True,
        timeout=20,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2, done.stderr[:2000]
    assert text in done.stderr
    assert len(done.stderr) < 2000
    assert not cli.store.exists()


def test_an_expression_that_is_nested_without_end_fails_its_task(cli: Cli) -> None:
    deep = "{{ " + "(" * 50_000 + "1" + ")" * 50_000 + " }}"
    doubled = "{% for a in range(1, 9999) %}" * 6 + "x" + "{% endfor %}" * 6
    tasks = [log("deep", deep, allowFailure=True), log("wide", doubled, allowFailure=True), log("after")]
    execution = cli.json("run", cli.file("a.yaml", flow(*tasks)), "-q")
    assert {run["taskId"]: run["state"]["current"] for run in execution["taskRunList"]} == {
        "deep": "WARNING",
        "wide": "WARNING",
        "after": "SUCCESS",
    }


def test_a_file_that_is_not_there_or_a_folder_is_refused(cli: Cli, tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        said = cli.on_store("run", str(path))
        assert said.code == 2
        assert str(path) in said.err
    assert not cli.store.exists()


def test_a_subflow_that_there_is_not_fails_its_task(cli: Cli) -> None:
    call = task("call", "flow.Subflow", namespace="tests", flowId="nowhere")
    execution = cli.json("run", cli.file("a.yaml", flow(call)), "-q", code=1)
    assert "Unable to find flow 'tests'.'nowhere'" in str(execution["logs"])
