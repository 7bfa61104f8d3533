"""Builds one zip for each function: `main.py`, `requirements.txt` and the library, and nothing else.

The same files give the same bytes on every machine, so the hash in an object's name changes only when the code does.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "functions"
LIBRARY = ROOT / "shared" / "tiercel"

LEFT_OUT = ("cli", "emulation")
"""Rooms of the library that no function needs: the doors for people at a machine."""

NOT_NEEDED = ("click", "rich")
"""What only these rooms import."""

WORKER = ("postgresql", "duckdb", "calendar", "locales", "compress", "excel", "avro", "parquet")
"""The extras of whoever runs tasks."""

MORE = {"execute": WORKER, "api": ("calendar", "locales")}
"""Extras that a function needs besides `gcp`."""

LONG_AGO = (2020, 1, 1, 0, 0, 0)
"""The date of every file in a zip."""


def names() -> list[str]:
    """Return the functions' names."""
    return sorted(path.parent.name for path in HERE.glob("*/main.py"))


def requirements(name: str) -> str:
    """Return what a function's `requirements.txt` must hold, from the pins of `pyproject.toml`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [each for each in project["dependencies"] if not each.startswith(NOT_NEEDED)]
    wanted += [each for each in extras["emulators"] if each.startswith("functions-framework")]
    for extra in ("gcp", *MORE.get(name, ())):
        wanted += extras[extra]
    return "".join(f"{each}\n" for each in sorted(set(wanted), key=str.lower))


def files(name: str) -> Iterator[tuple[str, Path]]:
    """Yield what goes into a function's zip: the name in it, and the file."""
    yield "main.py", HERE / name / "main.py"
    yield "requirements.txt", HERE / name / "requirements.txt"
    for path in sorted(LIBRARY.rglob("*")):
        inside = path.relative_to(LIBRARY)
        if path.suffix in (".py", ".typed") and inside.parts[0] not in LEFT_OUT:
            yield f"tiercel/{inside.as_posix()}", path


def build(name: str, folder: Path) -> Path:
    """Build a function's zip into a folder; return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for inside, path in files(name):
            info = zipfile.ZipInfo(inside, LONG_AGO)
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, path.read_bytes())
    return target


def main() -> int:
    """Build all zips, or with `--requirements` write the requirements files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "functions", help="the folder for the zips")
    parser.add_argument("--requirements", action="store_true", help="write each requirements.txt anew instead")
    options = parser.parse_args()
    for name in names():
        if options.requirements:
            (HERE / name / "requirements.txt").write_text(requirements(name))
            continue
        target = build(name, options.into)
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        print(f"{digest}  {target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
