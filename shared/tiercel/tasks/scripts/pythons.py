"""The Python interpreters of this machine: which there are, and what each says of itself (asked once)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_ASK = (
    "import json, site, sys; print(json.dumps({'version': '%d.%d.%d' % sys.version_info[:3],"
    " 'executable': sys.executable, 'sites': site.getsitepackages()"
    " + ([site.getusersitepackages()] if site.ENABLE_USER_SITE else [])}))"
)


@dataclass(frozen=True)
class Python:
    """An interpreter of this machine."""

    executable: str
    version: str
    sites: tuple[str, ...] = ()
    """Where its packages lie."""

    def is_version(self, wanted: str) -> bool:
        """Tell whether this is a Python of that version, such as `3.11`."""
        return self.version == wanted or self.version.startswith(wanted + ".")

    @property
    def short(self) -> str:
        """The version's first two numbers."""
        return ".".join(self.version.split(".")[:2])


def on_path(path: str | None) -> str:
    """Return the interpreter that a script uses when it asks for none: the first of PATH, else our own."""
    return shutil.which("python3", path=path) or shutil.which("python", path=path) or sys.executable


def find_python(wanted: str | None, path: str | None, cache_dir: Path) -> Python | None:
    """Return an interpreter of a version, or the one of PATH when none is wanted; None when it is not installed."""
    for candidate in _candidates(wanted, path):
        found = describe(candidate, cache_dir)
        if found is not None and (wanted is None or found.is_version(wanted)):
            return found
    return None


def _candidates(wanted: str | None, path: str | None) -> Iterator[str]:
    yield on_path(path)
    yield sys.executable
    if wanted is not None:
        name = "python" + ".".join(wanted.split(".")[:2])
        for folder in (path or os.defpath).split(os.pathsep):
            if os.access(os.path.join(folder, name), os.X_OK):
                yield os.path.join(folder, name)
        root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        yield from (str(found) for found in sorted(root.glob(f"versions/{wanted}*/bin/python"), reverse=True))


def describe(executable: str, cache_dir: Path) -> Python | None:
    """Return what an interpreter says of itself, remembered on disk; None when it does not run."""
    try:
        status = os.stat(executable)
    except OSError:
        return None
    shim = is_shim(executable)
    identity = (executable, status.st_mtime_ns, status.st_size, _shim_choice() if shim else None)
    note = cache_dir / "pythons" / hashlib.sha256(repr(identity).encode()).hexdigest()[:32]
    known = _remembered(note)
    if known is not None and (not shim or os.path.exists(known.executable)):
        return known
    found = _ask(executable)
    if found is not None:
        _write_whole(note, json.dumps({"executable": found.executable, "version": found.version, "sites": found.sites}))
        _remembered.cache_clear()
    return found


def is_shim(executable: str) -> bool:
    """Tell whether a program of pyenv, asdf or mise stands for the one that it chooses, which takes it 80 ms."""
    return "shims" in Path(executable).parts


def _shim_choice() -> list[object]:
    """Return what a shim's choice depends on."""
    home = Path.home()
    files = (Path(".python-version"), Path(".tool-versions"), home / ".pyenv/version", home / ".tool-versions")
    stamps = [file.stat().st_mtime_ns if file.exists() else 0 for file in files]
    return [os.environ.get("PYENV_VERSION"), os.getcwd(), *stamps]


@cache
def _remembered(note: Path) -> Python | None:
    try:
        fields = json.loads(note.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return Python(fields["executable"], fields["version"], tuple(fields["sites"]))


def _ask(executable: str) -> Python | None:
    try:
        env = {name: text for name, text in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        done = subprocess.run([executable, "-c", _ASK], capture_output=True, timeout=20, env=env, check=False)
        fields = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return Python(fields["executable"] or executable, fields["version"], tuple(fields["sites"]))


def _write_whole(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)
