"""The other languages: each needs its program on PATH, and says how to get it where it is missing."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import ClassVar

from pydantic import Field

from tiercel.model.plugin import Rendered
from tiercel.tasks.scripts import base
from tiercel.tasks.scripts.base import ScriptTask, Texts
from tiercel.tasks.scripts.room import Room


class NodeTask(ScriptTask):
    """What Node.js tasks share."""

    default_image: ClassVar[str] = "node"


class NodeCommands(NodeTask, base.Commands):
    """Run commands, of which some need Node.js."""


class NodeScript(NodeTask, base.Script):
    """Run a script with Node.js."""

    suffix: ClassVar[str] = ".js"
    program: ClassVar[str] = "node"
    remedy: ClassVar[str] = "get it from https://nodejs.org or the system's package 'nodejs'"


class RTask(ScriptTask):
    """What R tasks share."""

    default_image: ClassVar[str] = "r-base"


class RCommands(RTask, base.Commands):
    """Run commands, of which some need R."""


class RScript(RTask, base.Script):
    """Run a script with R."""

    suffix: ClassVar[str] = ".R"
    program: ClassVar[str] = "Rscript"
    remedy: ClassVar[str] = "get it from https://cran.r-project.org or the system's package 'r-base'"


class JuliaTask(ScriptTask):
    """What Julia tasks share."""

    default_image: ClassVar[str] = "julia"


class JuliaCommands(JuliaTask, base.Commands):
    """Run commands, of which some need Julia."""


class JuliaScript(JuliaTask, base.Script):
    """Run a script with Julia."""

    suffix: ClassVar[str] = ".jl"
    program: ClassVar[str] = "julia"
    remedy: ClassVar[str] = "get it from https://julialang.org/downloads"


class RubyTask(ScriptTask):
    """What Ruby tasks share."""

    default_image: ClassVar[str] = "ruby"


class RubyCommands(RubyTask, base.Commands):
    """Run commands, of which some need Ruby."""


class RubyScript(RubyTask, base.Script):
    """Run a script with Ruby."""

    suffix: ClassVar[str] = ".rb"
    program: ClassVar[str] = "ruby"
    remedy: ClassVar[str] = "get it from https://www.ruby-lang.org or the system's package 'ruby'"


class PowershellTask(ScriptTask):
    """What PowerShell tasks share."""

    default_image: ClassVar[str] = "ghcr.io/kestra-io/powershell:latest"
    fail_fast_line: ClassVar[str] = "$ErrorActionPreference = 'Stop'"

    interpreter: Texts = Field(default_factory=lambda: ["pwsh", "-NoProfile", "-NonInteractive", "-Command"])
    """The program that takes all commands as its last argument."""

    def _argument(self, room: Room, text: str) -> str:
        if len(text) < 30_000:
            return text
        file = room.private / "commands.ps1"
        file.write_text(text, encoding="utf-8", newline="")
        return f". '{file}'"


class PowershellCommands(PowershellTask, base.Commands):
    """Run commands in PowerShell."""


class PowershellScript(PowershellTask, base.Script):
    """Run a PowerShell script."""

    suffix: ClassVar[str] = ".ps1"
    program: ClassVar[str] = "pwsh"
    remedy: ClassVar[str] = "get it from https://learn.microsoft.com/powershell"

    def commands_of(self, room: Room) -> list[str]:
        """Write the script and return the command that runs it and passes its exit code on."""
        self.program_in(room)
        file = room.write_script(room.render(self.script), self.suffix)
        return [f"& '{file}'", "exit $LASTEXITCODE"]


class GoTask(ScriptTask):
    """What Go tasks share."""

    default_image: ClassVar[str] = "golang"


class GoCommands(GoTask, base.Commands):
    """Run commands, of which some need Go."""


class GoScript(GoTask, base.Script):
    """Run a Go program from its source."""

    suffix: ClassVar[str] = ".go"
    program: ClassVar[str] = "go"
    arguments: ClassVar[str] = "run"
    remedy: ClassVar[str] = "get it from https://go.dev/dl"


class PerlTask(ScriptTask):
    """What Perl tasks share."""

    default_image: ClassVar[str] = "perl"


class PerlCommands(PerlTask, base.Commands):
    """Run commands, of which some need Perl."""


class PerlScript(PerlTask, base.Script):
    """Run a script with Perl."""

    suffix: ClassVar[str] = ".pl"
    program: ClassVar[str] = "perl"
    remedy: ClassVar[str] = "get it from https://www.perl.org or the system's package 'perl'"


class PhpTask(ScriptTask):
    """What PHP tasks share."""

    default_image: ClassVar[str] = "php"


class PhpCommands(PhpTask, base.Commands):
    """Run commands, of which some need PHP."""


class PhpScript(PhpTask, base.Script):
    """Run a script with PHP."""

    suffix: ClassVar[str] = ".php"
    program: ClassVar[str] = "php"
    remedy: ClassVar[str] = "get it from https://www.php.net or the system's package 'php-cli'"


class LuaTask(ScriptTask):
    """What Lua tasks share."""

    default_image: ClassVar[str] = "nickblah/lua"


class LuaCommands(LuaTask, base.Commands):
    """Run commands, of which some need Lua."""


class LuaScript(LuaTask, base.Script):
    """Run a script with Lua."""

    suffix: ClassVar[str] = ".lua"
    program: ClassVar[str] = "lua"
    remedy: ClassVar[str] = "get it from https://www.lua.org or the system's package 'lua5.4'"


class DenoTask(ScriptTask):
    """What Deno tasks share."""

    default_image: ClassVar[str] = "denoland/deno"


class DenoCommands(DenoTask, base.Commands):
    """Run commands, of which some need Deno."""


class DenoScript(DenoTask, base.Script):
    """Run a script with Deno."""

    suffix: ClassVar[str] = ".ts"
    program: ClassVar[str] = "deno"
    arguments: ClassVar[str] = "run"
    remedy: ClassVar[str] = "get it from https://deno.com"


class BunTask(ScriptTask):
    """What Bun tasks share."""

    default_image: ClassVar[str] = "oven/bun"


class BunCommands(BunTask, base.Commands):
    """Run commands, of which some need Bun."""


class BunScript(BunTask, base.Script):
    """Run a script with Bun."""

    suffix: ClassVar[str] = ".ts"
    program: ClassVar[str] = "bun"
    arguments: ClassVar[str] = "run"
    remedy: ClassVar[str] = "get it from https://bun.com"


class DotnetTask(ScriptTask):
    """What .NET tasks share."""

    default_image: ClassVar[str] = "mcr.microsoft.com/dotnet/sdk:10.0"


class DotnetCommands(DotnetTask, base.Commands):
    """Run commands, of which some need .NET."""


class DotnetScript(DotnetTask, base.Script):
    """Run a C# script with `dotnet script`."""

    suffix: ClassVar[str] = ".csx"
    program: ClassVar[str] = "dotnet"
    arguments: ClassVar[str] = "script"
    remedy: ClassVar[str] = "get it from https://dotnet.microsoft.com, then 'dotnet tool install -g dotnet-script'"


