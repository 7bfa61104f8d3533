"""Cached Python environments: one for each Python and set of requirements, made once, shared by all tasks.

Promise: an environment that is found is whole. It is built in a folder of its own under a lock, and a link of its key
is put in place by a rename when it is done: a crash leaves a folder without a link, which the next maker removes.
Whoever uses an environment holds a shared lock on it, so that it is not cleared away meanwhile.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import RunContext
from tiercel.tasks.scripts.process import run_process
from tiercel.tasks.scripts.pythons import Python

MOST_MAKES = 3
"""Times an environment is made before it is held that somebody clears it away."""

UNUSED_DAYS = 30
"""Environments that nobody used for so long are removed when another is made."""
_INDEX = ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "CONFIG_FILE", "CONSTRAINT")
_UV_INDEX = ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE")


# ------------------------------------------------------------------ the cache


def normalise(dependencies: Sequence[str]) -> tuple[str, ...]:
    """Return requirement lines sorted and in one spelling, without comments; the order given never matters."""
    lines = set()
    for dependency in dependencies:
        line = re.sub(r"(^|\s)#.*$", "", dependency).strip()
        named = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?=$|[\s\[<>=!~;@(])", line)
        if named:
            rest = re.sub(r"\s+", " ", line[named.end() :]).strip()
            line = re.sub(r"[-_.]+", "-", named.group()).lower() + (" " + rest if rest[:1] in (";", "@") else rest)
        if line:
            lines.add(line)
    return tuple(sorted(lines))


def is_local(dependency: str) -> bool:
    """Tell whether a requirement names a file of the working directory, so that its environment cannot be shared."""
    return dependency.startswith(("-", ".", "/")) or "file:" in dependency


def key_of(python: str, dependencies: tuple[str, ...], env: Mapping[str, str]) -> str:
    """Return the name of the environment: a hash of the Python, the platform, the requirements and the indexes."""
    indexes = {name: env[name] for name in (*_UV_INDEX, *(f"PIP_{name}" for name in _INDEX)) if name in env}
    told = [python, platform.machine(), sys.platform, dependencies, sorted(indexes.items())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:40]


@contextlib.contextmanager
def environment(ctx: RunContext, recipe: Recipe) -> Iterator[Path]:
    """Yield the folder of an environment that satisfies the recipe: a cached one, or one made now.

    Raises:
        TaskError: It could not be made; the text ends with the installer's last lines.
    """
    folder = ctx.cache_dir / "envs"
    link = folder / recipe.key
    with _Lock(folder / f"{recipe.key}.lock") as lock:
        for _ in range(MOST_MAKES):
            if _whole(link) is None:
                lock.take(ctx)
                if _whole(link) is None:
                    _make(ctx, recipe, link)
            lock.share()
            if (found := _whole(link)) is not None:
                break
        else:
            raise TaskError(f"the environment in {folder} is gone as soon as it is made; does somebody clear it away?")
        with contextlib.suppress(OSError):
            os.utime(found)
        yield found


def _whole(link: Path) -> Path | None:
    """Return the environment that a link leads to, if it is there and its interpreter still is."""
    try:
        found = link.parent / os.readlink(link)
    except OSError:
        return None
    return found if os.path.exists(found / "bin" / "python") else None


class _Lock:
    """A lock on a file: none at first, then taken alone or shared; let go at the end of the block."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def __enter__(self) -> _Lock:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def share(self) -> None:
        """Hold it together with others."""
        fcntl.flock(self._file, fcntl.LOCK_SH)

    def take(self, ctx: RunContext) -> None:
        """Hold it alone; while another makes the environment, wait for it.

        Raises:
            TaskError: The attempt was cancelled meanwhile.
        """
        told = False
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    ctx.log("waiting for another task that installs the same dependencies", Level.DEBUG)
                    told = True
                if not ctx.wait(0.05):
                    raise TaskError("the task was stopped while it waited for its dependencies") from None
            else:
                return


