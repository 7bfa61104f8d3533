"""The table of plugins: every row loads, and every older name leads to a row."""

from __future__ import annotations

import pytest

from tiercel.model.plugin import Plugin
from tiercel.plugin_names import ALIASES, DEPRECATED, PARTS, PLUGINS
from tiercel.registry import PREFIX, find, load


@pytest.mark.parametrize("name", [*PLUGINS, *PARTS])
def test_every_row_loads(name: str) -> None:
    assert issubclass(load(name), Plugin)


@pytest.mark.parametrize("name", PLUGINS)
def test_every_type_is_found_by_its_long_and_its_short_name(name: str) -> None:
    for written in (name, name.removeprefix(PREFIX)):
        known = find(written)
        assert known is not None
        assert known.type == name


@pytest.mark.parametrize("name", ALIASES)
def test_every_older_name_leads_to_a_row(name: str) -> None:
    known = find(name)
    assert known is not None
    assert known.type in PLUGINS
    assert known.deprecated


def test_what_is_deprecated_has_a_row() -> None:
    assert set(PLUGINS) >= DEPRECATED


@pytest.mark.parametrize("name", PARTS)
def test_a_part_of_a_task_cannot_be_written(name: str) -> None:
    assert find(name) is None


@pytest.mark.parametrize("name", ["io.kestra.plugin.fs.http.Request", "fs.http.Request"])
def test_an_old_package_leads_on_with_and_without_the_common_beginning(name: str) -> None:
    known = find(name)
    assert known is not None
    assert known.type == f"{PREFIX}core.http.Request"
    assert known.deprecated
