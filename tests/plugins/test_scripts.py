"""Scripts: commands and scripts as processes of this machine."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from fake_context import FakeContext
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.flowfile import parse_flow
from tiercel.model.states import Level
from tiercel.tasks.scripts import languages, shell
from tiercel.tasks.scripts.output import LogLimits, ScriptOutput
from tiercel.tasks.scripts.process import run_process
from tiercel.tasks.scripts.runners import DOCKER, PROCESS

RUNNER = {"type": PROCESS}


@pytest.fixture
def ctx(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path)


def run(ctx: FakeContext, *commands: str, **properties: object) -> dict[str, Any]:
    return ctx.run(shell.Commands, **{"taskRunner": RUNNER, "commands": list(commands), **properties})


def fail(ctx: FakeContext, *commands: str, **properties: object) -> TaskError:
    with pytest.raises(TaskError) as caught:
        run(ctx, *commands, **properties)
    return caught.value


# ------------------------------------------------------------------ lines, codes, states


def test_lines_are_logged_and_counted(ctx: FakeContext) -> None:
    outputs = run(ctx, "echo 0", "echo 1", "echo 2 >&2")
    assert outputs == {
        "exitCode": 0,
        "vars": {},
        "stdOutLineCount": 2,
        "stdErrLineCount": 1,
        "outputFiles": {},
        "taskRunner": {"type": PROCESS},
    }
    assert ctx.messages(Level.INFO) == ["0", "1"]
    assert ctx.messages(Level.ERROR) == ["2"]


def test_a_failure_keeps_its_outputs_and_names_code_and_last_line(ctx: FakeContext) -> None:
    error = fail(
        ctx, """echo '::{"outputs":{"a":1}}::'""", "echo why >&2", "echo 1 > x.txt", "exit 66", outputFiles=["*"]
    )
    assert "66" in str(error)
    assert "why" in str(error)
    assert error.outputs is not None
    assert error.outputs["exitCode"] == 66
    assert error.outputs["vars"] == {"a": 1}
    assert list(error.outputs["outputFiles"]) == ["x.txt"]  # type: ignore[call-overload]


def test_the_first_failure_ends_the_commands_unless_told_otherwise(ctx: FakeContext) -> None:
    error = fail(ctx, "unknown_command_here", "echo 1")
    assert error.outputs is not None
    assert (error.outputs["exitCode"], error.outputs["stdOutLineCount"]) == (127, 0)
    outputs = run(ctx, "unknown_command_here", "echo 1", failFast=False)
    assert (outputs["exitCode"], outputs["stdOutLineCount"], outputs["stdErrLineCount"]) == (0, 1, 1)


def test_a_signal_gives_128_and_its_number(ctx: FakeContext) -> None:
    error = fail(ctx, "kill -9 $$")
    assert error.outputs is not None
    assert error.outputs["exitCode"] == 137


def test_lines_are_logged_while_the_command_runs(ctx: FakeContext) -> None:
    ctx.on_log = lambda message: (ctx.working_dir / "go").touch() if message == "ready" else None
    assert run(ctx, "echo ready", "while [ ! -e go ]; do sleep 0.01; done", "echo done")["stdOutLineCount"] == 2


def test_lines_of_before_commands_are_debug_and_their_markers_invisible(ctx: FakeContext) -> None:
    outputs = run(ctx, "echo work $X", beforeCommands=["echo setup", "X=1"])
    assert ctx.logs == [(Level.DEBUG, "setup"), (Level.INFO, "work 1")]
    assert outputs["stdOutLineCount"] == 2


def test_a_script_longer_than_an_argument_may_be_runs(ctx: FakeContext) -> None:
    script = "\n".join([f": {'x' * 1000}"] * 200) + '\necho \'::{"outputs":{"end":true}}::\'\nfalse\necho never'
    with pytest.raises(TaskError) as caught:
        ctx.run(shell.Script, taskRunner=RUNNER, script=script)
    assert caught.value.outputs is not None
    assert caught.value.outputs["vars"] == {"end": True}
    assert ctx.messages() == []


# ------------------------------------------------------------------ what is printed


def test_messages_of_both_streams_are_merged(ctx: FakeContext) -> None:
    outputs = run(
        ctx,
        """echo '::{"outputs":{"a":1,"b":null}}::'""",
        """echo '::{"outputs":{"a":2.5,"big":12345678901234567890}}::' >&2""",
        """echo '::{"metrics":[{"name":"rows","type":"counter","value":3,"tags":{"t":"x"}}]}::'""",
        """echo '::{"logs":[{"level":"WARN","message":"careful"}]}::'""",
        """printf '::{"outputs":{"last":"no line end"}}::'""",
    )
    assert sorted(outputs["vars"]) == ["a", "b", "big", "last"]
    assert outputs["vars"]["big"] == 12345678901234567890
    assert outputs["vars"]["b"] is None
    assert outputs["stdOutLineCount"] == 4
    assert ctx.logs == [(Level.WARN, "careful")]
    assert [(m.name, m.value, m.kind, m.tags) for m in ctx.metrics] == [("rows", 3.0, "counter", {"t": "x"})]


def test_what_is_not_a_message_is_a_line(ctx: FakeContext) -> None:
    run(ctx, "echo ':: no ::'", "echo 'x ::{}::'", "echo '::{not json}::'")
    assert ctx.messages(Level.INFO) == [":: no ::", "x ::{}::"]
    assert len(ctx.messages(Level.WARN)) == 1
    assert "not json" in ctx.messages(Level.WARN)[0]


@pytest.mark.parametrize("size", [1, 7, 65536])
def test_messages_survive_any_cut_into_chunks(ctx: FakeContext, size: int) -> None:
    big = "x" * (5 << 20 if size == 65536 else 300)
    message = json.dumps({"outputs": {"text": "a\u2028b\u0085c", "big": big}}, ensure_ascii=False)
    text = f"first\r\n::{message}::\nlast".encode()
    output = ScriptOutput(ctx, LogLimits())
    for start in range(0, len(text), size):
        output.feed("stdout", text[start : start + size])
    output.finish()
    assert output.vars == {"text": "a\u2028b\u0085c", "big": big}
    assert ctx.messages() == ["first", "last"]
    assert output.counts["stdOutLineCount"] == 3


def test_the_log_is_limited_and_everything_is_counted(ctx: FakeContext) -> None:
    output = ScriptOutput(ctx, LogLimits(lines=3))
    text = b"".join(b"line %d\n" % n for n in range(100)) + b'::{"outputs":{"late":1}}::\n' + b"x\n" * 5
    for start in range(0, len(text), 50):
        output.feed("stdout", text[start : start + 50])
    output.finish()
    assert ctx.messages(Level.INFO) == ["line 0", "line 1", "line 2"]
    assert len(ctx.messages(Level.WARN)) == 1
    assert "outputFiles" in ctx.messages(Level.WARN)[0]
    assert output.counts["stdOutLineCount"] == 106
    assert output.vars == {"late": 1}


def test_a_long_line_is_cut_with_a_note(ctx: FakeContext) -> None:
    run(ctx, "head -c 3000000 /dev/zero | tr '\\0' x", "echo", "echo after")
    assert ctx.messages()[0].startswith("x" * 16384 + " … (cut here: 2983616 more bytes")
    assert ctx.messages()[-1] == "after"


def test_memory_is_bounded_whatever_is_printed(ctx: FakeContext) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outputs = run(ctx, "yes 'a line of forty characters, more or less' | head -c 100000000")
    assert outputs["stdOutLineCount"] == pytest.approx(100_000_000 / 43, rel=0.1)
    assert len(ctx.logs) == 10_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000


# ------------------------------------------------------------------ variables, files, environment


def test_the_working_directory_has_variables(ctx: FakeContext) -> None:
    outputs = run(
        ctx,
        'test \'{{ workingDir }}\' = "$(pwd)" && test "$WORKING_DIR" = "$(pwd)"',
        "echo 1 > {{ outputFiles.data }}",
        "mkdir {{ outputDir }}/sub && echo 2 > $OUTPUT_DIR/sub/two.txt",
        "echo $GREETING $LIST",
        env={"GREETING": "hi {{ flow.id }}", "LIST": ["a", 1], "NONE": None},
        outputFiles=["data", "**/*.txt"],
    )
    assert {path: ctx.content(uri) for path, uri in outputs["outputFiles"].items()} == {
        "data": b"1\n",
        "sub/two.txt": b"2\n",
    }
    assert ctx.messages() == ['hi flow ["a",1]']
    assert list(ctx.working_dir.iterdir()) == [ctx.working_dir / "data"]


def test_the_environment_keeps_its_texts_as_they_were_written(ctx: FakeContext) -> None:
    source = """
