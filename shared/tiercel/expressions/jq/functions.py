"""The built-in functions of jq that take values.

Promise: pure; each takes the allowance, the input and its arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from tiercel.expressions.jq import paths, texts
from tiercel.expressions.jq.arithmetic import is_number, operate
from tiercel.expressions.jq.values import JqError, Json, json_text, order, shown, text_of, truthy, type_name

if TYPE_CHECKING:
    from tiercel.expressions.limits import Budget


def number(value: Json) -> float:
    """Return a value that must be a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    raise JqError(f"{type_name(value)} number required")


def _length(budget: Budget, value: Json) -> Json:
    if value is None:
        return 0
    if isinstance(value, bool):
        raise JqError(f"{shown(value, budget)} has no length")
    return abs(value) if isinstance(value, int | float) else len(value)


def _keys(budget: Budget, value: Json) -> Json:
    if isinstance(value, dict):
        return cast("Json", sorted(value))
    if isinstance(value, list):
        return list(range(len(value)))
    raise JqError(f"{shown(value, budget)} has no keys")


def _keys_unsorted(budget: Budget, value: Json) -> Json:
    return list(value) if isinstance(value, dict) else _keys(budget, value)


def _has(_: Budget, value: Json, key: Json) -> Json:
    if isinstance(value, dict) and isinstance(key, str):
        return key in value
    if isinstance(value, list) and is_number(key):
        return 0 <= number(key) < len(value)
    raise JqError(f"Cannot check whether {type_name(value)} has a {type_name(key)} key")


def _contains(budget: Budget, value: Json, part: Json) -> Json:
    budget.spend(2)
    if isinstance(value, dict) and isinstance(part, dict):
        return all(key in value and _contains(budget, value[key], child) for key, child in part.items())
    if isinstance(value, list) and isinstance(part, list):
        return all(
            any(type_name(one) == type_name(wanted) and _contains(budget, one, wanted) for one in value)
            for wanted in part
        )
    if isinstance(value, str) and isinstance(part, str):
        return part in value
    if type_name(value) == type_name(part):
        return order(value) == order(part)
    raise JqError(f"{shown(value, budget)} and {shown(part, budget)} cannot have their containment checked")


def _add(budget: Budget, value: Json) -> Json:
    items = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise JqError(f"Cannot iterate over {shown(value, budget)}")
    if items and all(isinstance(one, str) for one in items):
        return budget.hold_text("".join(cast("list[str]", items)))
    total: Json = None
    for one in items:
        total = operate("+", total, one, budget)
    return total


def _items(budget: Budget, value: Json, what: str) -> list[Json]:
    if isinstance(value, list):
        return value
    raise JqError(f"{shown(value, budget)} cannot be {what}, as it is not an array")


def _flatten(budget: Budget, value: Json, depth: Json = 1e9) -> Json:
    levels = number(depth)
    if levels < 0:
        raise JqError("flatten depth must not be negative")
    flat: list[Json] = []
    for one in _items(budget, list(value.values()) if isinstance(value, dict) else value, "flattened"):
        inner = _flatten(budget, one, levels - 1) if isinstance(one, list) and levels >= 1 else [one]
        budget.hold_list(len(cast("list[Json]", inner)))
        flat.extend(cast("list[Json]", inner))
    return flat


def _reverse(budget: Budget, value: Json) -> Json:
    if value is None:
        return []
    return value[::-1] if isinstance(value, str) else _items(budget, value, "reversed")[::-1]


def _unique(budget: Budget, value: Json) -> Json:
    kept: list[Json] = []
    for one in cast("list[Json]", _sort(budget, value)):
        if not kept or order(kept[-1]) != order(one):
            kept.append(one)
    return kept


def _sort(budget: Budget, value: Json) -> Json:
    return sorted(_items(budget, value, "sorted"), key=order)


def _min(budget: Budget, value: Json) -> Json:
    items = _items(budget, value, "compared")
    return min(items, key=order) if items else None


def _max(budget: Budget, value: Json) -> Json:
    items = _items(budget, value, "compared")
    return max(reversed(items), key=order) if items else None


