"""The language: lexing, precedence, access, statements, tests, and what each error says."""

from __future__ import annotations

import pytest

from tiercel.errors import ExpressionError, MissingError

from .sample import text_of

LEXING = [
    ("plain", "plain"),
    ("a { b } c", "a { b } c"),
    ('{"a": "{{ int }}"}', '{"a": "1"}'),
    ("{{-1}}", "-1"),
    ("a {{- int }} b", "a1 b"),
    ("a {{ int -}} \n b", "a 1b"),
    ("a {%- if true -%} b {%- endif -%} c", "abc"),
    ("{# {{ nope }} #}x", "x"),
    ("{% verbatim %}{{ x }}\n{% y %}{% endverbatim %}", "{{ x }}\n{% y %}"),
    ("{% raw %}{{ x }}\n{{ y }}{% endraw %}", "{{ x }}\n{{ y }}"),
    ("{{ '{{' }}", "{{"),
    ('{{ "a\'b" }}', "a'b"),
    (r'{{ "a\"b" }}', 'a"b'),
    (r"{{ 'C:\temp' }}", r"C:\temp"),
    ("{{ 'two\nlines' }}", "two\nlines"),
    ('{{ "#{1 + 1}#{nothing}." }}', "2."),
    ('{{ "#{m["k"]}" }}', "v"),
    ('{{ "# {x}" }}', "# {x}"),
    ("{{ 10L }}", "10"),
    ("{{ 1.50 }}", "1.5"),
    ("{{ TRUE }}{{ FALSE }}{{ NULL }}{{ none }}", "truefalse"),
    ("{{ é ?? 'x' }}", "x"),
    ("{{ order ?? 'o' }}{{ notes ?? 'n' }}{{ isbn ?? 'i' }}", "oni"),
    ("{{ {'a': {'b': {'c': 1}}} }}", '{"a":{"b":{"c":1}}}'),
    ("{{ outputs['my-task'].value }}", "7"),
    ("line1\r\nline2 {{ int }}\r\n", "line1\r\nline2 1\r\n"),
]
PRECEDENCE = [
    ("{{ missing ?? 'b' | upper }}", "B"),
    ("{{ 'a' | upper ?? 'b' }}", "A"),
    ("{{ 1 == missing | first ?? 1 }}", "true"),
    ("{{ 'abc' contains 'b' == true }}", None),
    ("{{ ('abc' contains 'b') == true }}", "true"),
    ("{{ 'x' ~ 'a' | upper }}", "XA"),
    ("{{ 'x' + 'a' | upper }}", "xA"),
    ("{{ not false == true }}", "true"),
    ("{{ not int is defined }}", "true"),
    ("{{ -1 | abs }}", "1"),
    ("{{ 1 == 1 ? 'c' : 'd' }}", "c"),
    ("{{ missing ?? 1 == 1 }}", "true"),
    ("{{ 2 > 1 and false or true }}", "true"),
    ("{{ int is defined and int }}", "true"),
    ("{{ 1 .. 3 | length }}", "3"),
    ("{{ 1 + 2 * 3 - 4 / 2 }}", "5"),
    ("{{ (1 + 2) * 3 }}", "9"),
    ("{{ 10 - 3 - 2 }}", "5"),
    ("{{ 2 * -3 }}", "-6"),
    ("{{ true ? false ? 1 : 2 : 3 }}", "2"),
    ("{{ false ? 1 : true ? 2 : 3 }}", "2"),
    ("{{ 'a'..'c' }}", '["a","b","c"]'),
    ("{% set a = 1 %}{% set b = 3 %}{{ a..b }}", "[1,2,3]"),
    ("{{ 1 in [1,2] }}{{ '3' not in [1,2] }}{{ 'k' in m }}{{ null in [1] }}", "truetruetruefalse"),
]
VALUES = [
    ("{{ 1 + 1.5 }}", "2.5"),
    ("{{ null + 'a' }}", "nulla"),
    ("{{ 'a' + 1 + true }}", "a1true"),
    ("{{ [1,2,3] - 2 }}", "[1,3]"),
    ("{{ [1,2,3] - [1,2] }}", "[3]"),
    ("{{ list + 2 }}{{ list }}", '["string",1,1.123,2]["string",1,1.123]'),
    ("{{ +5 }}", "5"),
    ("{{ 5 % -3 }}", "2"),
    ("{{ 5.5 % 2 }}", "1.5"),
    ("{{ 0.0 / 0 }}", "NaN"),
    ("{{ -1.0 / 0 }}", "-Infinity"),
    ("{{ true == 1 }}{{ true == 'true' }}{{ null == false }}", "falsefalsefalse"),
    ("{{ [1,'a'] == [1.0,'a'] }}{{ {'a':1} == {'a':1} }}", "truetrue"),
    ("{{ 1 != 2 }}{{ null != null }}", "truefalse"),
    ("{{ 'a' < 'b' }}{{ null >= 1 }}", "truefalse"),
    ("{{ [1,2,3] contains [1,3] }}", "true"),
    ("{{ {'k':1} contains 'x' }}", "false"),
    ("{{ '10' contains 1 }}", "true"),
    ("{{ true and 1 }}{{ '' or 'x' }}", "truetrue"),
    ("{{ false and nope }}{{ true or nope }}", "falsetrue"),
    ("{{ null ~ 1 ~ true ~ 1.0 ~ [null] }}", "1true1.0[null]"),
]
TESTS = [
    ("{{ nothing is defined }}{{ nothing is null }}", "falsetrue"),
    (
        "{{ ' ' is empty }}{{ [] is empty }}{{ {} is empty }}{{ nothing is empty }}{{ 0 is empty }}",
        "truetruetruetruefalse",
    ),
    ("{{ 2 is even }}{{ 2 is odd }}{{ 3 is not even }}", "truefalsetrue"),
    ("{{ [1] is iterable }}{{ m is iterable }}{{ 'a' is iterable }}", "truefalsefalse"),
    ("{{ m is map }}{{ [] is map }}", "truefalse"),
    ("{{ 'abc' is json }}{{ '\"a\"' is json }}{{ '1' is json }}", "falsetruetrue"),
    ("{{ a.b | first is defined }}", "false"),
    ("{{ m.test is not defined }}", "false"),
]
ACCESS = [
    ("{{ m.size() }}{{ m.get('k') }}{{ m.get('x') }}{{ m.containsKey('k') }}", "3vtrue"),
    ("{{ m.getOrDefault('x', 'd') }}{{ m.isEmpty() }}", "dfalse"),
    ("{{ m.keySet() }}", '["test","second","k"]'),
    ("{{ {'a':1}.a ?? 2 }}", None),
    ("{{ ({'a':1}).values() }}{{ ({'a':1}).entrySet()[0].key }}", "[1]a"),
    ("{{ ({'size': 5}).size }}{{ ({'items': 6}).items }}{{ ({'keys': 7}).keys }}", "567"),
    ("{{ list.size() }}{{ list.size }}{{ list.empty }}{{ list.get(1) }}{{ list['1'] }}", "33false11"),
    ("{{ list.indexOf('string') }}{{ list.subList(0, 1) }}", '0["string"]'),
    ("{{ string.length() }}{{ string.length }}{{ string.empty }}", "66false"),
    ("{{ 'aBc'.toUpperCase() }}{{ 'aBc'.toLowerCase() }}{{ ' a '.trim() }}", "ABCabca"),
    ("{{ 'abc'.indexOf('c') }}{{ 'abca'.lastIndexOf('a') }}{{ 'abc'.startsWith('a') }}", "23true"),
    ("{{ 'a.b'.replace('.', '-') }}{{ 'a1'.replaceAll('[0-9]', 'x') }}", "a-bax"),
    ("{{ 'a,b'.split(',') }}{{ 'a'.concat('b') }}{{ 'A'.equalsIgnoreCase('a') }}", '["a","b"]abtrue'),
    ("{{ 'abc'.matches('a.c') }}{{ 'abc'.substring(1) }}{{ 'abc'.substring(0,2) }}", "truebcab"),
    ("{{ 'abc'.charAt(1) }}{{ 'ab'.repeat(2) }}{{ ' '.blank }}", "bababtrue"),
    ("{{ date.year }}{{ date.monthValue }}{{ date.getDayOfMonth() }}{{ date.hour }}", "20139816"),
    ("{{ date.dayOfWeek }}{{ date.plusDays(1) }}", "SUNDAY2013-09-09T16:19+02:00"),
    ("{{ m[string] ?? 'z' }}{{ m['test'][0] }}{{ m.test[int] }}", "z12"),
    ("{{ nums[1] }}", "one"),
]
STATEMENTS = [
    ("{% if false %}a{% elseif 1 %}b{% else %}c{% endif %}", "b"),
    ("{% if false %}a{% else %}{% if true %}b{% endif %}{% endif %}", "b"),
    ("{% if m.x is defined %}a{% endif %}", ""),
    ("{% for x in 1..3 %}{{ loop.revindex }}{{ loop.first }}{{ loop.length }};{% endfor %}", "2true3;1false3;0false3;"),
    ("{% for x in [1] %}{% set y = 2 %}{% endfor %}{{ y ?? 'gone' }}", "gone"),
    ("{% for x in [1,2] %}{% set y = (y ?? 0) + x %}{{ y }}{% endfor %}", "13"),
    ("{% set x = 1 %}{% for x in [9] %}{{ x }}{% endfor %}{{ x }}", "91"),
    ("{% for x in [1] %}{% set flow = 'shadow' %}{% endfor %}{{ flow }}", "shadow"),
    ("{% set a = 1 %}{% if true %}{% set a = 2 %}{% endif %}{{ a }}", "2"),
    ("{% for x in {'a': 1} %}{{ x.value }}{{ x.getKey() }}{% endfor %}", "1a"),
    ("{{ f(2) }}{% macro f(n) %}{{ n > 0 ? n ~ f(n - 1) : '' }}{% endmacro %}", "21"),
    ("{% macro f(a, b=a ~ '!') %}{{ b }}{% endmacro %}{{ f('x') }}{{ f('x', b='y') }}", "x!y"),
    ("{% macro f() %}{{ kv('my-key').field }}{% endmacro %}{{ f() }}", "value"),
    ("{% macro f() %}{% set string = 1 %}{% endmacro %}{{ f() }}{{ string }}", "string"),
    ("{% filter upper | escapeChar('single') %}it's {{ string }}{% endfilter %}", r"IT\'S STRING"),
    ("{% block b %}{{ int }}{% endblock b %}{{ block('b') }}", "11"),
]


