"""The setting under which every text is rendered until it no longer changes."""

from __future__ import annotations

import pytest

from tiercel.errors import ExpressionError
from tiercel.expressions import Context, render

from .sample import FakeWorld

VARIABLES: dict[str, object] = {
    "first": "1",
    "second": "{{first}}",
    "third": "{{second}}",
    "map": {"third": "{{third}}"},
    "list": ["{{third}}"],
    "a": "{{b}}",
    "b": "{{a}}",
}


def recursive(template: str) -> str:
    world = FakeWorld()
    world.recursive_rendering = True
    return render(template, Context(VARIABLES, world))


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ third }}", "1"),
        ("{{ map }}", '{"third":"1"}'),
        ("{{ list }}", '["1"]'),
        ("{% raw %}{{ first }}{% endraw %}", "{{ first }}"),
        ("plain {", "plain {"),
    ],
)
def test_what_a_text_gives_is_rendered_again(template: str, wanted: str) -> None:
    assert recursive(template) == wanted


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ a }}", "Too many rendering attempts"),
        ("{{ render(third) }}", r"Function or Macro \[render\] does not exist"),
    ],
)
def test_what_never_settles_is_refused_and_render_does_not_exist(template: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        recursive(template)
