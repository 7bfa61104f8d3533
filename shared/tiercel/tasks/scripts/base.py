"""What all script tasks share: properties, variables, building the command, and the run itself (plugins, 2.2 to 2.8).

Commands, scripts, `env` and `inputFiles` are rendered inside `run`, because `workingDir`, `outputDir` and `outputFiles`
exist only once the working directory does; nothing is asked of the engine for that.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Outputs, Rendered, TemplateMap, parse_structure, text_of
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.files import (
    NamespaceFiles,
    as_json,
    collect_files,
    is_literal,
    place_files,
    place_namespace_files,
    reason,
    render_files,
    walk,
)
from tiercel.tasks.scripts.output import LogLimits, ScriptOutput, failure
from tiercel.tasks.scripts.process import run_process
from tiercel.tasks.scripts.room import Room
from tiercel.tasks.scripts.runners import PROCESS, AnyRunner, OldDocker

GUEST = str(Path(__file__).parent / "guest")
_ARGUMENT_LIMIT = 120 << 10
"""Linux takes 128 KiB for one argument; a longer command goes into a file."""
_WITHHELD = ("SECRET_", "TIERCEL_SECRET", "TIERCEL_ENCRYPTION")
"""How the names of variables start that hold the installation's own secrets."""


def _texts(value: object) -> object:
    if isinstance(value, str):
        if "{{" not in value and "{%" not in value and not isinstance(parse_structure(value), list):
            raise ValueError(f"wanted a list of commands, found the text {value!r:.60}; write '- ' before each command")
        return value
    if isinstance(value, list):
        for place, item in enumerate(value):
            if item is None or isinstance(item, (dict, list)):
                found = "nothing" if item is None else f"a structure ({text_of(item):.60})"
                raise ValueError(f"item {place + 1} is {found}, wanted text; put quotes around it")
        return [text_of(item) for item in value]
    return value


Texts = Annotated[list[str] | str, BeforeValidator(_texts)]
"""A list of texts, or an expression that gives one as JSON."""


class Ran(Outputs):
    """What script tasks give, also where they fail after their commands have begun."""

    exit_code: int
    """The code with which the commands ended; 0 is success."""
    vars: dict[str, Any]
    """What the commands gave by name, in lines of the form `::{"outputs": ...}::`; perhaps empty."""
    std_out_line_count: int
    """How many lines were written to stdout."""
    std_err_line_count: int
    """How many lines were written to stderr."""
    output_files: dict[str, str]
    """The files that were kept: path in the working directory to URI."""
    task_runner: dict[str, Any]
    """What ran the commands: its `type`."""
    assets: list[Any]
    """What the commands told of assets; absent where nothing was told."""


