"""Every row of the acceptance vectors of the specification, section 14 and 13."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tiercel.errors import ExpressionError
from tiercel.expressions import render_deep

from .sample import object_of, sample, text_of

ACCESS = [
    ("{{ string }}", "string"),
    ("{{ int }}", "1"),
    ("{{ float }}", "1.123"),
    ("{{ bool }}", "true"),
    ("{{ list }}", '["string",1,1.123]'),
    ("{{ date }}", "2013-09-08T16:19+02:00"),
    ("{{ list }} // {{ map }}", '["string",1,1.123] // {"string":"string","int":1,"float":1.123}'),
    ("{{ ['1','2','3'] }}", '["1","2","3"]'),
    ("{{ [1,2,3] }}", "[1,2,3]"),
    ("{{ list[3] is defined ? bla : null }}", ""),
    ('{{ "apple" ~ "pear" ~ "banana" }}', "applepearbanana"),
    ("{{ block['test'] }}", '{"child":"awesome"}'),
    ("{{ block['test']['child'] }}", "awesome"),
    ("{{ block[inner].child }}", "awesome"),
    ("{{ block[inner]['child'] }}", "awesome"),
    ("{{ inner.bla is not defined ? block.test.child : null }}", "awesome"),
    ("{{ block.test.child is defined ? block.test.child : inner.bla }}", "awesome"),
    ("{{ block[missing].child is defined ? null : block[inner].child }}", "awesome"),
    (
        "{{ block[missing].child is not defined ? "
        "(block[missing2].child is not defined ? block[inner].child : null) : null }}",
        "awesome",
    ),
    ("{{ missing is defined ? null : block.test.child }}", "awesome"),
    ("{{ inner.bla ?? block.test.child }}", "awesome"),
    ("{{ block[missing].child ?? block[missing2].child ?? block[inner].child }}", "awesome"),
    ("{{ block.test.child ?? inner.bla }}", "awesome"),
    ("{{ block.test.child ?? null }}", "awesome"),
    ("{{ emptymap ?? 'UNDEFINED' }}", "{}"),
    ("{{ null ?? 'IS NULL' }}", "IS NULL"),
    ("{{ null ??? 'IS NULL' }}", ""),
    ("{{ undefined ?? 'U' }}", "U"),
    ("{{ undefined ??? 'U' }}", "U"),
    ('{% block "post" %} content {% endblock %}{{ block("post") }}', " content  content "),
    ("See {%-  raw%}{{ var }}{%endraw -%}", "See {{ var }}"),
    ("A {% raw %}{{ a }}{% endraw %} B {% raw %}{{ b }}{% endraw %}", "A {{ a }} B {{ b }}"),
]
OPERATORS = [
    ("{{ 7 / 2 }}", "3"),
    ("{{ -7 / 2 }}", "-3"),
    ("{{ 7 / 2.0 }}", "3.5"),
    ("{{ -7 % 3 }}", "-1"),
    ("{{ 1 + 2 ~ 3 }}", "123"),
    ("{{ 1 == 1.0 }}", "true"),
    ("{{ '1' == 1 }}", "false"),
    ("{{ 'a' equals 'a' }}", "true"),
    ("{{ not true == false }}", "true"),
    ("{{ not (1 > 2) }}", "true"),
    ("{{ null == null }}", "true"),
    ("{{ 1 > null }}", "false"),
    ("{{ [1,2] contains 1 }}", "true"),
    ("{{ 'abc' contains 'b' }}", "true"),
    ("{{ {'k':1} contains 'k' }}", "true"),
    ("{{ null contains 1 }}", "false"),
    ("{{ true ? 'a' : 'b' }}", "a"),
    ("{{ null ? 'a' : 'b' }}", "b"),
    ("{{ 'false' ? 'a' : 'b' }}", "a"),
    ("{% if 'false' %}y{% endif %}", "y"),
    ("{% if 0 %}y{% else %}n{% endif %}", "n"),
    ("{{ 0 ? 'a' : 'b' }}", "b"),
    ("{{ '' ? 'a' : 'b' }}", "b"),
    ("{{ not '' }}", "true"),
    ("{{ not 2 }}", "false"),
    ("{{ 1..3 }}", "[1,2,3]"),
    ("{{ 3..1 }}", "[]"),
    ("{{ range(1, 10, 3) }}", "[1,4,7,10]"),
    ("{% for x in ['a','b'] %}{{ loop.index }}{{ x }}{{ loop.last ? '' : ',' }}{% endfor %}", "0a,1b"),
    ("{% for e in {'a': 1} %}{{ e.key }}={{ e.value }}{% endfor %}", "a=1"),
    ("{% for x in null %}x{% else %}none{% endfor %}", ""),
    ("{% for x in [] %}x{% else %}none{% endfor %}", "none"),
    ("{% set n = 0 %}{% for x in [1,2,3] %}{% set n = n + x %}{% endfor %}{{ n }}", "6"),
    ("{{ {'a': [1,2]} }}", '{"a":[1,2]}'),
    ("{{ 'v=' ~ {'a': [1,2]} }}", "v={a=[1, 2]}"),
    (r"{{ '\n' | length }}", "2"),
    ("{% set w = 'x' %}{{ \"hi #{w}\" }}", "hi x"),
    ("{{ 'hi #{w}' }}", "hi #{w}"),
    ("{{ 100000000 * 1.0 }}", "1.0E8"),
    ("{{ 1 / 3.0 }}", "0.3333333333333333"),
    ("{{ 0.0001 }}", "1.0E-4"),
    ("{{ 1.0 / 0 }}", "Infinity"),
    ("{{ missing ?? 'a' ~ 'b' }}", "ab"),
    ("{{ 'x' ~ missing ?? 'b' }}", "xb"),
    ("{{ 1 + missing ?? 2 }}", "3"),
    ("{{ missing ?? 1 + 1 }}", "2"),
    ("{{ missing ?? false ? 'a' : 'b' }}", "b"),
    ("{{ missing ?? [1,2] | first }}", "1"),
    ("{{ missing ?? -1 }}", "-1"),
    ("{{ missing | upper ?? 'x' }}", "x"),
    ("{{ missing | upper | default('d') }}", "d"),
    ("{{ missing.x.y is defined }}", "false"),
    ("{{ (missing ~ 'a') ?? 'z' }}", "z"),
    ("{{ fromJson(missing) ?? 'z' }}", "z"),
    ("{{ m[missing] ?? 'z' }}", "z"),
    ("{{ [missing] ?? 'z' }}", "z"),
    ("{{ missing.foo() ?? 'z' }}", "z"),
    ("{{ nm.a ?? 'd' }}", "d"),
    ("{{ nm.a ??? 'f' }}", ""),
    ("{{ nm.b ??? 'g' }}", "g"),
    ("{{ nm.a | default('c') }}", "c"),
    ("{{ not missing is defined }}", "false"),
    ("{{ missing is not defined }}", "true"),
    ("{{ list[9] ?? 'z' }}", "z"),
    ("{{ list[-1] ?? 'z' }}", "z"),
    ("{{ 'abc'[0] ?? 'z' }}", "z"),
    ("{{ string.foo ?? 'z' }}", "z"),
    ("{{ 2 + 1 is odd }}", "true"),
    (r"{{ 'it\'s' }}", "it's"),
    (r"{{ 'a\\b' }}", r"a\\b"),
    ("{{ ([1,2])[0] }}", "1"),
    ("{{ ({'a':1}).a }}", "1"),
    ("{% set x = [1] %}{% set y = x + 2 %}{{ x }}{{ y }}", "[1,2][1,2]"),
    ("{% set x = ['a'] %}{{ x + 'b' }}", "[a]b"),
    ("{% set x = ['a'] %}{{ x + ['b'] }}", '["a","b"]'),
    ("{% for x in {'a':1,'b':2} %}{{ x }};{% endfor %}", "a=1;b=2;"),
    (
        "{% for i in 1..2 %}{% for j in ['a'] %}{{ i }}{{ j }}{{ loop.index }} {% endfor %}"
        "{{ loop.index }};{% endfor %}",
        "1a0 0;2a0 1;",
    ),
    (
        "{% macro f(a, b='d') %}{{ a }}-{{ b }}-{{ string ?? 'hidden' }}{% endmacro %}{{ f('x') }}",
        "x-d-hidden",
    ),
    ("{{ ['a', 1, null, true, 1.5, {'k':'v'}] | join('|') }}", "a|1|null|true|1.5|{k=v}"),
    ("a{{- 1 -}} b {#- c -#} d", "a1bd"),
    ("{% if true %}\nx\n{% endif %}\n", "\nx\n\n"),
]
YAML = """
string: string
int: 1
bool: true
float: 1.5
instant: 1918-02-24T00:00:00Z
date: "1991-08-20"
time: "23:59:59"
object:
  key: value
  child:
    key: value