def _make(ctx: RunContext, recipe: Recipe, link: Path) -> None:
    """Build the environment and put its link in place; called with the lock held alone."""
    for left in link.parent.glob(f"{recipe.key}.*.d"):  # of a maker that crashed
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{recipe.key}.", suffix=".d", dir=link.parent))
    try:
        build(ctx, recipe, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    fresh = folder / ".link"
    os.symlink(folder.name, fresh)
    os.replace(fresh, link)
    _clear(link.parent)


def _clear(folder: Path) -> None:
    """Remove the environments that nobody used for long and nobody holds."""
    oldest = time.time() - UNUSED_DAYS * 86400
    for link in folder.iterdir():
        if not link.is_symlink() or (link.exists() and link.stat().st_mtime > oldest):
            continue
        file = os.open(folder / f"{link.name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            target = folder / os.readlink(link)
            link.unlink()
            shutil.rmtree(target, ignore_errors=True)
        except OSError:
            continue
        finally:
            os.close(file)


# ------------------------------------------------------------------ making one


@dataclass(frozen=True)
class Recipe:
    """What an environment is made of."""

    python: Python | str
    """The interpreter, or a version that uv is to get."""
    dependencies: tuple[str, ...]
    env: Mapping[str, str]
    """The environment variables in which the installer runs."""
    uv: str | None
    """The program uv, None for pip."""
    folder: Path
    """Where relative requirements start."""
    seeded: bool = False
    """Whether pip itself is inside."""

    @property
    def key(self) -> str:
        """The environment's name in the cache."""
        python = self.python if isinstance(self.python, str) else f"{self.python.executable} {self.python.version}"
        return key_of(python + (" with pip" if self.seeded else ""), self.dependencies, self.env)


def uv_for(env: Mapping[str, str]) -> str | None:
    """Return the program uv where it may be used: not where indexes are configured for pip only, which uv ignores."""
    uv = shutil.which("uv", path=env.get("PATH"))
    if uv is None or any(env.get(name) for name in _UV_INDEX):
        return uv
    if any(env.get(f"PIP_{name}") for name in _INDEX):
        return None
    home = Path(env.get("HOME") or "~").expanduser()
    conf = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf"]
    texts = (file.read_text("utf-8", "replace") for file in conf if file.is_file())
    return None if any(re.search(r"(?m)^\s*(?:extra-)?(?:index-url|find-links)", text) for text in texts) else uv


def build(ctx: RunContext, recipe: Recipe, folder: Path) -> None:
    """Make an environment in a folder that is there and empty.

    Raises:
        TaskError: The installer failed or is missing.
    """
    python = recipe.python if isinstance(recipe.python, str) else recipe.python.version
    tool = "uv" if recipe.uv else "pip"
    what = ", ".join(recipe.dependencies) or "no packages"
    ctx.log(f"making a Python {python} environment with {tool}: {what}")
    start = time.monotonic()
    steps = _uv_steps(recipe, folder) if recipe.uv else _pip_steps(recipe, folder)
    for step in steps:
        _run_step(ctx, recipe, step)
    ctx.log(f"the environment is ready after {time.monotonic() - start:.1f} s")


def _uv_steps(recipe: Recipe, folder: Path) -> Iterator[list[str]]:
    python = recipe.python if isinstance(recipe.python, str) else recipe.python.executable
    seed = ["--seed"] if recipe.seeded else []
    yield [str(recipe.uv), "venv", "--quiet", "--allow-existing", *seed, "--python", python, str(folder)]
    if recipe.dependencies:
        yield [str(recipe.uv), "pip", "install", "--python", str(folder / "bin/python"), *_listed(recipe.dependencies)]


def _pip_steps(recipe: Recipe, folder: Path) -> Iterator[list[str]]:
    if isinstance(recipe.python, str):
        raise TaskError(f"Python {recipe.python} is not installed on this machine; install it, or put 'uv' on PATH")
    inside = str(folder / "bin" / "python")
    same = recipe.python.short == "{}.{}".format(*sys.version_info)
    ours = same and find_spec("pip") is not None  # our own pip spares the two seconds of ensurepip
    bare = not recipe.seeded and (ours or not recipe.dependencies)
    yield [recipe.python.executable, "-m", "venv", *(["--without-pip"] if bare else []), str(folder)]
    if recipe.dependencies:
        pip = [sys.executable, "-m", "pip", "--python", inside] if ours else [inside, "-m", "pip"]
        yield [*pip, "install", "--no-input", *_listed(recipe.dependencies)]


def _listed(dependencies: Sequence[str]) -> list[str]:
    """Return requirements as arguments: an option and its value (`-r file`) are two."""
    return [part for line in dependencies for part in (line.split(None, 1) if line.startswith("-") else [line])]


def _run_step(ctx: RunContext, recipe: Recipe, argv: list[str]) -> None:
    last: deque[bytes] = deque(maxlen=4)
    env = {name: text for name, text in recipe.env.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    env.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # as pip does: the best version over all indexes
    code = run_process(ctx, argv, folder=recipe.folder, env=env, feed=lambda _, chunk: last.append(chunk))
    if ctx.cancelled:
        raise TaskError("the task was stopped while its dependencies were installed")
    if code:
        lines = b"".join(last).decode("utf-8", "replace").strip().splitlines()[-12:]
        told = "\n".join(lines)
        if "ensurepip" in told:  # Debian leaves it out of python3
            told += "\nremedy: install the system's package 'python3-venv', or put 'uv' on PATH"
        what = ", ".join(recipe.dependencies) or "an empty environment"
        raise TaskError(f"the dependencies could not be installed ({what}):\n{told}")


def make_overlay(ctx: RunContext, folder: Path, recipe: Recipe, below: Sequence[str]) -> None:
    """Make an empty environment whose own packages come first and those of other folders after.

    What is installed there with pip is gone with the folder.

    Args:
        ctx: The attempt.
        folder: Where it is made.
        recipe: Its interpreter; the dependencies are not looked at.
        below: The site folders that are seen through it, first wins.
    """
    python = recipe.python.executable if isinstance(recipe.python, Python) else recipe.python
    _run_step(ctx, recipe, [python, "-m", "venv", "--without-pip", str(folder)])
    site = next(folder.glob("lib/python*/site-packages"))
    lines = [f"import site; site.addsitedir({path!r})" for path in below]
    (site / "below.pth").write_text("\n".join(lines) + "\n", "utf-8")
    for name in ("pip", "pip3"):
        program = folder / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{folder}/bin/python" -m pip "$@"\n', "utf-8")
        program.chmod(0o755)


def sites_of(env: Path) -> list[str]:
    """Return the site folder of an environment."""
    return [str(site) for site in env.glob("lib/python*/site-packages")]