id: f
namespace: n
tasks:
  - id: t
    type: io.kestra.plugin.scripts.shell.Commands
    taskRunner: {type: core.runner.Process}
    commands: [echo $V $W $X $L, cat v.txt]
    env: {V: 1.10, W: yes, X: 007, L: ['{{ quoted }}', yes]}
    inputFiles: {v.txt: 2.50}
"""
    task = parse_flow(source).nodes["t"]
    ctx.variables = {**ctx.variables, "quoted": 'a"b'}
    ctx.run(task.plugin, **task.properties)
    assert ctx.messages() == ['1.10 yes 007 ["a\\"b",true]', "2.50"]


def test_the_environment_is_inherited_but_not_the_secrets(ctx: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAIN", "seen")
    monkeypatch.setenv("SECRET_TOKEN", "aGlkZGVu")
    run(ctx, 'echo "$PLAIN-$SECRET_TOKEN-"')
    assert ctx.messages() == ["seen--"]


def test_input_files_are_placed(ctx: FakeContext) -> None:
    uri = ctx.put("in.csv", "1,2\n")
    ctx.names = {ctx.namespace: {"lib/a.sql": b"select 1"}}
    run(
        ctx,
        "cat sub/text.txt data.csv ns.sql map.json",
        inputFiles={
            "sub/text.txt": "hello {{ flow.id }}\n",
            "data.csv": uri,
            "ns.sql": "nsfile:///lib/a.sql",
            "map.json": {"a": [1]},
            "skipped": None,
        },
    )
    assert ctx.messages() == ["hello flow", "1,2", 'select 1{"a":[1]}']
    assert not (ctx.working_dir / "skipped").exists()


def test_an_address_in_a_command_becomes_a_local_copy(ctx: FakeContext) -> None:
    uri = ctx.put("in.csv", "1,2\n")
    ctx.variables = {**ctx.variables, "uri": uri}
    outputs = run(ctx, "cat '{{ uri }}' {{ uri }}; echo x >> {{ uri }}; ls -A", outputFiles=["**"])
    assert ctx.messages()[:2] == ["1,2", "1,2"]
    assert ctx.content(uri) == b"1,2\n"
    assert outputs["outputFiles"] == {}


def test_namespace_files_are_placed_before_input_files(ctx: FakeContext) -> None:
    ctx.names = {ctx.namespace: {"a.sql": b"a", "b/c.sql": b"c", "b/d.txt": b"d", "old/e.sql": b"e"}}
    run(
        ctx,
        "cat a.sql b/c.sql; find . -type f | wc -l | tr -d ' '",
        namespaceFiles={"include": ["*.sql"], "exclude": ["/old/**"]},
        inputFiles={"a.sql": "mine "},
    )
    assert ctx.messages() == ["mine c2"]


def test_commands_may_be_an_expression(ctx: FakeContext) -> None:
    ctx.variables = {**ctx.variables, "todo": ["echo 1", "echo 2"]}
    ctx.run(shell.Commands, taskRunner=RUNNER, commands="{{ todo }}")
    assert ctx.messages() == ["1", "2"]


def test_without_interpreter_the_commands_are_the_arguments(ctx: FakeContext) -> None:
    run(ctx, "echo", "$HOME  x", interpreter=[])
    assert ctx.messages() == ["$HOME  x"]


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "properties",
    [{"commands": []}, {"commands": "echo 1"}, {"commands": [None]}, {"commands": ["x"], "command": "y"}, {}],
)
def test_wrong_commands_are_refused(ctx: FakeContext, properties: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ctx.run(shell.Commands, **properties)


def test_a_script_of_null_is_refused_by_name(ctx: FakeContext) -> None:
    with pytest.raises(ValidationError, match="script"):
        ctx.run(shell.Script, script=None)


def test_a_missing_interpreter_is_named(ctx: FakeContext) -> None:
    assert "'/no/such/shell' is not installed" in str(fail(ctx, "echo 1", interpreter=["/no/such/shell", "-c"]))
    with pytest.raises(TaskError, match=r"'julia' is not installed.*julialang\.org"):
        ctx.run(languages.JuliaScript, taskRunner=RUNNER, script="1", env={"PATH": "/nowhere"})


def test_a_program_without_permission_is_named(ctx: FakeContext) -> None:
    (ctx.working_dir / "prog").write_text("x")
    assert "may not be run" in str(fail(ctx, "x", interpreter=[str(ctx.working_dir / "prog")]))


def test_a_full_disk_is_said_in_words(ctx: FakeContext, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, os.strerror(28), "big.txt")

    monkeypatch.setattr(Path, "write_text", full)
    assert "No space left on device" in str(fail(ctx, "x", inputFiles={"big.txt": "x"}))


# ------------------------------------------------------------------ task runners


def test_a_container_runner_runs_as_a_process_and_says_so_once(ctx: FakeContext) -> None:
    run(
        ctx,
        "echo 1",
        taskRunner={"type": "io.kestra.plugin.scripts.runner.docker.DockerTaskRunner", "memory": {"memory": "1GB"}},
        containerImage="alpine:{{ flow.id }}",
    )
    warnings = ctx.messages(Level.WARN)
    assert len(warnings) == 1
    assert "'alpine:flow'" in warnings[0]
    assert PROCESS in warnings[0]


def test_the_old_spelling_of_runners_is_understood(ctx: FakeContext) -> None:
    run(ctx, "test -d {{ outputDir }}", taskRunner=None, runner="PROCESS")
    assert ctx.logs == []
    run(ctx, "true", taskRunner=None, runner="DOCKER", docker={"image": "busybox", "pullPolicy": "NEVER"})
    assert "'busybox'" in ctx.messages(Level.WARN)[0]


def test_runner_types_are_checked(ctx: FakeContext) -> None:
    with pytest.raises(ValidationError, match=r"unknown; nearest is 'io.kestra.plugin.core.runner.Process'"):
        run(ctx, "x", taskRunner={"type": "io.kestra.plugin.core.runner.Proces"})
    with pytest.raises(ValidationError, match="memroy"):
        run(ctx, "x", taskRunner={"type": DOCKER, "memroy": {}})
    with pytest.raises(ValidationError, match=r"'core.log.Log' is no task runner"):
        run(ctx, "x", taskRunner={"type": "core.log.Log"})


@pytest.mark.parametrize("name", ["core.runner.Process", "io.kestra.plugin.core.runner.ProcessTaskRunner"])
def test_a_runner_is_found_by_each_of_its_names(ctx: FakeContext, name: str) -> None:
    run(ctx, "true", taskRunner={"type": name})
    assert ctx.logs == []


# ------------------------------------------------------------------ stopping


def stop_after(ctx: FakeContext, word: str) -> None:
    def heard(message: str) -> None:
        if message == word:
            threading.Thread(target=ctx.cancel).start()

    ctx.on_log = heard


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="the family is found by /proc")
@pytest.mark.parametrize(
    "command", ["sleep 300", "timeout 300 sleep 300", "setsid sleep 300", "sleep 300 > /dev/null 2>&1"]
)
def test_a_stop_ends_all_descendants(ctx: FakeContext, command: str) -> None:
    stop_after(ctx, "ready")
    start = time.monotonic()
    error = fail(ctx, f"{command} & echo $! > pid", "sleep 0.05; echo ready", "sleep 300")
    assert time.monotonic() - start < 60
    assert "stopped" in str(error)
    assert error.outputs is not None
    assert error.outputs["stdOutLineCount"] == 1
    assert not alive(int((ctx.working_dir / "pid").read_text()))


def test_who_ignores_the_polite_signal_is_killed_after_the_grace(ctx: FakeContext) -> None:
    stop_after(ctx, "ready")
    output = ScriptOutput(ctx, LogLimits())
    code = run_process(
        ctx,
        ["/bin/sh", "-c", "trap 'echo asked' TERM; echo ready; while :; do sleep 0.05; done"],
        folder=ctx.working_dir,
        env=dict(os.environ),
        feed=output.feed,
        grace=0.3,
    )
    assert code == 137
    assert "asked" in ctx.messages()


def test_a_stop_reaches_a_command_that_closed_its_output(ctx: FakeContext) -> None:
    threading.Timer(0.1, ctx.cancel).start()
    start = time.monotonic()
    fail(ctx, "exec >&- 2>&-", "sleep 300")
    assert time.monotonic() - start < 60


def test_a_cancelled_attempt_starts_nothing(ctx: FakeContext) -> None:
    ctx.cancel()
    fail(ctx, "touch ran")
    assert not (ctx.working_dir / "ran").exists()


def test_what_runs_in_the_background_is_waited_for_while_it_writes(ctx: FakeContext) -> None:
    run(ctx, "(sleep 0.1; echo late) &")
    assert ctx.messages() == ["late"]


@pytest.mark.skipif(sys.platform != "linux", reason="the family is found by /proc")
def test_the_command_dies_with_tiercel(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nfrom fake_context import FakeContext\n"
        "from tiercel.tasks.scripts import shell\nctx = FakeContext(Path(sys.argv[1]))\n"
        "ctx.on_log = lambda message: print(message, flush=True)\n"
        "ctx.run(shell.Commands, taskRunner={'type': 'core.runner.Process'},"
        " commands=['timeout 300 sleep 300 & echo $$ $!', 'sleep 300; true'])\n"
    )
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    tiercel = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    assert tiercel.stdout is not None
    with tiercel.stdout:
        pids = [int(pid) for pid in tiercel.stdout.readline().split()]
        assert len(pids) == 2
        assert all(alive(pid) for pid in pids)
        tiercel.kill()
        tiercel.wait()
    for _ in range(50):
        if not any(alive(pid) for pid in pids):
            break
        time.sleep(0.02)
    assert not any(alive(pid) for pid in pids)


def test_nothing_is_left_open(ctx: FakeContext) -> None:
    run(ctx, "true")
    before = len(os.listdir("/dev/fd"))
    for _ in range(5):
        run(ctx, "echo 1")
    assert len(os.listdir("/dev/fd")) == before


# ------------------------------------------------------------------ other languages


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_node_scripts_run_beside_their_files(ctx: FakeContext) -> None:
    outputs = ctx.run(
        languages.NodeScript,
        taskRunner=RUNNER,
        inputFiles={"part.js": "module.exports = {n: 2}"},
        script="console.log('::' + JSON.stringify({outputs: require('./part.js')}) + '::')",
    )
    assert outputs["vars"] == {"n": 2}


@pytest.mark.skipif(shutil.which("perl") is None, reason="needs perl")
def test_perl_scripts_run_and_their_file_is_ours(ctx: FakeContext) -> None:
    outputs = ctx.run(languages.PerlScript, taskRunner=RUNNER, script='print "hi\\n"; exit 0;', outputFiles=["*"])
    assert ctx.messages() == ["hi"]
    assert outputs["outputFiles"] == {}
