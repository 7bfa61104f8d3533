"""Functions: one row for each form of their arguments, and for what they refuse."""

from __future__ import annotations

import re

import pytest

from tiercel.errors import ExpressionError
from tiercel.expressions import Context, NoWorld, render

from .sample import sample, text_of

ROWS = [
    ("{{ max(1, 3, 2) }}{{ min(2, 1.5) }}{{ max() }}{{ max(null, 1) }}", "31.51"),
    ("{{ max([1,2]) }}{{ max('a', 'b') }}", "[1,2]b"),
    ("{{ range(1, 3) }}{{ range(3, 1, -1) }}{{ range(3, 1) }}{{ range('a', 'c') }}", '[1,2,3][3,2,1][]["a","b","c"]'),
    ("{{ range(start=0, end=4, increment=2) }}{{ range(1.9, 3.2) }}", "[0,2,4][1,2,3]"),
    ("{{ fromJson('[1,2]')[0] }}{{ json('{\"a\": 1.0}').a }}", "11.0"),
    ("{{ fromIon('{title:\"x\", views:1}').title }}", "x"),
    ("{{ fromIon('1 2 3', allRows=true) }}{{ fromIon('1 2') }}", "[1,2,3]1"),
    ("{{ fromIon('{a: 2024-05-01T10:00:00Z, b: null.int, c: [1e0, true], d: sym}') | toJson }}", None),
    (
        "{{ fromIon('ZonedDateTime::\"2024-05-01T10:00+02:00[Europe/Paris]\"') }}",
        "2024-05-01T10:00+02:00[Europe/Paris]",
    ),
    (
        "{{ yaml('a: 1').a + 1 }}{{ yaml('- x\n- 1.5') }}{{ yaml('12:30') }}{{ yaml('2024-01-01') }}",
        '2["x",1.5]12:302024-01-01',
    ),
    ("{{ now() }}", "2024-05-01T10:00:00.123000Z"),
    ("{{ now(format='iso_local_date') }}{{ now('HH:mm', timeZone='Europe/Paris') }}", "2024-05-0112:00"),
    ("{{ secret('K') }}", "secret-K-None-None"),
    ("{{ secret(key='K', namespace='n', subkey='s') }}", "secret-K-n-s"),
    ("{{ kv('x', errorOnMissing=false) ?? 'none' }}", "none"),
    ("{{ kv(key='my-key', namespace='n').field }}", "value"),
    ("{{ read('a.txt') }}{{ read('a', namespace='n') }}", "{{ not rendered }} a.txt None{{ not rendered }} a n"),
    ("{{ fileURI('/a/b.txt') }}", "kestra:///my/namespace/_files/a/b.txt"),
    ("{{ fileSize('a') }}{{ fileExists('a') }}{{ fileExists('absent') }}", "12truefalse"),
    ("{{ isFileEmpty('empty') }}{{ fileEmpty('a') }}", "truefalse"),
    ("{{ errorLogs()[0].message }}", "boom"),
    ("{{ tasksWithState('FAILED')[0].taskId }}", "t"),
    ("{{ env('home') }}{{ env('nope', 'd') }}{{ env(name='nope') }}", "/rootd"),
    ("{{ http(uri='https://x') | jq('.[].slug') }}", '["a"]'),
    ("{{ http('https://x', 'POST', body={'a': 1}, headers={'h': 'v'})[0].slug }}", "a"),
    ("{{ subflow('ns', 'f', inputs={'a': 1}).outputs.flow }}", "ns.f"),
    ("{{ randomInt(1, 2) }}", "1"),
    ("{{ nanoId() | length }}{{ nanoId(5) | length }}{{ nanoId(length=3, alphabet='a') }}", "215aaa"),
    ("{{ id() | length }}{{ ksuid() | length }}{{ uuid() | length }}", "222736"),
    ("{{ randomPort() > 1023 }}", "true"),
    ("{{ printContext().flow.id }}{{ fetchContext().int }}", "f1"),
    ("{% set z = 1 %}{{ printContext().z }}", "1"),
    ("{{ isWeekend('2024-05-04') }}{{ isWeekend('2024-05-06T23:00:00-05:00') }}", "truefalse"),
    (
        "{{ isDayWeekInMonth('2024-05-06', 'MONDAY', 'FIRST') }}{{ isDayWeekInMonth('2024-05-27', 'MONDAY', 'LAST') }}",
        "truetrue",
    ),
    (
        "{{ isLastWorkingDay('2024-05-31') }}{{ isLastWorkingDay('2024-06-28') }}{{ isLastWorkingDay('2024-05-30') }}",
        "truetruefalse",
    ),
    ("{{ isDateBetween('2024-05-02', '2024-05-01', '2024-05-03') }}", "true"),
    ("{{ isDateAfter('2024-05-02', '2024-05-02') }}{{ isDateBefore('2024-05-01', '2024-05-02') }}", "falsetrue"),
    ("{{ dayOfWeek('2024-05-01') }}{{ dayOfMonth('2024-05-01') }}{{ monthOfYear('2024-05-01') }}", "WEDNESDAY15"),
    ("{{ hourOfDay('2024-05-01T23:10:00+05:00') }}", "23"),
    ("{{ loopOutputs([{'a': 1}, {}], 'a') }}", "[1,null]"),
    ("{{ loopOutputs(outputs={'x': {'a': 1}}, name='a') }}", "[1]"),
    ("{{ loopOutputs([{'item': {'value': 7}, 'outputs': {'a': 1}}, {'item': {}, 'outputs': {}}], 'a') }}", "[1,null]"),
    ("{{ block('none') }}", ""),
]