class ScriptTask(RunnableTask):
    """The properties of all script tasks, and how one runs."""

    gives = Ran
    deprecated: ClassVar[Mapping[str, str]] = {
        "runner": f"use 'taskRunner: {{type: {PROCESS}}}'",
        "docker": "use 'taskRunner' and 'containerImage'",
        "outputDirectory": "not needed: write '{{ outputDir }}' and it is there",
        "warningOnStdErr": "it has no effect: what is written to stderr never changes the state",
    }
    default_image: ClassVar[str] = "ubuntu"
    """The image that is meant when none is named."""
    log_limits: ClassVar[LogLimits] = LogLimits()
    """How much of one attempt's output goes to the log."""
    fail_fast_line: ClassVar[str] = "set -e"
    """What makes the interpreter stop at the first failure."""

    task_runner: AnyRunner | None = None
    """Where the commands run. Here that is always a process of this machine; others than Process say so in the log."""
    container_image: Rendered[str | None] = None
    """The image of a container runner; a process has none."""
    before_commands: Texts | None = None
    """Commands that set things up; they are part of the same shell, and their lines are logged at DEBUG."""
    env: TemplateMap | str | None = None
    """Variables of the process's environment; lists and maps become JSON text, null leaves one out."""
    interpreter: Texts = Field(default_factory=lambda: ["/bin/sh", "-c"])
    """The program that takes all commands as its last argument."""
    fail_fast: Rendered[bool] = True
    """Whether the first command that fails ends the task; otherwise the exit code of the last one decides."""
    input_files: TemplateMap | str | None = None
    """Files to write into the working directory first: path to text or to a file's address."""
    output_files: Rendered[list[str]] = Field(default_factory=list)
    """Patterns of the files to keep, relative to the working directory."""
    namespace_files: Rendered[NamespaceFiles | None] = None
    """Which namespace files are copied into the working directory first."""
    target_os: Rendered[Literal["AUTO", "LINUX", "WINDOWS"]] = Field("AUTO", alias="targetOS")
    """The system that the commands are written for."""
    output_directory: Rendered[bool] = False
    """Deprecated: whether there is an `outputDir`; there is whenever it is mentioned."""
    warning_on_std_err: Rendered[bool] = True
    """Deprecated, without effect."""
    runner: Literal["PROCESS", "DOCKER"] | None = None
    """Deprecated: the kind of runner."""
    docker: OldDocker | None = None
    """Deprecated: the properties of the Docker runner."""

    # -------------------------------------------------------------- for the languages

    def commands_of(self, room: Room) -> list[str]:
        """Return the commands, rendered; a script is written to its file first."""
        raise NotImplementedError

    def prepare(self, room: Room) -> None:
        """Make the language ready: change `room.env`, hold what must be held."""

    def templates(self) -> Iterator[object]:
        """Yield everything authored that may mention a variable of the working directory."""
        yield from (self.before_commands, self.env, self.input_files, self.interpreter)

    # -------------------------------------------------------------- the run

    def run(self, ctx: RunContext) -> Mapping[str, object]:
        """Run the commands and return exit code, vars, files and line counts.

        Raises:
            TaskError: The exit code is not 0 (the outputs are kept), or something could not be prepared.
        """
        self._say_where(ctx)
        try:
            room = self._enter(ctx)
            try:
                return self._work(ctx, room)
            finally:
                room.close()
        except OSError as error:
            raise TaskError(f"the working directory could not be used: {reason(error)}") from error

    def _say_where(self, ctx: RunContext) -> None:
        if self.target_os == "WINDOWS" and os.name != "nt":
            raise TaskError("targetOS is WINDOWS and this machine is not; leave it out or set AUTO", retryable=False)
        if self.runner == "PROCESS" or (self.task_runner is not None and self.task_runner.is_process):
            return
        kind = (self.task_runner.type if self.task_runner else "Docker").rpartition(".")[2]
        image = f"'{self.wanted_image}'" if self.wanted_image else f"'{self.default_image}' (the default)"
        ctx.log(
            f"the image {image} is not used: the {kind} runner is not available here, the commands run as a process of"
            f" this machine; 'taskRunner: {{type: {PROCESS}}}' says that this is meant",
            Level.WARN,
        )

    @property
    def wanted_image(self) -> str | None:
        """The image that the flow names, None when it names none or wants a process."""
        if self.runner == "PROCESS" or (self.task_runner is not None and self.task_runner.is_process):
            return None
        return self.container_image or (self.docker.image if self.docker else None)

    def _enter(self, ctx: RunContext) -> Room:
        room = Room(ctx, ctx.working_dir)
        room.variables["workingDir"] = str(room.folder)
        room.variables["outputFiles"] = {
            name: str(room.folder / name) for name in self.output_files if is_literal(name)
        }
        if self.output_directory or self.runner or _mentions(self.templates(), ("outputDir", "OUTPUT_DIR")):
            room.output_dir = room.own(Path(tempfile.mkdtemp(prefix=".outputs-", dir=room.folder)))
            room.variables["outputDir"] = str(room.output_dir)
        return room

    def _work(self, ctx: RunContext, room: Room) -> Mapping[str, object]:
        if self.namespace_files is not None:
            place_namespace_files(ctx, room.folder, self.namespace_files)
        if self.input_files:
            place_files(ctx, room.folder, render_files(ctx, self.input_files, room.variables))
        room.env = self._environment(ctx, room)
        self.prepare(room)
        argv = self._argv(room)
        output = ScriptOutput(ctx, self.log_limits)
        if ctx.cancelled:
            raise TaskError("the task was stopped before its commands began")
        code = run_process(ctx, argv, folder=room.folder, env=room.env, feed=output.feed)
        output.finish()
        outputs: dict[str, object] = {
            "exitCode": code,
            "vars": output.vars,
            **output.counts,
            "outputFiles": self._collect(ctx, room),
            "taskRunner": {"type": PROCESS},
        }
        if output.assets:
            outputs["assets"] = output.assets
        if ctx.cancelled:
            raise TaskError("the task was stopped: killed, or out of time", outputs=outputs)
        if code != 0:
            raise failure(code, output, outputs)
        return outputs

    def _environment(self, ctx: RunContext, room: Room) -> dict[str, str]:
        """Return what was inherited, without the installation's secrets, and the task's own variables over it."""
        env = {name: text for name, text in os.environ.items() if not name.startswith(_WITHHELD)}
        own = self.env
        if isinstance(own, str):
            parsed = parse_structure(ctx.render(own, room.variables)) or {}
            if not isinstance(parsed, Mapping):
                raise TaskError(f"env: wanted a map of name to text, found {parsed!r:.80}")
            env |= {str(name): text_of(value) for name, value in parsed.items() if value is not None}
        for name, value in own.items() if isinstance(own, dict) else ():
            if value is not None:
                env[ctx.render(str(name), room.variables)] = text_of(ctx.render_deep(value, room.variables))
        env["WORKING_DIR"] = env["PWD"] = str(room.folder)
        if room.output_dir is not None:
            env["OUTPUT_DIR"] = str(room.output_dir)
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (GUEST, env.get("PYTHONPATH"))))
        if _mentions(self.templates(), _HELPER):
            env["KESTRA_EXECUTION_CONTEXT_FILE"] = str(_write_context(ctx, room))
        if bad := next((name for name, text in env.items() if "=" in name or "\0" in name + text), None):
            raise TaskError(f"env: the variable {bad!r} has a '=' in its name or a zero byte in its value")
        return env

    def _argv(self, room: Room) -> list[str]:
        interpreter = room.render_all(self.interpreter)
        before = room.render_all(self.before_commands)
        commands = self.commands_of(room)
        if not interpreter and not before:
            return commands
        lines = [self.fail_fast_line] if self.fail_fast else []
        if before:
            lines += ["echo '##kestra:log:debug##'", *before, "echo '##kestra:log:info##'"]
        return [*interpreter, self._argument(room, "\n".join([*lines, *commands]))]

    def _argument(self, room: Room, text: str) -> str:
        if len(text.encode()) <= _ARGUMENT_LIMIT:
            return text
        file = room.private / "commands"
        file.write_text(text, encoding="utf-8", newline="")
        return f". {quote(str(file))}"

    def _collect(self, ctx: RunContext, room: Room) -> dict[str, str]:
        files = collect_files(ctx, room.folder, self.output_files, room.ours)
        if room.output_dir is not None:
            for path in sorted(walk(room.output_dir)):
                files[path] = ctx.store(room.output_dir / path, PurePosixPath(path).name)
        return files