class JbangTask(ScriptTask):
    """What JBang tasks share."""

    default_image: ClassVar[str] = "jbangdev/jbang-action"

    quiet: Rendered[bool] = True
    """Whether JBang keeps its own lines to itself."""


class JbangCommands(JbangTask, base.Commands):
    """Run commands, of which some need JBang."""


class JbangScript(JbangTask, base.Script):
    """Run a Java, Kotlin or Groovy script with JBang."""

    program: ClassVar[str] = "jbang"
    remedy: ClassVar[str] = "get it from https://www.jbang.dev"

    extension: Rendered[str] = Field(".java", pattern=r"^\.\w+$")
    """How the script file's name ends, which tells JBang the language."""

    def commands_of(self, room: Room) -> list[str]:
        """Write the script under a name that is a Java class, and return the command that runs it."""
        file = room.private / f"script{self.extension}"
        file.write_text(room.render(self.script), encoding="utf-8", newline="")
        return [f"{self.program_in(room)} {'--quiet ' if self.quiet else ''}{quote(str(Path(file)))}"]


class GroovyTask(ScriptTask):
    """What Groovy tasks share."""

    default_image: ClassVar[str] = "groovy"


class GroovyCommands(GroovyTask, base.Commands):
    """Run commands, of which some need Groovy."""


class GroovyScript(GroovyTask, base.Script):
    """Run a script with Groovy."""

    suffix: ClassVar[str] = ".groovy"
    program: ClassVar[str] = "groovy"
    remedy: ClassVar[str] = "get it from https://groovy-lang.org"