def _to_number(budget: Budget, value: Json) -> Json:
    if is_number(value):
        return value
    if isinstance(value, str):
        from json import loads

        try:
            read: object = loads(value) if len(value) <= 400 else None
        except ValueError:
            read = None
        if isinstance(read, int | float) and not isinstance(read, bool):
            return read
    raise JqError(f"{shown(value, budget)} cannot be parsed as a number")


def _from_json(budget: Budget, value: Json) -> Json:
    from json import loads

    if not isinstance(value, str):
        raise JqError(f"{shown(value, budget)} cannot be parsed as JSON")
    try:
        return cast("Json", loads(value))
    except (ValueError, RecursionError) as error:
        raise JqError(f"{error} (while parsing '{value[:40]}')") from None


def _to_entries(budget: Budget, value: Json) -> Json:
    budget.hold_list(3 * len(cast("list[Json]", _keys(budget, value))))
    return [{"key": key, "value": child} for key, child in paths.children(value, budget)]


def _from_entries(budget: Budget, value: Json) -> Json:
    result: dict[str, Json] = {}
    for one in _items(budget, value, "turned to an object"):
        entry = one if isinstance(one, dict) else {}
        names = [entry.get(name) for name in ("key", "k", "name", "Name", "Key", "K")]
        key = next((name for name in names if name is not None and name is not False), None)
        child = next((entry[name] for name in ("value", "v", "Value", "V") if name in entry), None)
        result["null" if key is None else text_of(key, budget)] = child
    return result


def _transpose(budget: Budget, value: Json) -> Json:
    rows = [_items(budget, row, "transposed") for row in _items(budget, value, "transposed")]
    width = max((len(row) for row in rows), default=0)
    budget.hold_list(width * len(rows))
    return [[row[at] if at < len(row) else None for row in rows] for at in range(width)]


def _index(budget: Budget, value: Json, part: Json, which: int) -> Json:
    found = paths.indices(value, part, budget)
    return found[which] if isinstance(found, list) and found else None


def _math(name: str, function: Callable[[float], float]) -> Callable[[Budget, Json], Json]:
    def run(_: Budget, value: Json) -> Json:
        try:
            result = function(float(number(value)))
        except (ValueError, OverflowError):
            return math.nan
        return int(result) if result - result == 0 and result == int(result) and abs(result) < 1e17 else result

    run.__name__ = name
    return run


def _pow(_: Budget, __: Json, base: Json, power: Json) -> Json:
    try:
        result = math.pow(number(base), number(power))
    except (ValueError, OverflowError):
        return math.nan
    return int(result) if result - result == 0 and result == int(result) and abs(result) < 1e17 else result


def _splits(budget: Budget, value: Json, by: Json) -> Json:
    return operate("/", texts.text(value, "split"), texts.text(by, "split"), budget)


def _todate(_: Budget, value: Json) -> Json:
    return datetime.fromtimestamp(int(number(value)), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _fromdate(_: Budget, value: Json) -> Json:
    text = texts.text(value, "fromdate")
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())
    except ValueError:
        raise JqError(f'date "{text[:40]}" does not match format "%Y-%m-%dT%H:%M:%SZ"') from None


def _strftime(_: Budget, value: Json, pattern: Json) -> Json:
    form = texts.text(pattern, "strftime")
    if len(form) > 200:
        raise JqError("the format of strftime is too long")
    return datetime.fromtimestamp(int(_epoch(value)), UTC).strftime(form)


def _epoch(value: Json) -> float:
    if isinstance(value, list):
        year, month, day, hour, minute, second = (int(number(one)) for one in value[:6])
        return datetime(year, month + 1, day, hour, minute, second, tzinfo=UTC).timestamp()
    return number(value)


def _gmtime(_: Budget, value: Json) -> Json:
    moment = datetime.fromtimestamp(int(number(value)), UTC)
    weekday = (moment.weekday() + 1) % 7
    clock: list[Json] = [moment.hour, moment.minute, moment.second]
    return [moment.year, moment.month - 1, moment.day, *clock, weekday, moment.timetuple().tm_yday - 1]


