"""Imports go down only, and what stands below the ports knows no clock, no machine and no cloud."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiercel

ROOT = Path(tiercel.__file__).parent
DESIGN = Path(__file__).parents[2] / "docs" / "design.md"

ROOMS: list[set[str]] = [
    {"cli"},
    {"ui"},
    {"api"},
    {"actions", "authoring", "emulation", "objections", "statistics", "triggeractions"},
    {"cloud", "runtime"},
    {"assembly"},
    {"firing"},
    {"engine", "starts", "worker"},
    {"calls", "directory", "evaluating", "executions", "flowtriggers", "inputreaders", "reuse", "sweeping"},
    {"commands"},
    {"attempt", "branches", "readers", "slots", "triggerstates", "upstream"},
    {"intake", "lanes", "purging", "services", "views"},
    {"claims"},
    {"archive", "joins", "tasks"},
    {"flows"},
    {"triggerrecords"},
    {"triggers"},
    {"adapters", "indexes", "namespaces", "pump", "taskcache"},
    {"ports", "vitals"},
    {"planner"},
    {"conditions", "flowfile"},
    {"graphs"},
    {"checks", "flowables", "inputs", "registry"},
    {"encryption", "expressions", "model"},
    {"errors", "masking", "paths", "plugin_names", "splitting"},
]
"""The rooms from top to bottom: a room may import those below its own line, never those on it or above."""

PLACE = {room: place for place, rooms in enumerate(ROOMS) for room in rooms}

WORLDLY = {
    "duckdb",
    "google",
    "grpc",
    "httpx",
    "multiprocessing",
    "os",
    "psycopg",
    "shutil",
    "socket",
    "sqlite3",
    "subprocess",
    "tempfile",
    "time",
}
"""Modules that what stands below the ports may not import."""

EXCUSED = {("expressions.javaregex", "time"), ("encryption", "os")}
"""A regular expression's budget is measured while it runs, and a key is drawn by chance: neither reaches a plan."""

GOOGLES = {"functions_framework", "gcp_storage_emulator", "google", "grpc"}
"""Modules that only what speaks to Google's services may import."""

GOOGLES_ROOMS = ("adapters.gcp.", "cloud.", "emulation.")

HEAVY = ["click", "duckdb", "google.api_core", "google.protobuf", "grpc", "httpx", "psycopg", "rich", "sqlite3", "yaml"]
"""What the hot path does not need, and loads only on use."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield the library's modules: name below `tiercel`, syntax tree."""
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if name != "__init__":
            yield name.removesuffix(".__init__"), ast.parse(path.read_text())


def imports(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports, at any depth, types included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "tiercel":
            yield from (f"tiercel.{name.name}" for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(module: str) -> str:
    """Return the room of a module's name."""
    return module.removeprefix("tiercel.").split(".")[0]


def test_every_module_has_its_room() -> None:
    homeless = {room(name) for name, _ in modules()} - PLACE.keys()
    assert not homeless, f"say in ROOMS where these stand: {sorted(homeless)}"


def test_the_description_of_the_house_names_every_room_in_this_order() -> None:
    table = DESIGN.read_text().partition("## Rooms")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    cells = [re.findall(r"`([^`/]+?)(?:\.py|/\w+)?`", row) for row in rows]
    told = [name for names in cells for name in names if name in PLACE]
    assert set(told) == PLACE.keys()
    assert [PLACE[name] for name in told] == sorted(PLACE[name] for name in told)


def test_imports_go_down_only() -> None:
    wrong = []
    for name, tree in modules():
        here = room(name)
        for found in imports(tree):
            there = room(found)
            if not found.startswith("tiercel.") or there == here or there not in PLACE:
                continue
            if PLACE.get(here, 0) >= PLACE[there]:
                wrong.append(f"{name} imports {found}")
    assert not wrong, "\n".join(wrong)


def test_below_the_ports_nothing_knows_the_world() -> None:
    wrong = []
    for name, tree in modules():
        if PLACE.get(room(name), 0) <= PLACE["ports"]:
            continue
        found = {each.split(".")[0] for each in imports(tree)}
        wrong += [f"{name} imports {each}" for each in found & WORLDLY if (name, each) not in EXCUSED]
        wrong += [f"{name} asks what time it is, line {line}" for line in clocks(tree)]
    assert not wrong, "\n".join(wrong)


def test_google_is_known_to_its_own_rooms_only() -> None:
    wrong = [
        f"{name} imports {found}"
        for name, tree in modules()
        if not name.startswith(GOOGLES_ROOMS)
        for found in imports(tree)
        if found.split(".")[0] in GOOGLES
    ]
    assert not wrong, "\n".join(wrong)


def clocks(tree: ast.Module) -> Iterator[int]:
    """Yield the lines on which a module looks at the machine's clock."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = node.func.value
            named = isinstance(owner, ast.Name) and owner.id in ("datetime", "date")
            if named and node.func.attr in ("now", "utcnow", "today"):
                yield node.lineno


@pytest.mark.parametrize("entry", ["tiercel.engine", "tiercel.worker", "tiercel.lanes", "tiercel.flows"])
def test_the_hot_path_loads_nothing_heavy(entry: str) -> None:
    code = f"import sys, {entry}; print(*(name for name in {HEAVY} if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


def test_the_command_line_answers_without_the_engine() -> None:
    code = "import sys, tiercel.cli; print('tiercel.engine' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
