"""What the other rooms call: contexts, lazy maps, references, speed, and what importing costs."""

from __future__ import annotations

import subprocess
import sys
import timeit
from enum import Enum

import pytest

from tiercel.errors import ExpressionError, MissingError
from tiercel.expressions import (
    Context,
    Float32,
    NoWorld,
    compile_template,
    evaluate,
    is_truthy_text,
    render,
    render_deep,
    to_json,
    to_text,
)

from .sample import LazyMap, object_of, sample, text_of


class State(Enum):
    """An enum as states are."""

    SUCCESS = "done"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (None, False),
        ("", False),
        ("false", False),
        ("0", False),
        ("-0", False),
        ("False", True),
        (" false", True),
        ("[]", True),
        ("null", True),
    ],
)
def test_rendered_text_is_true_or_false(text: str | None, wanted: bool) -> None:
    assert is_truthy_text(text) is wanted


def test_a_lazy_map_is_asked_only_for_what_is_read() -> None:
    inner = LazyMap({"value": 1, "other": 2})
    outer = LazyMap({"a": inner, "b": 3})
    variables = LazyMap({"outputs": outer, "unused": 4})
    context = Context(variables, NoWorld())
    assert render("{{ outputs.a.value }}{{ outputs['a']['value'] }}{{ outputs.c.d ?? 'x' }}", context) == "11x"
    assert variables.asked == ["outputs"] * 3
    assert set(outer.asked) == {"a", "c"}
    assert inner.asked == ["value", "value"]
    assert evaluate("{{ outputs }}", context) is outer


class LenientMap(LazyMap):
    """A lazy map that would find `1` as well as `'1'`."""

    def __getitem__(self, key: str) -> object:
        return super().__getitem__(str(key))


def test_a_number_is_no_key_of_a_lazy_map() -> None:
    context = Context({"a": LenientMap({"1": "x"})}, NoWorld())
    assert render("{{ a['1'] }}", context) == "x"
    with pytest.raises(ExpressionError, match=r"The number 1 is no key of the map: .* as in \['1'\]") as caught:
        render("{{ a[1] ?? 'z' }}", context)
    assert not isinstance(caught.value, MissingError)


def test_a_lazy_map_that_cannot_be_listed_does_not_hide_the_error() -> None:
    with pytest.raises(MissingError, match="Unable to find `b`"):
        render("{{ a.b }}", Context(LazyMap({"a": LazyMap({})}), NoWorld()))


def test_a_lazy_map_is_listed_when_it_is_printed() -> None:
    lazy = LazyMap({"a": LazyMap({"b": 1}, listable=True)}, listable=True)
    assert text_of("{{ x }}{% for e in x %}{{ e.key }}{% endfor %}{{ x | keys }}", x=lazy) == '{"a":{"b":1}}a["a"]'


REFERENCES: list[tuple[str, set[tuple[str, ...]]]] = [
    ("plain", set()),
    ("{{ outputs.a.value }} {{ inputs }}", {("outputs", "a", "value"), ("inputs",)}),
    ("{{ outputs['my-task'].value }}", {("outputs", "my-task", "value")}),
    ("{{ outputs[taskrun.value].x }}", {("outputs",), ("taskrun", "value")}),
    ("{{ outputs.a[0].x }}", {("outputs", "a")}),
    ("{{ outputs.a.list.size() }}", {("outputs", "a", "list")}),
    ("{{ a.b ?? c | default(d.e) }}", {("a", "b"), ("c",), ("d", "e")}),
    ("{% for x in inputs.list %}{{ x.a }}{{ loop.index }}{{ y }}{% endfor %}", {("inputs", "list"), ("y",)}),
    ("{% set x = a.b %}{{ x.c }}", {("a", "b")}),
    ("{{ x }}{% set x = 1 %}{{ x }}", {("x",)}),
    ("{% if a.b %}{% set z = 1 %}{% endif %}{{ z }}", {("a", "b"), ("z",)}),
    ("{{ {'k': a.b, 'l': [c.d]} }}", {("a", "b"), ("c", "d")}),
    ('{{ "x #{a.b} y" }}', {("a", "b")}),
    ("{{ f(a.b, n=c.d) }}", {("a", "b"), ("c", "d")}),
    ("{% macro f(a) %}{{ a.b }}{{ hidden }}{% endmacro %}{{ f(c.d) }}", {("c", "d")}),
    ("{% filter upper %}{{ a.b }}{% endfilter %}", {("a", "b")}),
    ("{% block n %}{{ a.b }}{% endblock %}", {("a", "b")}),
    ("{{ currentEachOutput(outputs.t).v }}", {("outputs", "t"), ("taskrun",), ("parents",)}),
    ("{{ fileURI('a') }}{{ env('b') }}", {("flow", "namespace"), ("envs",)}),
    ("{{ a is defined ? b : c }}", {("a",), ("b",), ("c",)}),
]