def _strptime(budget: Budget, value: Json, pattern: Json) -> Json:
    text, form = texts.text(value, "strptime"), texts.text(pattern, "strptime")
    try:
        moment = datetime.strptime(text[:200], form[:200]).replace(tzinfo=UTC)
    except ValueError:
        raise JqError(f'date "{text[:40]}" does not match format "{form[:40]}"') from None
    return _gmtime(budget, int(moment.timestamp()))


FUNCTIONS: dict[tuple[str, int], Callable[..., Json]] = {
    ("length", 0): _length,
    ("utf8bytelength", 0): lambda _, value: len(texts.text(value, "utf8bytelength").encode()),
    ("keys", 0): _keys,
    ("keys_unsorted", 0): _keys_unsorted,
    ("has", 1): _has,
    ("contains", 1): _contains,
    ("inside", 1): lambda budget, value, whole: _contains(budget, whole, value),
    ("add", 0): _add,
    ("any", 0): lambda budget, value: any(truthy(one) for one in _items(budget, value, "checked")),
    ("all", 0): lambda budget, value: all(truthy(one) for one in _items(budget, value, "checked")),
    ("flatten", 0): _flatten,
    ("flatten", 1): _flatten,
    ("reverse", 0): _reverse,
    ("sort", 0): _sort,
    ("unique", 0): _unique,
    ("min", 0): _min,
    ("max", 0): _max,
    ("type", 0): lambda _, value: type_name(value),
    ("tonumber", 0): _to_number,
    ("tostring", 0): lambda budget, value: text_of(value, budget),
    ("tojson", 0): lambda budget, value: json_text(value, budget),
    ("fromjson", 0): _from_json,
    ("to_entries", 0): _to_entries,
    ("from_entries", 0): _from_entries,
    ("transpose", 0): _transpose,
    ("toarray", 0): lambda _, value: value if isinstance(value, list) else [value],
    ("index", 1): lambda budget, value, part: _index(budget, value, part, 0),
    ("rindex", 1): lambda budget, value, part: _index(budget, value, part, -1),
    ("indices", 1): lambda budget, value, part: paths.indices(value, part, budget),
    ("pow", 2): _pow,
    ("abs", 0): lambda _, value: abs(number(value)),
    ("infinite", 0): lambda _, __: math.inf,
    ("nan", 0): lambda _, __: math.nan,
    ("isinfinite", 0): lambda _, value: math.isinf(number(value)),
    ("isnan", 0): lambda _, value: math.isnan(number(value)),
    ("isnormal", 0): lambda _, value: math.isfinite(number(value)) and abs(number(value)) >= 2.2250738585072014e-308,
    ("env", 0): lambda _, __: {},
    ("debug", 0): lambda _, value: value,
    ("stderr", 0): lambda _, value: value,
    ("debug", 1): lambda _, value, __: value,
    ("split", 1): _splits,
    ("todate", 0): _todate,
    ("todateiso8601", 0): _todate,
    ("fromdate", 0): _fromdate,
    ("fromdateiso8601", 0): _fromdate,
    ("date", 0): _todate,
    ("strftime", 1): _strftime,
    ("strflocaltime", 1): _strftime,
    ("strptime", 1): _strptime,
    ("mktime", 0): lambda _, value: int(_epoch(value)),
    ("gmtime", 0): _gmtime,
    ("localtime", 0): _gmtime,
    **texts.FUNCTIONS,
}
_MATH: dict[str, Callable[[float], float]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "round": lambda value: math.copysign(math.floor(abs(value) + 0.5), value),
    "trunc": math.trunc,
    "sqrt": math.sqrt,
    "fabs": math.fabs,
    "exp": math.exp,
    "exp2": lambda value: 2.0**value,
    "exp10": lambda value: 10.0**value,
    "log": math.log,
    "log2": math.log2,
    "log10": math.log10,
    "cbrt": lambda value: math.copysign(abs(value) ** (1 / 3), value),
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
}
FUNCTIONS |= {(name, 0): _math(name, function) for name, function in _MATH.items()}
