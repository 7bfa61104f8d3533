"""Python tasks: the interpreter, the dependencies in cached environments, and the names `true`, `false`, `null`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from shlex import quote
from typing import ClassVar, Literal

from pydantic import Field

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.model.states import Level
from tiercel.tasks.scripts import base
from tiercel.tasks.scripts.base import ScriptTask, all_texts
from tiercel.tasks.scripts.python_environments import (
    Recipe,
    build,
    environment,
    is_local,
    make_overlay,
    normalise,
    sites_of,
    uv_for,
)
from tiercel.tasks.scripts.pythons import Python, describe, find_python, is_shim, on_path
from tiercel.tasks.scripts.room import Room

_INSTALLS = re.compile(r"""\bpip[\d.]*['",\s]+install\b""")
_FIXED = {"PYTHONUNBUFFERED": "true", "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


class PythonTask(ScriptTask):
    """What Python tasks share."""

    default_image: ClassVar[str] = "python:3.13-slim"

    dependencies: Rendered[list[str]] = Field(default_factory=list)
    """Requirements, such as `requests>=2`; installed once into an environment that later runs share."""
    python_version: Rendered[str | float | int | None] = None
    """The Python to use, such as `3.11`; by default that of the image, else the first on PATH."""
    dependency_cache_enabled: Rendered[bool] = True
    """Whether the environment is kept for later runs."""
    package_manager: Rendered[Literal["UV", "PIP"]] = "UV"
    """What installs the dependencies; without uv on PATH it is pip."""
    uv_auto_install_enabled: Rendered[bool] = True
    """Accepted for flows that have it; uv is used where it is on PATH and never downloaded."""
    uv_installer_version: Rendered[str | None] = None
    """Accepted for flows that have it; uv is never downloaded."""
    uv_installer_sha256: Rendered[str | None] = None
    """Accepted for flows that have it; uv is never downloaded."""

    def prepare(self, room: Room) -> None:
        """Choose the interpreter, make the environment, and put it first on PATH."""
        room.env = _FIXED | room.env
        overlaid = bool(_INSTALLS.search("\n".join(all_texts(self.templates()))))
        version = self._wanted_version()
        if not (self.dependencies or version or overlaid):
            self._use_plain(room)
            return
        uv = self._uv(room)
        python = self._python(room, version, uv)
        env = self._environment_for(room, python, uv) if self.dependencies or version else None
        if overlaid:
            env = _overlay(room, python, env)
        if env is not None:
            room.env["PATH"] = f"{env / 'bin'}{os.pathsep}{room.env.get('PATH', os.defpath)}"
            room.env["VIRTUAL_ENV"] = str(env)
            room.env.pop("PYTHONHOME", None)

    def interpreter_in(self, room: Room) -> str:
        """Return the interpreter as a shell's word; an environment that `beforeCommands` activates wins."""
        program = on_path(room.env.get("PATH"))
        if is_shim(program) and (real := describe(program, room.ctx.cache_dir)) is not None:
            program = real.executable
        plain = quote(program)
        if not self.before_commands:
            return plain
        there = '"$VIRTUAL_ENV/bin/python"'
        return f'"$(if [ -x {there} ]; then echo {there}; else echo {plain}; fi)"'

    def _wanted_version(self) -> str | None:
        if self.python_version is not None:
            return str(self.python_version).strip() or None
        named = re.search(r"(?:^|/)python:(\d+(?:\.\d+)*)", self.wanted_image or "")
        return named.group(1) if named else None

    def _use_plain(self, room: Room) -> None:
        """Use the interpreter of PATH, and let `python` be there too where only `python3` is."""
        path = room.env.get("PATH", os.defpath)
        active = room.env.get("VIRTUAL_ENV")
        if active and os.path.join(active, "bin") not in path.split(os.pathsep):
            del room.env["VIRTUAL_ENV"]  # activated for somebody else
        shims = room.ctx.cache_dir / "bin"
        program = on_path(path)
        if os.path.basename(program) != "python" and not any(
            os.access(os.path.join(folder, "python"), os.X_OK) for folder in path.split(os.pathsep)
        ):
            _write_program(shims / "python", program)
            room.env["PATH"] = f"{path}{os.pathsep}{shims}"

    def _uv(self, room: Room) -> str | None:
        if self.package_manager == "PIP":
            return None
        uv = uv_for(room.env)
        if uv is None and "package_manager" in self.model_fields_set:
            room.ctx.log(
                "packageManager is UV, but uv is not on PATH or the indexes are pip's; pip is used", Level.WARN
            )
        return uv

    def _python(self, room: Room, version: str | None, uv: str | None) -> Python | str:
        path = room.env.get("PATH")
        found = find_python(version, path, room.ctx.cache_dir)
        if found is not None:
            return found
        if version is not None and uv is not None:
            return version
        nearest = find_python(None, path, room.ctx.cache_dir)
        if nearest is None:
            raise TaskError("no Python runs on this machine; install python3, or put 'uv' on PATH")
        room.ctx.log(
            f"Python {version} is not installed here, {nearest.version} is used; install it, or put 'uv' on PATH",
            Level.WARN,
        )
        return nearest

    def _environment_for(self, room: Room, python: Python | str, uv: str | None) -> Path:
        """Return the environment with the dependencies, held until the run ends."""
        dependencies = normalise(self.dependencies)
        recipe = Recipe(python, dependencies, room.env, uv, room.folder)
        if self.dependency_cache_enabled and not any(is_local(line) for line in dependencies):
            return room.stack.enter_context(environment(room.ctx, recipe))
        folder = room.private / "env"
        folder.mkdir()
        build(room.ctx, recipe, folder)
        return folder


def _overlay(room: Room, python: Python | str, env: Path | None) -> Path:
    """Return an environment for what the commands install themselves, which sees the other packages too."""
    if isinstance(python, str):  # uv's own: found through the environment that uv made of it
        python = Python(str(env / "bin/python") if env else sys.executable, python)
    seed = room.stack.enter_context(environment(room.ctx, Recipe(python, (), room.env, None, room.folder, seeded=True)))
    seen = sites_of(env) if env is not None else list(python.sites)
    folder = room.private / "overlay"
    make_overlay(room.ctx, folder, Recipe(python, (), room.env, None, room.folder), [*seen, *sites_of(seed)])
    return folder


class Commands(PythonTask, base.Commands):
    """Run commands, of which some need Python."""


class Script(PythonTask, base.Script):
    """Run a Python script."""

    suffix: ClassVar[str] = ".py"

    def prepare(self, room: Room) -> None:
        """Make Python ready, with the names that JSON uses for true, false and null."""
        super().prepare(room)
        room.env["TIERCEL_JSON_NAMES"] = "1"

    def program_in(self, room: Room) -> str:
        """Return the interpreter as a shell's word."""
        return self.interpreter_in(room)


def _write_program(path: Path, program: str) -> None:
    text = f'#!/bin/sh\nexec {quote(program)} "$@"\n'
    if path.is_file() and path.read_text("utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, "utf-8")
    fresh.chmod(0o755)
    os.replace(fresh, path)
