"""No template reaches Python, runs away, or raises anything but an ExpressionError."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.errors import ExpressionError, TransientError
from tiercel.expressions import Context, NoWorld, compile_template, evaluate, render

from .sample import sample, text_of


class Holder:
    """An object that no template may look into."""

    secret = "hidden"

    def reveal(self) -> str:
        return "hidden"


REACHING = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ [].__class__ }}",
    "{{ ([]).append(1) }}",
    "{{ ({}).update(m) }}",
    "{{ m.__init__ }}",
    "{{ m.__init__() }}",
    "{{ m['__class__'] }}",
    "{{ 1.__class__ }}",
    "{{ int.__add__ }}",
    "{{ date.tzinfo }}",
    "{{ date.strftime('%Y') }}",
    "{{ list.pop() }}",
    "{{ string.format(m) }}",
    "{{ '{0.__class__}'.format(m) }}",
    "{{ string.upper() }}",
    "{{ string.encode() }}",
    "{{ string.getClass() }}",
    "{{ string.class }}",
    "{{ m.getClass() }}",
    "{{ holder.secret }}",
    "{{ holder.reveal() }}",
    "{{ holder['secret'] }}",
    "{{ holder }}",
    "{{ holder ~ '' }}",
    "{{ [holder] }}",
    "{{ holder | toJson }}",
    "{{ loop }}",
    "{{ printContext.__globals__ }}",
    "{{ string.wait() }}",
    "{{ string.notifyAll }}",
]


@pytest.mark.parametrize("template", REACHING)
def test_no_attribute_of_python_is_reachable(template: str) -> None:
    with pytest.raises(ExpressionError):
        text_of(template, holder=Holder())


@pytest.mark.parametrize("template", ["{{ string.class }}", "{{ m.getClass() }}", "{{ list.notify }}"])
def test_reflection_is_denied_by_name(template: str) -> None:
    with pytest.raises(ExpressionError, match="For security reasons access to"):
        text_of(template)


def test_a_key_named_like_a_method_is_a_key() -> None:
    assert text_of("{{ x.class }}{{ x.__class__ }}{{ x.items }}", x={"class": 1, "__class__": 2, "items": 3}) == "123"


def test_the_environment_is_not_readable_by_jq(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_X", "hidden")
    assert text_of("{{ 1 | jq('[env, $ENV]') | first }}") == "[{},{}]"


DOUBLED = "{% set l = [1] %}{% for i in 1..60 %}{% set l = [l, l] %}{% endfor %}"
RUNAWAY = [
    "{{ 1..999999999 }}",
    "{{ range(1, 100000000000) }}",
    "{{ 'x'.repeat(1000000000) }}",
    "{{ 'x' | indent(1000000000) }}",
    "{% set s = 'x' %}{% for i in 1..100 %}{% set s = s ~ s %}{% endfor %}{{ s }}",
    "{% for i in 1..1000 %}{% for j in 1..1000 %}{{ i }}{% endfor %}{% endfor %}",
    "{% set n = 9 %}{% for i in 1..1000 %}{% set n = n * n %}{% endfor %}{{ n }}",
    "{% set l = [1] %}{% for i in 1..100 %}{% set l = l + l %}{% endfor %}",
    DOUBLED + "{{ l }}",
    DOUBLED + "{{ l == l }}",
    DOUBLED + "{{ l ~ '' }}",
    DOUBLED + "{{ l | toIon }}",
    DOUBLED + "{{ l | yaml }}",
    DOUBLED + "{{ l | jq('.') }}",
    DOUBLED + "{{ l | replace({'a': 'b'}) }}",
    DOUBLED + "{{ render(l) }}",
    "{% set l = [] %}{% for i in 1..500 %}{% set l = [l] %}{% endfor %}{{ l }}",
    "{% set l = [] %}{% set x = l + {'a': l} %}{{ l }}",
    "{% macro f(a) %}{{ f(a) }}{{ f(a) }}{% endmacro %}{{ f(1) }}",
    "{% block a %}{{ block('a') }}{{ block('a') }}{% endblock %}",
    "{{ render(grow) }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ 1" + " + 1" * 2000 + " }}",
    "{{ a" + ".b" * 2000 + " }}",
    "{{ a" + " | upper" * 2000 + " }}",
    "{{ " + "1 ? " * 1500 + "1" + " : 2" * 1500 + " }}",
    "{% if true %}" * 1000 + "{% endif %}" * 1000,
    "{{ 1 }}" * 50000,
    "{{ " * 20000,
    '{{ "' + "#{" * 5000 + " }}",
    "{% for i in 1..1000 %}{{ '" + "a" * 60 + "!' | regexMatch('^(a|aa)+$') }}{% endfor %}",
    "{% set s = 'a' %}{% for i in 1..40 %}{% set s = s | replace({'a': 'aaaaaaaa'}) %}{% endfor %}",
    "{{ 1 | jq('range(1000000000)') }}",
    "{{ 1 | jq('[range(1000000000)]') }}",
    "{{ 1 | jq('def f: f; f') }}",
    "{{ 1 | jq('def f: 1 + f; f') }}",
    "{{ 1 | jq('[repeat(.)]') }}",
    "{{ 1 | jq('until(false; .)') }}",
    "{{ 1 | jq('\"x\" * 1000000000') }}",
    "{{ 1 | jq('\"x\" | until(false; . + .)') }}",
    "{{ 1 | jq('[recurse(. + 1)]') }}",
    "{{ fromJson('" + "[" * 100000 + "') }}",
    "{{ yaml('" + "[" * 20000 + "') }}",
    "{{ fromIon('" + "[" * 20000 + "') }}",
    "{{ fromJson('" + "9" * 5000 + "') }}",
    "{{ '1e999999999' | number }}",
    "{{ '2024-01-01' | dateAdd(999999999999999, 'YEARS') }}",
    "{{ 99999999999999999 | date }}",
    "{% for i in 1..100000 %}{{ now() }}{% endfor %}",
    "{% for i in 1..100000 %}{{ yaml('a: 1') }}{% endfor %}",
    "{% for i in 1..100000 %}{{ big.indexOf('xz') }}{% endfor %}",
    "{% for i in 1..100000 %}{{ missing ?? 1 }}{% endfor %}",
]


@pytest.mark.parametrize("template", RUNAWAY, ids=range(len(RUNAWAY)))
def test_a_runaway_ends_soon_with_an_error(template: str) -> None:
    before = time.process_time()
    with pytest.raises(ExpressionError):
        text_of(template, big="x" * 200_000, grow="{{ grow }}{{ grow }}z")
    assert time.process_time() - before < 1  # about 0.1 s on an idle machine; the bound allows for a slow one


def test_runaways_stay_small() -> None:
    script = (
        "import resource\n"
        "from tiercel.expressions import *\n"
        "from tiercel.errors import ExpressionError\n"
        "import tiercel.expressions.filters, tiercel.expressions.functions\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"for text in {RUNAWAY[:20]!r}:\n"
        "    try: render(text, Context({}, NoWorld()))\n"
        "    except ExpressionError: pass\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    used = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(used.stdout) < 64
    assert resource.RUSAGE_SELF == 0


WORDS = """
{{ }} {% %} {{- -}} {# #} ( ) [ ] { } . , : ? ?? ??? ~ | + - * / % == != < > <= >= .. = ' " \\ #{ not and or is
contains equals in defined empty null even map json if elseif else endif for endfor set macro endmacro block endblock
filter endfilter raw endraw verbatim endverbatim string int list m missing nothing x f loop upper first default join
replace date number jq toJson yaml split sort range render fromJson now kv max 0 1 2.5 10L 'a' "b#{x}" true false
'yyyy' '.a' '(' é 𝄞
"""
TOKENS = st.sampled_from([*WORDS.split(), " ", "\n"])
SOUP = st.lists(TOKENS, max_size=25).map(" ".join)
SHAPED = st.one_of(
    SOUP, SOUP.map(lambda soup: "{{ " + soup + " }}"), SOUP.map(lambda soup: "{% set x = " + soup + " %}{{ x }}")
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SHAPED)
def test_token_soup_gives_a_result_or_an_expression_error(text: str) -> None:
    for act in (render, evaluate):
        with suppress(ExpressionError):
            act(text, sample())


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}%#-\"'\\ab|~(). \n", max_size=40))
def test_any_characters_give_a_result_or_an_expression_error(text: str) -> None:
    with suppress(ExpressionError):
        compile_template(text).references()
        render(text, sample())


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='.[]{}()|,:;$"\\ab1 =+-*/?<>@', max_size=30))
def test_any_jq_program_gives_a_result_or_an_expression_error(program: str) -> None:
    with suppress(ExpressionError):
        text_of("{{ m | jq(program) }}", program=program)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="yMdHhmsSaEZXxVzO'[] -:TQw", max_size=15), st.text(max_size=10))
def test_any_date_pattern_gives_a_result_or_an_expression_error(pattern: str, text: str) -> None:
    for template in ("{{ zoned | date(p) }}", "{{ t | date(existingFormat=p) }}", "{{ 5.5 | numberFormat(p) }}"):
        with suppress(ExpressionError):
            text_of(template, p=pattern, t=text)


def test_what_a_reader_raises_for_the_platform_passes_through() -> None:
    class Busy(NoWorld):
        def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> object:
            raise TransientError("the store is busy")

    with pytest.raises(TransientError):
        render("{{ kv('a') ?? 1 }}", Context({}, Busy()))