@pytest.mark.parametrize(("template", "wanted"), [row for row in ROWS if row[1] is not None])
def test_a_function(template: str, wanted: str) -> None:
    assert text_of(template) == wanted


LOOP = {
    "outputs": {
        "t": {"a": {"1": {"value": "a1"}, "2": {"value": "a2"}}},
        "own": {"1": {"value": "first"}, "2": {"value": "second"}},
    },
    "parents": [{"taskrun": {"value": "a"}, "outputs": {"p": "near"}}, {"outputs": {"p": "root"}}],
    "taskrun": {"value": "2", "iteration": 1},
    "task": {"id": "t"},
}


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{{ currentEachOutput(outputs.t).value }}", "a2"),
        ("{{ iterationOutput() }}{{ iterationOutput('t', 0) }}", "a1a1"),
        ("{{ parentOutput().p }}{{ parentOutput(0).p }}{{ parentOutput(index=1).p }}", "nearrootnear"),
    ],
)
def test_a_function_of_loops(template: str, wanted: str) -> None:
    assert text_of(template, **LOOP) == wanted
    assert LOOP["parents"][0]["taskrun"]  # type: ignore[index]  # the list keeps its order


REFUSED = [
    ("{{ fromJson(5) }}", "needs a string"),
    ("{{ fromJson('{') }}", "Invalid JSON"),
    ("{{ fromJson('NaN') }}", "Invalid JSON"),
    ("{{ fromIon('{a') }}", "not Ion"),
    ("{{ yaml('a: [') }}", "not YAML"),
    ("{{ yaml('!!python/object:os.system a') }}", "not YAML"),
    ("{{ secret('absent') }}", r"Cannot find secret for key 'absent'\. \(\{\{ secret\('absent'\) \}\}:1\)"),
    ("{{ kv('nope') }}", r"The key 'nope' does not exist in the namespace 'n'\. \(\{\{ kv\('nope'\) \}\}:1\)"),
    ("{{ secret() }}", "expects an argument 'key'"),
    ("{{ kv('a', 'b', true, 1) }}", "position 4 is not allowed"),
    ("{{ read(null) }}", "is null"),
    ("{{ fileURI('../x') }}", "must not leave"),
    ("{{ randomInt(1.5, 2) }}", "must be an integer"),
    ("{{ nanoId(1001) }}", "in 1 to 1000"),
    ("{{ range(1, 5, 0) }}", "must not be 0"),
    ("{{ range(1, 'a') }}", "needs two numbers"),
    ("{{ max(1, 'a') }}", "Could not perform"),
    ("{{ decrypt(key, 'AAAA') }}", "cannot be decrypted"),
    ("{{ encrypt('short', 'x') }}", "argument 'key'"),
    ("{{ parent() }}", "inherit"),
    ("{{ i18n('a') }}", "not supported"),
    ("{{ credential('a') }}", "enterprise"),
    ("{{ appLink() }}", "enterprise"),
    ("{{ isPublicHoliday('2024-05-01', 'XX') }}", "are not known"),
    ("{{ iterationOutput() }}", "only inside a loop"),
    ("{{ parentOutput() }}", "has a parent"),
    ("{{ currentEachOutput('x') }}", "needs the outputs"),
    ("{{ now }}", "Unable to find `now`"),
    ("{{ http('x', headers='y') }}", "must be a map"),
]


@pytest.mark.parametrize(("template", "message"), REFUSED)
def test_a_function_refuses(template: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        text_of(template)


@pytest.mark.parametrize(
    "call",
    [
        "now()",
        "secret('a')",
        "kv('a')",
        "read('a')",
        "fileSize('a')",
        "fileExists('a')",
        "errorLogs()",
        "tasksWithState('FAILED')",
        "http('a')",
        "uuid()",
        "subflow('a', 'b')",
    ],
)
def test_a_world_without_readers_says_so(call: str) -> None:
    with pytest.raises(ExpressionError, match="cannot be used here"):
        render(f"{{{{ {call} }}}}", Context({}, NoWorld()))


def test_ids_have_their_shapes() -> None:
    context = sample()
    assert re.fullmatch(
        r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", render("{{ uuid() }}", context)
    )
    assert render("{{ uuid() }}", context) != render("{{ uuid() }}", context)
    assert all(1 <= int(render("{{ randomInt(1, 4) }}", context)) <= 3 for _ in range(50))


@pytest.mark.parametrize(
    ("place", "holiday"), [("'FR'", "false"), ("'DE'", "false"), ("'DE', 'BY'", "true"), ("'de', 'by'", "true")]
)
def test_the_public_holidays_are_those_of_the_place(place: str, holiday: str) -> None:
    assert render(f"{{{{ isPublicHoliday('2024-01-06', {place}) }}}}", Context({}, NoWorld())) == holiday
