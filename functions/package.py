"""Builds one zip for each function: `main.py`, `requirements.txt` and the library; and the folder of the job's image.

The same files give the same bytes on every machine, so the hash in an object's name changes only when the code does.
Nothing is compressed: what the compressors of two machines make of a file is not the same.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "functions"
LIBRARY = ROOT / "shared" / "tiercel"

FOR_PEOPLE = ("cli", "emulation")
"""Rooms of the library that no function needs: they are for people at a machine."""

DOORS = {"api": ("api", "ui")}
"""Rooms that one function alone needs."""

NOT_NEEDED = {"cheroot", "click", "rich"}
"""Distributions that only the rooms for people import."""

ONLY = {"httpx": "execute"}
"""Distributions that one function alone imports: only tasks speak HTTP through them."""

EVERYWHERE = ("gcp", "calendar", "locales")
"""The extras of every function: all of them plan, so all render expressions and ask conditions."""

MORE = {"execute": ("postgresql", "duckdb", "compress", "git", "excel", "avro", "parquet"), "api": ("server",)}
"""Extras that a function needs besides: those of the tasks, where tasks run."""

LONG_AGO = (2020, 1, 1, 0, 0, 0)
"""The date of every file in a zip."""


def names() -> list[str]:
    """Return the functions' names."""
    return sorted(path.parent.name for path in HERE.glob("*/main.py"))


def requirements(name: str) -> str:
    """Return what a function's `requirements.txt` must hold, from the pins of `pyproject.toml`."""
    project = _project()["project"]
    extras = project["optional-dependencies"]
    wanted = {
        *project["dependencies"],
        *(each for each in extras["emulators"] if _named(each) == "functions-framework"),
    }
    wanted.update(each for extra in (*EVERYWHERE, *MORE.get(name, ())) for each in extras[extra])
    kept = [each for each in wanted if _named(each) not in NOT_NEEDED and ONLY.get(_named(each), name) == name]
    return "".join(f"{each}\n" for each in sorted(kept, key=str.lower))


def _named(pin: str) -> str:
    """Return the distribution that a pin such as `psycopg[binary]==3.3.9` names."""
    return pin.partition("==")[0].partition("[")[0]


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def rooms_left_out(name: str) -> set[str]:
    """Return the rooms of the library that a function's zip does without."""
    others = {room for function, rooms in DOORS.items() if function != name for room in rooms}
    return others.union(FOR_PEOPLE)


def files(name: str) -> Iterator[tuple[str, Path]]:
    """Yield what goes into a function's zip: the name in it, and the file.

    Of the library it is what an installation has: its modules, and the data files that `pyproject.toml` names.
    """
    yield "main.py", HERE / name / "main.py"
    yield "requirements.txt", HERE / name / "requirements.txt"
    left_out = rooms_left_out(name)
    patterns = ["**/*.py", *_project()["tool"]["setuptools"]["package-data"]["tiercel"]]
    for path in sorted({path for pattern in patterns for path in LIBRARY.glob(pattern) if path.is_file()}):
        inside = path.relative_to(LIBRARY)
        if inside.parts[0] not in left_out:
            yield f"tiercel/{inside.as_posix()}", path


def build(name: str, folder: Path) -> Path:
    """Build a function's zip into a folder; return where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for inside, path in files(name):
            info = zipfile.ZipInfo(inside, LONG_AGO)
            info.external_attr = 0o100644 << 16
            info.create_system = 3
            archive.writestr(info, path.read_bytes())
    return target


def worker(folder: Path) -> str:
    """Make the folder from which the image of the job is built; return a tag that goes by what is in it."""
    if folder.exists() and not (folder / "Dockerfile").exists() and any(folder.iterdir()):
        raise SystemExit(f"the folder {folder} holds something else: name an empty one, or one that this has made")
    shutil.rmtree(folder, ignore_errors=True)
    digest = hashlib.sha256()
    own = [each for each in files("execute") if each[0] != "main.py"]
    for inside, path in [("Dockerfile", HERE / "job" / "Dockerfile"), *own]:
        content = path.read_bytes()
        target = folder / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        digest.update(f"{inside} {len(content)} ".encode() + content)
    return digest.hexdigest()[:16]


def main() -> int:
    """Build all zips; or with `--requirements` the requirements files, or with `--worker` the folder of the image."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / "dist" / "functions", help="the folder for the zips")
    parser.add_argument("--requirements", action="store_true", help="write each requirements.txt anew instead")
    parser.add_argument("--worker", type=Path, help="make this folder for the job's image instead, and print its tag")
    options = parser.parse_args()
    if options.worker is not None:
        print(worker(options.worker))
        return 0
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
