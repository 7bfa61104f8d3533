"""What is built: small enough, with every licence, and nothing that names where it came from."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from browser.conftest import need
from browser.stage import BUILT

MANIFEST = BUILT / "manifest.json"
UI = BUILT.parent
LOCK = UI / "package-lock.json"


@pytest.fixture(scope="module")
def built() -> dict[str, Any]:
    """Return the manifest."""
    need(MANIFEST.is_file(), "what the pages load is not built: make ui")
    found: dict[str, Any] = json.loads(MANIFEST.read_text())
    return found


def weight(built: dict[str, Any], *islands: str) -> int:
    """Return the bytes that a page with some islands loads, compressed."""
    files = {built["boot"], *built["needed"], *(file for island in islands for file in built["islands"][island])}
    return sum((BUILT / f"{file}.gz").stat().st_size for file in files)


def test_a_page_loads_less_than_its_budget(built: dict[str, Any]) -> None:
    assert weight(built, "live", "log", "gantt", "graph") < 80_000
    assert weight(built, "chart") < 80_000
    assert weight(built, "editor") < 180_000 + weight(built)


def test_every_file_stands_there_compressed_too(built: dict[str, Any]) -> None:
    for name in built["files"]:
        assert gzip.decompress((BUILT / f"{name}.gz").read_bytes()) == (BUILT / name).read_bytes()


def test_every_package_of_the_build_has_its_licence_text(built: dict[str, Any]) -> None:
    text = (BUILT / built["licences"]).read_text()
    for name in json.loads((UI / "package.json").read_text())["dependencies"]:
        assert f"{name} " in text


def test_versions_are_exact_and_the_lock_names_no_registry() -> None:
    about = json.loads((UI / "package.json").read_text())
    for version in {**about["dependencies"], **about["devDependencies"]}.values():
        assert version[0].isdigit()
    packages = json.loads(LOCK.read_text())["packages"]
    assert all("resolved" not in each for each in packages.values())
    assert all("integrity" in each for name, each in packages.items() if name)