@pytest.mark.parametrize(("template", "wanted"), REFERENCES)
def test_a_template_knows_what_it_reads(template: str, wanted: set[tuple[str, ...]]) -> None:
    compiled = compile_template(template)
    assert compiled.references() == wanted
    assert not compiled.reads_anything


@pytest.mark.parametrize(
    "template", ["{{ render(x) }}", "{{ renderOnce(x) }}", "{{ printContext() }}", "{{ [fetchContext().a] }}"]
)
def test_a_template_knows_that_it_may_read_anything(template: str) -> None:
    assert compile_template(template).reads_anything


def test_templates_are_cached() -> None:
    assert compile_template("{{ a }}") is compile_template("{{ a }}")


def test_the_values_of_the_caller_are_not_changed() -> None:
    numbers = [3, 1, 2]
    nested = {"l": [1]}
    template = "{{ n | sort }}{{ n | reverse }}{{ n + 4 }}{{ n - 1 }}{% set x = d.l %}{% set x = x + 2 %}{{ x }}"
    assert text_of(template, n=numbers, d=nested) == "[1,2,3][2,1,3][3,1,2,4][3,2][1,2]"
    assert numbers == [3, 1, 2]
    assert nested == {"l": [1]}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ [1, {'a': 2}] }}", [1, {"a": 2}]),
        ("{{ '1.5' | number }}", 1.5),
        ("{{ (1..2) }}", [1, 2]),
        ("{{ {'a': '1.1' | number('FLOAT')} }}", {"a": 1.1}),
    ],
)
def test_what_leaves_is_made_of_plain_python_values(template: str, wanted: object) -> None:
    found = object_of(template)
    assert found == wanted
    assert all(type(one) in (int, float, list, dict, str) for one in _all_of(found))


def _all_of(value: object) -> list[object]:
    children = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    return [value, *(deep for child in children for deep in _all_of(child))]


def test_an_enum_prints_and_compares_by_name() -> None:
    assert text_of("{{ s }}{{ s == 'SUCCESS' }}{{ s == 'done' }}", s=State.SUCCESS) == "SUCCESStruefalse"


def test_text_and_json_of_values() -> None:
    assert to_text({"a": [1, None, True, 1.5, Float32(1.1)], "n": None}) == '{"a":[1,null,true,1.5,1.1]}'
    assert to_text(None) == ""
    assert to_json("a\u00e9") == '"a\u00e9"'


def test_render_deep_leaves_other_leaves_alone() -> None:
    assert render_deep([1, None, {"a": ("{{ int }}", 2.5)}], sample()) == [1, None, {"a": ["1", 2.5]}]
    assert render_deep(None, sample()) is None


def test_a_broken_template_fails_when_it_is_compiled() -> None:
    with pytest.raises(ExpressionError, match="line 2"):
        compile_template("a\n{{ b c }}")


def test_rendering_a_path_is_fast() -> None:
    context = Context({"outputs": {"a": {"value": "x"}}}, NoWorld())
    template = compile_template("{{ outputs.a.value }}")
    best = min(timeit.repeat(lambda: template.render(context), number=2_000, repeat=5)) / 2_000
    assert best < 20e-6
    constant = min(timeit.repeat(lambda: render("a constant text", context), number=2_000, repeat=5)) / 2_000
    assert constant < best


def test_importing_loads_no_heavy_library() -> None:
    script = "import tiercel.expressions, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pydantic", "jq", "regex", "yaml", "cryptography", "zoneinfo", "jinja2", "httpx", "difflib"}
    assert not heavy & set(loaded)
