"""Each function's requirements are what its zip imports: nothing is missing in a deployed function, nothing is idle.

An environment that holds all extras, as the emulators' does, hides what a function lacks: here the sources are read.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "functions"))

import package  # noqa: E402 - a script, not a part of the library

BROUGHT = {"google", "pydantic_core", "requests"}
"""What the libraries that we ask for bring along; we import of it only what belongs to them."""

UNSEEN = {
    "duckdb": {"pytz"},  # it imports it for times with zones
    "zoneinfo": {"tzdata"},  # the zones, where the system has none
    "google": {
        "google-cloud-firestore",
        "google-cloud-pubsub",
        "google-cloud-secret-manager",
        "google-cloud-storage",
        "google-cloud-tasks",
    },
}
"""Distributions that come into use by the import of something else: what is imported, and they."""


def required(name: str) -> set[str]:
    """Return the distributions of a function's requirements, in lower case."""
    lines = (ROOT / "functions" / name / "requirements.txt").read_text().splitlines()
    return {line.partition("==")[0].partition("[")[0].lower() for line in lines}


@lru_cache
def providers() -> dict[str, set[str]]:
    """Return the distributions that bring each top-level module, in lower case."""
    return {module: {each.lower() for each in found} for module, found in packages_distributions().items()}


@lru_cache
def imported(path: Path) -> frozenset[tuple[str, bool]]:
    """Return what a module imports: the dotted name, and whether only once something is called."""
    return frozenset(_imports(ast.parse(path.read_text()), False))


def _imports(node: ast.AST, called: bool) -> Iterator[tuple[str, bool]]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                continue
            case ast.Import(names=names):
                yield from ((alias.name, called) for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((f"{module}.{alias.name}", called) for alias in names)
            case ast.Call(func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module))]):
                yield module, called
        yield from _imports(child, called or isinstance(child, ast.FunctionDef | ast.Lambda))


def wanted(name: str) -> set[str]:
    """Return the top-level modules, none of the library's own, that a function's zip may come to import.

    Tasks work in `execute` only: what they import when they are run, the others never need. Tasks whose results need
    nothing outside (`inline`) run in every function.
    """
    found = set()
    for inside, path in package.files(name):
        if path.suffix != ".py" or path.name == "sitecustomize.py":
            continue
        idle = name != "execute" and inside.startswith("tiercel/tasks/") and "inline: ClassVar" not in path.read_text()
        drivers = idle and not is_plugin(path)
        found |= {
            module.partition(".")[0] for module, called in imported(path) if not (idle and called) and not drivers
        }
    return found - {"tiercel", "main"}


@lru_cache
def is_plugin(path: Path) -> bool:
    """Tell whether a module of a task is loaded when a flow is read; the others are loaded when the task is run."""
    return path in loaded()


@lru_cache
def loaded() -> frozenset[Path]:
    """Return the files that are loaded where every plugin is, and nothing is run."""
    code = (
        "import json, sys; from tiercel import registry; from tiercel.plugin_names import PARTS, PLUGINS\n"
        "for name in (*PLUGINS, *PARTS): registry.load(name)\n"
        "print(json.dumps([m.__file__ for n, m in sys.modules.items() if n.startswith('tiercel') and m.__file__]))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return frozenset(Path(each) for each in json.loads(found.stdout))


@pytest.mark.parametrize("name", package.names())
def test_nothing_is_missing(name: str) -> None:
    missing = {
        module
        for module in wanted(name) - BROUGHT - sys.stdlib_module_names
        if not required(name) & providers().get(module, {module})
    }
    assert missing == set(), "the zip imports it, functions/package.py does not list it"


@pytest.mark.parametrize("name", package.names())
def test_nothing_is_idle(name: str) -> None:
    modules = wanted(name)
    used = {provider for module in modules for provider in providers().get(module, ())}
    used.update(*(each for module, each in UNSEEN.items() if module in modules))
    assert required(name) - used == set(), "functions/package.py lists it, and nothing in the zip imports it"


@pytest.mark.parametrize("name", package.names())
def test_a_zip_holds_every_room_that_it_imports(name: str) -> None:
    held = {inside.split("/")[1].removesuffix(".py") for inside, _ in package.files(name) if inside.count("/")}
    asked = {
        module.split(".")[1]
        for _, path in package.files(name)
        if path.suffix == ".py"
        for module, _ in imported(path)
        if module.startswith("tiercel.")
    }
    assert asked - held - {"__version__"} == set()
    assert held.isdisjoint(package.rooms_left_out(name))
