"""Every property of every plugin says what it is for."""

import pytest

from tiercel.model.described import field_docs
from tiercel.model.task import Task
from tiercel.plugin_names import PLUGINS
from tiercel.registry import load


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_every_property_says_what_it_is_for(name: str) -> None:
    plugin = load(name)
    docs = field_docs(plugin)
    silent = [field for field in plugin.model_fields if field not in ("id", "type") and not docs.get(field)]
    assert not silent, f"{name} has no text below {silent}"
    assert (plugin.__doc__ or "").strip()


def test_the_common_properties_say_what_they_are_for() -> None:
    assert set(field_docs(Task)) >= set(Task.model_fields)
