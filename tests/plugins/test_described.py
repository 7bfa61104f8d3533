"""Every property of every plugin says what it is for, and every output what it is."""

from pathlib import Path

import pytest
from fake_context import FakeContext

import declared
from tiercel.model.described import field_docs, output_docs
from tiercel.model.plugin import Outputs
from tiercel.model.task import Task
from tiercel.plugin_names import PARTS, PLUGINS
from tiercel.registry import load
from tiercel.tasks.base import RunnableTask
from tiercel.tasks.core.debug import Returned
from tiercel.triggers.base import Trigger


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_every_property_says_what_it_is_for(name: str) -> None:
    plugin = load(name)
    docs = field_docs(plugin)
    silent = [field for field in plugin.model_fields if field not in ("id", "type") and not docs.get(field)]
    assert not silent, f"{name} has no text below {silent}"
    assert (plugin.__doc__ or "").strip()


def test_the_common_properties_say_what_they_are_for() -> None:
    assert set(field_docs(Task)) >= set(Task.model_fields)


@pytest.mark.parametrize("name", sorted({*PLUGINS, *PARTS}))
def test_every_output_says_what_it_is(name: str) -> None:
    plugin = load(name)
    silent = [output for output, (_, text) in output_docs(plugin).items() if not text]
    assert not silent, f"{name} has no text below the outputs {silent}"
    if issubclass(plugin, RunnableTask):
        gives_nothing = plugin.run.__annotations__["return"] == "None"
        assert (plugin.gives is Outputs) == gives_nothing, f"{name} says one thing with `run` and another with `gives`"
    elif issubclass(plugin, Trigger):
        assert output_docs(plugin), f"{name} does not say what its executions see"


class Talkative(RunnableTask):
    """Gives more than it says."""

    __module__ = "tiercel.talkative"
    gives = Returned

    def run(self, ctx: object) -> dict[str, object]:
        return {"value": "a", "more": "b"}


def test_an_output_that_is_not_declared_is_found(tmp_path: Path) -> None:
    FakeContext(tmp_path).run(Talkative)
    found = [text for text in declared.undeclared if "Talkative" in text]
    declared.undeclared.clear()
    assert len(found) == 1
    assert "['more']" in found[0]