def all_texts(templates: Iterable[object]) -> Iterator[str]:
    """Yield every text of texts, lists and maps, the maps' keys included."""
    for item in templates:
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            yield from all_texts([*item, *item.values()])
        elif isinstance(item, Sequence):
            yield from all_texts(item)


def _mentions(templates: Iterable[object], words: Sequence[str]) -> bool:
    return any(word in text for text in all_texts(templates) for word in words)


_HELPER = ("import kestra", "from kestra", "KESTRA_EXECUTION_CONTEXT", "kestra-execution-context", "@kestra-io/libs")
_CONTEXT = (
    "flow",
    "execution",
    "task",
    "taskrun",
    "item",
    "parent",
    "parents",
    "trigger",
    "inputs",
    "outputs",
    "labels",
    "vars",
)


def _write_context(ctx: RunContext, room: Room) -> Path:
    """Write the variables that `from kestra import context` reads, and return the file."""
    path = room.private / "context.json"
    path.write_text(as_json({name: ctx.variables[name] for name in _CONTEXT if name in ctx.variables}), "utf-8")
    return path


class Commands(ScriptTask):
    """The commands of a flow, as one shell invocation."""

    commands: Annotated[Texts, Field(min_length=1)]
    """The commands to run, in order."""

    def commands_of(self, room: Room) -> list[str]:
        """Return the commands, rendered."""
        return room.render_all(self.commands)

    def templates(self) -> Iterator[object]:
        """Yield everything authored that may mention a variable of the working directory."""
        yield from super().templates()
        yield self.commands


class Script(ScriptTask):
    """A script of a flow, written to a file and given to the language's program."""

    suffix: ClassVar[str] = ""
    """How the file's name ends."""
    program: ClassVar[str] = ""
    """The program that runs it."""
    arguments: ClassVar[str] = ""
    """What stands between the program and the file."""
    remedy: ClassVar[str] = ""
    """How to get the program where it is missing."""

    script: str
    """The script."""

    def commands_of(self, room: Room) -> list[str]:
        """Write the script and return the command that runs it."""
        file = room.write_script(room.render(self.script), self.suffix)
        return [" ".join(filter(None, (self.program_in(room), self.arguments, quote(str(file)))))]

    def program_in(self, room: Room) -> str:
        """Return the program as a shell's word.

        Raises:
            TaskError: It is not installed (and no `beforeCommands` might install it).
        """
        if not self.before_commands and shutil.which(self.program, path=room.env.get("PATH")) is None:
            raise TaskError(
                f"the program '{self.program}' is not installed on this machine; {self.remedy}",
                retryable=False,
            )
        return self.program

    def templates(self) -> Iterator[object]:
        """Yield everything authored that may mention a variable of the working directory."""
        yield from super().templates()
        yield self.script