array:
  - string
  - 1
"""
FILTERS = [
    ('{{ 1.232654 | numberFormat("#.##") }}', "1.23"),
    ('{{ [1,2,3] | jq(".[0]") | first }}', "1"),
    ('{{ m | jq(".test[0]") }}', "[1]"),
    ('{{ m | jq(".second[]") }}', "[1,2,3]"),
    ('{{ v | jq(".second.list") | first }}', '["string",1,1.123]'),
    ('{{ v | jq(".null") | first | className }}', ""),
    ('{% set o = v | jq(".object") %}{{ o[0].key }}', "value"),
    ("{{ list | keys }}", "[0,1,2]"),
    ("{{ [['first'], [1]] | flatten | first }}", "first"),
    ("{{ list | yaml }}", " - string\n - 1\n - 1.123\n"),
    ("{{ string | yaml }}", "string\n"),
    ("{{ int | yaml }}", "1\n"),
    ("{{ bool | yaml }}", "true\n"),
    ("{{ string | toIon }}", '"string"'),
    ("{{ list | toIon }}", '["string",1,1.1230000257492065e0]'),
    ('{{ {"empty_object":{}} | toIon }}', "{empty_object:{}}"),
    ("{{ null | toIon }}", "null"),
    ("{{ string | toJson }}", '"string"'),
    ("{{ null | toJson }}", "null"),
    ('{{ {"empty_object":{}} | toJson }}', '{"empty_object":{}}'),
    ('{{ "12.3" | number | className }}', "java.lang.Float"),
    ('{{ "1.123456789" | number | className }}', "java.lang.Double"),
    ('{{ "3000000000" | number | className }}', "java.lang.Long"),
    ("{{ 'abc' | replace({'a': 'b', 'b': 'c'}) }}", "ccc"),
    ("{{ 0 | default(1) }}", "0"),
    ("{{ ' ' | default('x') }}", "x"),
    ("{{ [] | default('y') }}", "y"),
    ("{{ false | default(true) }}", "false"),
    ("{{ '2024-01-31' | dateAdd(1, 'MONTHS', 'yyyy-MM-dd') }}", "2024-02-29"),
    ("{{ '31/01/2024' | date('yyyy-MM-dd', existingFormat='dd/MM/yyyy') }}", "2024-01-31"),
    ("{{ \"9223372036854775807\" | number('BIGDECIMAL') | className }}", "java.math.BigDecimal"),
    ("{{ '5' | number('BIGINTEGER') | className }}", "java.math.BigInteger"),
    ("{{ [('5' | number('BIGINTEGER')) + 1] }}", "[6]"),
    ("{{ 'john doe is john doe' | replace({'john': 'jane'}) }}", "jane doe is jane doe"),
    (r"{{ 'aa1bb2cc3dd4ee5' | replace({'(\d)': '-$1-'}, regexp=true) }}", "aa-1-bb-2-cc-3-dd-4-ee-5-"),
    ("{{ null | indent(2) }}", ""),
    ("{{ '' | indent(2) }}", ""),
    ("{{ 1 | indent(2) }}", "1"),
    ("{{ '\n\n' | indent(2) }}", "\n  \n  "),
    ("{{ '\n\n' | nindent(2) }}", "\n  \n  \n  "),
    ("{{ 'string' | nindent(2) }}", "\n  string"),
    ("{{ '' | nindent(2) }}", ""),
    ("{{ 'Kestra rulez !' | urlencode | urldecode }}", "Kestra rulez !"),
    ("{{ \"L'eau c'est la vie\" | escapeChar('single') }}", r"L\'eau c\'est la vie"),
    ("{{ '\"Hello\"' | escapeChar('double') }}", r"\"Hello\""),
    ('{{ fromJson(\'{"test1": [{"test1": 666}, 2, 3]}\').test1[0].test1 }}', "666"),
    ("{{ fromJson(null) }}", ""),
    ("{{ fromIon(null) }}", ""),
    ("{{ fromIon('{date:2024-04-21T23:00:00.000Z, title:\"Main_Page\",views:109787}').title }}", "Main_Page"),
    ("{{ yaml(y).instant }}", "1918-02-24T00:00:00Z"),
    ("{{ yaml(y).date }}", "1991-08-20"),
    ("{{ yaml(y).time }}", "23:59:59"),
    ("{{ yaml(y).object.child.key }}", "value"),
    ("{{ yaml(y).array[0] }}", "string"),
    ("{{ randomInt(10, 10) }}", "10"),
    ("{{ decrypt(key, encrypt(key, 'toto')) }}", "toto"),
    ("{{ fileURI('test') }}", "kestra:///my/namespace/_files/test"),
    ("{{ kv('my-key').field }}", "value"),
]
RAISES = [
    "{{ missing is defined ? missing : missing2 }}",
    "{{ get missing }}",
    "{{ missing ?? missing2 }}",
    "{% if [] %}y{% endif %}",
    "{% if null %}y{% endif %}",
    "{% if missing %}y{% endif %}",
    "{{ m ? 'a' : 'b' }}",
    "{{ missing ? 'a' : 'b' }}",
    "{{ (missing == 1) ?? 'z' }}",
    "{{ (missing + 1) ?? 'z' }}",
    "{{ nope() ?? 'z' }}",
    "{{ (1/0) ?? 'z' }}",
    "{{ emptymap[0] ?? 'z' }}",
    "{{ 1 < 2 < 3 }}",
    "{{ 5 is  not null }}",
    "{{ {a: 1} }}",
    "{{ [1,2][0] }}",
    "{{ {not: json} | toJson }}",
    "{{ | toJson }}",
    "{{ 'Hello' | escapeChar('foo') }}",
    "{{ fromJson() }}",
    "{{ fromJson('{not: json}') }}",
    "{{ fromIon('{not: ion') }}",
    "{{ randomInt(10, 1) }}",
    '{{ randomInt("1", "10") }}',
    "{{ encrypt('toto') }}",
]
DATES = [
    ("{{ zoned | date(format='iso', timeZone='Europe/Paris') }}", "2013-09-08T17:19:12.123456+02:00"),
    ('{{ instant | date(format="iso_sec", timeZone="Europe/Paris") }}', "2013-09-08T17:19:12+02:00"),
    ('{{ local | date(format="yyyy-MM-dd HH:mm:ss.SSSSSSXXX", timeZone="UTC") }}', "2013-09-08 16:19:12.123456Z"),
    ('{{ "July 24, 2001" | date("yyyy-MM-dd", existingFormat="MMMM dd, yyyy") }}', "2001-07-24"),
    ('{{ "2013-09-08T17:19:12+02:00" | date(timeZone="Europe/Paris") }}', "2013-09-08T17:19:12.000000+02:00"),
    ('{{ "2013-09-08T17:19:12" | date(timeZone="Europe/Paris") }}', "2013-09-08T17:19:12.000000+02:00"),
    ('{{ "2013-09-08" | date(timeZone="Europe/Paris") }}', "2013-09-08T00:00:00.000000+02:00"),
    (
        "{{ 'Tue, 08 Feb 2022 19:38:26 GMT' | date(existingFormat='rfc_1123_date_time', timeZone=\"Europe/Paris\") }}",
        "2022-02-08T20:38:26.000000+01:00",
    ),
    ('{{ zoned | dateAdd(-1, "DAYS", timeZone="Europe/Paris") }}', "2013-09-07T17:19:12.123456+02:00"),
    ("{{ zoned | timestamp }}", "1378653552"),
    ("{{ zoned | timestampNano }}", "1378653552123456000"),
    ("{{ (zoned | timestamp) > (zoned | dateAdd(-1, 'DAYS') | timestamp) }}", "true"),
]


@pytest.mark.parametrize(("template", "wanted"), ACCESS + OPERATORS + FILTERS + DATES)
def test_a_vector_renders(template: str, wanted: str) -> None:
    v = {"second": {"list": ["string", 1, 1.123]}, "null": None, "object": {"key": "value"}}
    assert text_of(template, v=v, y=YAML) == wanted


@pytest.mark.parametrize("template", RAISES)
def test_a_vector_raises(template: str) -> None:
    with pytest.raises(ExpressionError):
        text_of(template)


TYPED: list[tuple[str, object]] = [
    ("{{ [1,2] }}", [1, 2]),
    ("{{ m }}", {"test": [1, 2, 3], "second": [1, 2, 3], "k": "v"}),
    ("{{ true }}", True),
    ("{% if true %}{{ 5 }}{% endif %}", 5),
    ("{{ nothing }}{{ 5 }}", 5),
    ("{% set x = 1 %}", None),
    ("{{ null }}", None),
    ("{{ string }} hello", "string hello"),
    ("hello {{ string }}", "hello string"),
    ("{{ 1 }}{{ 2 }}", "12"),
    ("{{ 5 }}%", "5%"),
    ("total: {{ 5 }}", "total: 5"),
    ("{{ 5 }}\n", "5\n"),
    ("plain {", "plain {"),
    ("{{ 1.5 }}", 1.5),
    ("{{ 'a' }}", "a"),
]


@pytest.mark.parametrize(("template", "wanted"), TYPED)
def test_a_typed_vector(template: str, wanted: object) -> None:
    found = object_of(template)
    assert found == wanted
    assert type(found) is type(wanted)


def test_a_single_print_gives_the_object_itself() -> None:
    value = {"a": [1]}
    assert object_of("{{ value }}", value=value) is value


@pytest.mark.parametrize("template", ["{{ m }}{{ map }}", "{{ list }}\n", "{{ date }}x"])
def test_pieces_that_are_no_scalars_do_not_join(template: str) -> None:
    with pytest.raises(ExpressionError, match="Cannot concat"):
        object_of(template)


def test_a_property_map_is_rendered_deeply() -> None:
    value = {"string": "{{ t }}", "list": ["{{ t }}", "{{ u }}"], "int": 1, "numbers": [[1, 2]]}
    wanted = {"string": "T", "list": ["T", "U"], "int": 1, "numbers": [[1, 2]]}
    assert render_deep(value, sample(t="T", u="U")) == wanted


def test_of_two_keys_that_render_alike_the_first_wins() -> None:
    assert render_deep({"{{ t }}": 1, "T": 2}, sample(t="T")) == {"T": 1}


RECURSIVE = {
    "first": "1",
    "second": "{{first}}",
    "third": "{{second}}",
    "fourth": "{{render(third, recursive=false)}}",
    "map": {"third": "{{third}}"},
    "list": ["{{third}}"],
}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ third }}", "{{second}}"),
        ("{{ render(third, recursive=false) }}", "{{first}}"),
        ("{{ render(third) }}", "1"),
        ("{{ render(fourth) }}", "1"),
        ("{{ map }}", '{"third":"{{third}}"}'),
        ("{{ render(map, recursive=false) }}", '{"third":"{{second}}"}'),
        ("{{ render(map) }}", '{"third":"1"}'),
        ("{{ list }}", '["{{third}}"]'),
        ("{{ render(list, recursive=false) }}", '["{{second}}"]'),
        ("{{ render(list) }}", '["1"]'),
        ("{% set x = 'two' %}{{ render('{' ~ '{ x }}') }}", "two"),
        ("{{ render('{% raw %}{{ x }}{% endraw %}') }}", "{{ x }}"),
    ],
)
def test_render_is_recursive(template: str, wanted: str) -> None:
    assert text_of(template, **RECURSIVE) == wanted


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({"x": "{{y}}", "y": "test"}, "test"),
        ({"x": "{{y}}", "y": "{{z}}", "z": "test"}, "{{z}}"),
    ],
)
def test_render_once_makes_one_pass(variables: dict[str, object], wanted: str) -> None:
    assert text_of("{{ renderOnce(x) }}", **variables) == wanted


@pytest.mark.parametrize(
    "variables",
    [
        {"a": "{{b}}", "b": "{{a}}"},
        {"a": "{{ render(a) }}"},
        {"a": "{{ a }}x"},
        {"a": "{{ render(b) }}", "b": "{{ render(a) }}"},
    ],
)
def test_variables_that_render_each_other_end(variables: dict[str, object]) -> None:
    with pytest.raises(ExpressionError, match="Too many rendering attempts"):
        text_of("{{ render(a) }}", **variables)


@pytest.mark.parametrize(
    ("value", "wanted"), [(42, "42"), (True, "true"), (None, ""), (timedelta(seconds=5), "PT5S"), (1.5, "1.5")]
)
def test_render_gives_other_values_back(value: object, wanted: str) -> None:
    assert text_of("{{ render(x) }}", x=value) == wanted


def test_render_of_a_nested_map() -> None:
    first = {"second": {"third": "{{third}}"}}
    template = '{{ render(first) | jq(".second.third") }}'
    assert text_of(template, first=first, third="{{end}}", end="awesome") == '["awesome"]'
    assert text_of("{{ render(first).second.third }}", first=first, third="{{end}}", end="x") == "x"