@pytest.mark.parametrize(
    ("template", "wanted"),
    [row for row in LEXING + PRECEDENCE + VALUES + TESTS + ACCESS + STATEMENTS if row[1] is not None],
)
def test_a_template_renders(template: str, wanted: str) -> None:
    assert text_of(template, nums={1: "one"}) == wanted


SYNTAX = [
    ("{{ 1e3 }}", "found `e3`"),
    ("{{ .5 }}", "Syntax error"),
    ("{{ 5. }}", "Syntax error"),
    ("{{ 'a' 'b' }}", "Syntax error"),
    ("{{ (1, 2) }}", "Syntax error"),
    ("{{ [1,] }}", "Syntax error"),
    ("{{ f(1,) }}", "Syntax error"),
    ("{{ f(a=1, 2) }}", "positional arguments come first"),
    ("{{ a && b }}", "Unexpected character `&`"),
    ("{{ !a }}", "Unexpected character `!`"),
    ("{{ 2 ** 3 }}", "Syntax error"),
    ("{{ 2 // 3 }}", "Syntax error"),
    ("{{ a.contains }}", "attribute name"),
    ("{{ a.0 }}", "attribute name"),
    ("{{ list[1:2] }}", "Syntax error"),
    ("{{ x if c else y }}", "Syntax error"),
    ("{{ }}", "expected an expression"),
    ("{{ a", "Unexpected end of template"),
    ("{{ 'a }}", "Unclosed string"),
    ('{{ "a }}', "Unclosed string"),
    ("{# a", "Unclosed comment"),
    ("{{ a ? b }}", "expected `:`"),
    ("{{ ) }}", "nothing is open"),
    ("{%+ if a %}", "tag name"),
    ("{% elif a %}", 'Unexpected tag name "elif".*elseif'),
    ("{% if a %}{% elif b %}{% endif %}", 'Unexpected tag name "elif"'),
    ("{% include 'a' %}", 'Unexpected tag name "include"'),
    ("{% break %}", 'Unexpected tag name "break"'),
    ("{% if true %}a", 'looking for the "endif" tag'),
    ("{% for x in y %}a", 'looking for the "endfor" tag'),
    ("{% for k, v in m %}{% endfor %}", "expected `in`"),
    ("{% set x %}a{% endset %}", "expected `=`"),
    ("{% set a, b = 1 %}", "expected `=`"),
    ("{% macro f() %}{% endmacro %}{% macro f() %}{% endmacro %}", "More than one macro"),
    ("\n\n{{ a b }}", "line 3"),
]
FAILING = [
    ("{{ nope }}", r"Unable to find `nope` used in the expression `{{ nope }}` at line 1 \(known here: string, int"),
    ("\n{{ outputs.t.nope }}", r"`nope` used in the expression `{{ outputs.t.nope }}` at line 2 \(known here: value\)"),
    ("{{ nothing.a }}", "is null"),
    ("{{ list[7] }}", "the list has 3 elements"),
    ("{{ nope() }}", r"Function or Macro \[nope\] does not exist"),
    ("{{ secrets('x') }}", "does not exist.*`secret`"),
    ("{{ fromjson('1') }}", "nearest is `fromJson`"),
    ("{{ 1 is prime }}", r"Test \[prime\] does not exist"),
    ("{% if null %}{% endif %}", r"Wrong operand\(s\) type in conditional expression"),
    ("{% if m %}{% endif %}", "Wrong operand.*found a map"),
    ("{{ null and true }}", "null value used in and operator and strict variables is set to true"),
    ("{{ not null }}", r"null value given to not\(\)"),
    ("{{ m or true }}", "Cannot cast a map"),
    ("{{ not [] }}", "Cannot cast a list"),
    ("{% for x in 5 %}{% endfor %}", r"Not an iterable object. Value = \[5\]"),
    ("{% for x in 'abc' %}{% endfor %}", "Not an iterable object"),
    ("{{ null + 1 }}", "Could not perform addition"),
    ("{{ 1 - 'a' }}", "Could not perform subtraction"),
    ("{{ 'a' * 2 }}", "Could not perform multiplication"),
    ("{{ 1 / 0 }}", "Could not perform division"),
    ("{{ 1 % 0 }}", "Could not perform modulus"),
    ("{{ nope * 2 }}", "Could not perform multiplication.*Unable to find"),
    ("{{ nope == 2 }}", "Could not perform equals comparison"),
    ("{{ true > 2 }}", "Could not perform greater than comparison"),
    ("{{ date < date }}", "Could not perform less than comparison"),
    ("{{ 5 contains 5 }}", "contains needs"),
    ("{{ -'a' }}", "wanted a number"),
    ("{{ 'a'..5 }}", "Could not make a range"),
    ("{{ nope is empty }}", "Unable to find"),
    ("{{ null is even }}", "need an integer"),
    ("{{ 1 is json }}", "needs a string"),
    ("{{ m[0] }}", "is no key of the map"),
    ("{{ 'abc'.substring(5) }}", "outside the string"),
    ("{{ string.replace('a') }}", "no method replace"),
    ("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "position 2 is not allowed"),
    ("{% macro f(a) %}{% endmacro %}{{ f(b=2) }}", "does not exist: b"),
    ("{{ 999999 * 999999 * 99999999 * 0.0 / nope }}", "Could not perform division"),
]


@pytest.mark.parametrize(("template", "message"), SYNTAX + FAILING)
def test_an_error_says_what_is_wrong(template: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        text_of(template)


@pytest.mark.parametrize("template", ["{{ nope }}", "{{ m.nope }}", "{{ list[9] }}", "{{ nothing.x }}", "{{ 'a'.x }}"])
def test_what_does_not_exist_is_a_missing_error(template: str) -> None:
    with pytest.raises(MissingError):
        text_of(template)


@pytest.mark.parametrize(
    "template", ["{{ nope + 1 }}", "{% if nope %}{% endif %}", "{{ nope() }}", "{{ m[0] }}", "{{ 1 / 0 }}"]
)
def test_what_is_hardened_is_no_missing_error(template: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        text_of(template)
    assert not isinstance(caught.value, MissingError)


def test_an_unknown_filter_in_a_branch_not_taken_is_harmless() -> None:
    assert text_of("{{ false ? ('x' | nope) : 'b' }}") == "b"
