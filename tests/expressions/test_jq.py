"""The jq interpreter, held against results that jq itself gives."""

from __future__ import annotations

import pytest

from tiercel.errors import ExpressionError
from tiercel.expressions.jq import run_jq
from tiercel.expressions.limits import Budget

DATA = {
    "a": [1, 2, 3],
    "b": {"c": "x", "d": [{"n": "foo", "v": 1}, {"n": "bar", "v": 2}]},
    "s": "hello world",
    "t": True,
    "f": 1.5,
}
ROWS: list[tuple[str, list[object]]] = [
    (".a[1:]", [[2, 3]]),
    (".a[-1], .a[9], .zz", [3, None, None]),
    (".b.d[] | select(.v > 1) | .n", ["bar"]),
    ("[.b.d[] | {n, w: .v * 2}]", [[{"n": "foo", "w": 2}, {"n": "bar", "w": 4}]]),
    (".b.d | map({(.n): .v}) | add", [{"foo": 1, "bar": 2}]),
    ("keys", [["a", "b", "f", "s", "t"]]),
    (".b | with_entries(.value |= type)", [{"c": "string", "d": "array"}]),
    ("[.. | numbers]", [[1, 2, 3, 1, 2, 1.5]]),
    ('.s | test("WORLD"; "i")', [True]),
    ('.s | sub("o"; "0"), gsub("(?<x>[lo])"; "<\\(.x)>")', ["hell0 world", "he<l><l><o> w<o>r<l>d"]),
    ('[.s | match("l"; "g").offset]', [[2, 3, 9]]),
    ('.s | capture("(?<one>\\\\w+) (?<two>\\\\w+)")', [{"one": "hello", "two": "world"}]),
    ('[.s | scan("(l)(.)")]', [[["l", "l"], ["l", "d"]]]),
    (".a as [$x, $y] | $x + $y", [3]),
    (". as {a: $q, b: {c: $z}} | [$q, $z]", [[[1, 2, 3], "x"]]),
    ("reduce .a[] as $i (0; . + $i)", [6]),
    ("[foreach .a[] as $i (0; . + $i; [$i, .])]", [[[1, 1], [2, 3], [3, 6]]]),
    ('if .zz then 1 elif .t then "y" else 3 end', ["y"]),
    ('.zz // "default"', ["default"]),
    ('try error("x") catch ("c:" + .)', ["c:x"]),
    (".a |= map(. + 1) | .a", [[2, 3, 4]]),
    (".a[0] = 10 | .b.d[].v += 5 | .a[0], .b.d[1].v", [10, 7]),
    ("del(.a[0], .b.d) | .a, .b", [[2, 3], {"c": "x"}]),
    ('[paths(type == "number")]', [[["a", 0], ["a", 1], ["a", 2], ["b", "d", 0, "v"], ["b", "d", 1, "v"], ["f"]]]),
    (".b.d | group_by(.v) | map(length)", [[1, 1]]),
    (".b.d | max_by(.v).n, min_by(.v).n", ["bar", "foo"]),
    ("[limit(2; .a[])], [range(0; 10; 4)], first(range(5; 9))", [[1, 2], [0, 4, 8], 5]),
    ('.a | join("-"), @csv, @json, @sh', ["1-2-3", "1,2,3", "[1,2,3]", "1 2 3"]),
    (
        '@base64 "v=\\(.s)", (.s | @base64 | @base64d), (.s | @uri)',
        ["v=aGVsbG8gd29ybGQ=", "hello world", "hello%20world"],
    ),
    ("def f(x): x * 2; .a | map(f(.))", [[2, 4, 6]]),
    ("def fac: if . <= 1 then 1 else . * (. - 1 | fac) end; 5 | fac", [120]),
    ("label $out | foreach .a[] as $i (0; . + $i; if . > 2 then ., break $out else . end)", [1, 3]),
    ('walk(if type == "number" then . + 1 else . end) | .a', [[2, 3, 4]]),
    ("{a: {b: 1}} * {a: {c: 2}}", [{"a": {"b": 1, "c": 2}}]),
    ("10 / 2, 1 / 4, -5 % 3, 7 % 3", [5, 0.25, -2, 1]),
    ("[3, 1, 2] | sort, min, max, (. - [1]), index(2)", [[1, 2, 3], 1, 3, [3, 2], 2]),
    (
        "[1 | while(. < 50; . * 3)], (1 | until(. > 100; . * 2)), [limit(3; 1 | repeat(. * 2))]",
        [[1, 3, 9, 27], 128, [1, 2, 4]],
    ),
    ("[[1, 2], [3, 4]] | [combinations], transpose", [[[1, 3], [1, 4], [2, 3], [2, 4]], [[1, 3], [2, 4]]]),
    ('1700000000 | todate, ("2023-11-14T22:13:20Z" | fromdate)', ["2023-11-14T22:13:20Z", 1700000000]),
    ('[splits("x")]?, [.a[] | tostring | tonumber]', [[1, 2, 3]]),
    ("any(.a[]; . > 2), all(.a[]; . > 2), isempty(empty)", [True, False, True]),
    ("[.[] as [$x] ?// $x | $x] | length", [5]),
    ("..|=.|.f", [1.5]),
]


@pytest.mark.parametrize(("program", "wanted"), ROWS)
def test_a_program_gives_what_jq_gives(program: str, wanted: list[object]) -> None:
    assert list(run_jq(program, DATA, Budget())) == wanted


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (".[", "cannot be read"),
        ("if 1 then 2", "expected `end`"),
        ('"a', "not closed"),
        ('import "a" as b; 1', "modules"),
        ("$x", "not defined"),
        ("nope(1)", "nope/1, which is not defined"),
        (".a.b", "Cannot index array with"),
        (".s[]", "Cannot iterate over string"),
        (".a + 1", "cannot be added"),
        ("1 / 0", "divisor is zero"),
        ("input", "not available"),
        ("now", "now\\(\\) of the template"),
        ("path(1)", "Invalid path"),
        ('error("boom")', "boom"),
    ],
)
def test_a_program_that_fails_says_why(program: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        run_jq(program, DATA, Budget())
