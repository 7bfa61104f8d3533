"""Filters on text.

Promise: the results are the specification's; what is no text is refused where the reference refuses it.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping

from tiercel.errors import ExpressionError
from tiercel.expressions import javaregex
from tiercel.expressions.frame import Frame
from tiercel.expressions.limits import Budget
from tiercel.expressions.operators import truth
from tiercel.expressions.printing import check_depth, java_text, to_text
from tiercel.expressions.routines import filter_named, integer_argument, text_argument, text_input
from tiercel.expressions.values import class_name, describe, is_number

_BLANKS = "".join(map(chr, range(33)))
_WORD = re.compile(r"(?<!\S)\S")
_ESCAPES = {"single": ("'", "\\'"), "double": ('"', '\\"'), "shell": ("'", "'\\''")}


@filter_named("abbreviate", parameters="length", required=1)
def abbreviate(value: object, length: object) -> str:
    """Cut to `length` characters, the last three of them dots."""
    text = text_input(value, "abbreviate")
    size = integer_argument(length, "length")
    if size < 0:
        raise ExpressionError(f"The argument 'length' must not be negative, found {size}")
    if len(text) <= size or len(text) <= 3:
        return text
    return text[:size] if size <= 3 else text[: size - 3] + "..."


@filter_named("capitalize")
def capitalize(value: object) -> str:
    """Turn the first character that is no blank to title case."""
    return _WORD.sub(lambda found: found.group().title(), text_input(value, "capitalize"), count=1)


@filter_named("title")
def title(value: object) -> str:
    """Turn the first character of every word to title case."""
    return _WORD.sub(lambda found: found.group().title(), text_input(value, "title"))


@filter_named("lower", framed=True)
def lower(frame: Frame, value: object) -> str:
    """Turn to lower case."""
    return java_text(value, frame.budget).lower()


@filter_named("upper", framed=True)
def upper(frame: Frame, value: object) -> str:
    """Turn to upper case."""
    return java_text(value, frame.budget).upper()


@filter_named("trim")
def trim(value: object) -> str:
    """Strip blanks and control characters at both ends."""
    return text_input(value, "trim").strip(_BLANKS)


def on_strings(value: object, change: Callable[[str], str], budget: Budget, depth: int = 0) -> object:
    """Change every string of a structure; other leaves become text first."""
    budget.spend(4)
    if isinstance(value, Mapping):
        check_depth(depth)
        return {key: on_strings(child, change, budget, depth + 1) for key, child in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        check_depth(depth)
        return [on_strings(child, change, budget, depth + 1) for child in value]
    return None if value is None else budget.hold_text(change(to_text(value, budget)))


@filter_named("replace", parameters="replace_pairs regexp", required=1, framed=True)
def replace(frame: Frame, value: object, replace_pairs: object, regexp: object = None) -> object:
    """Replace the keys of a map by its values, pair after pair."""
    if not isinstance(replace_pairs, Mapping):
        raise ExpressionError(
            f"The argument 'replace_pairs' must be a map such as {{'old': 'new'}}, found {describe(replace_pairs)}"
        )
    budget = frame.budget
    pairs = [(java_text(old, budget), java_text(new, budget)) for old, new in replace_pairs.items()]
    by_pattern = bool(truth(regexp)) if regexp is not None else False

    def change(text: str) -> str:
        for old, new in pairs:
            budget.spend(1)
            if by_pattern:
                text = javaregex.replace(old, new, text, budget)
            else:
                budget.hold(text.count(old) * max(0, len(new) - len(old)) * 4)
                text = budget.hold_text(text.replace(old, new))
        return text

    return on_strings(value, change, budget)


@filter_named("split", parameters="delimiter limit", required=1, framed=True)
def split(frame: Frame, value: object, delimiter: object, limit: object = None) -> object:
    """Split at a regular expression."""
    pattern = text_argument(delimiter, "delimiter")
    return javaregex.split(pattern, text_input(value, "split"), integer_argument(limit, "limit", 0), frame.budget)


@filter_named("startsWith", parameters="value", required=1, takes_null=True, framed=True)
def starts_with(frame: Frame, text: object, value: object) -> bool:
    """Tell whether a text starts with another."""
    return text_input(text, "startsWith").startswith(to_text(value, frame.budget))


@filter_named("endsWith", parameters="value", required=1, takes_null=True, framed=True)
def ends_with(frame: Frame, text: object, value: object) -> bool:
    """Tell whether a text ends with another."""
    return text_input(text, "endsWith").endswith(to_text(value, frame.budget))


def _separated(value: object, separator: object, name: str) -> tuple[str, str]:
    text, mark = text_input(value, name), text_argument(separator, "separator")
    return text, mark


@filter_named("substringBefore", parameters="separator", required=1)
def substring_before(value: object, separator: object) -> str:
    """Cut at the first separator; the whole text when there is none."""
    text, mark = _separated(value, separator, "substringBefore")
    return text.partition(mark)[0] if mark else ""


@filter_named("substringBeforeLast", parameters="separator", required=1)
def substring_before_last(value: object, separator: object) -> str:
    """Cut at the last separator; the whole text when there is none."""
    text, mark = _separated(value, separator, "substringBeforeLast")
    return text.rpartition(mark)[0] if mark and mark in text else text


@filter_named("substringAfter", parameters="separator", required=1)
def substring_after(value: object, separator: object) -> str:
    """Return what follows the first separator; nothing when there is none."""
    text, mark = _separated(value, separator, "substringAfter")
    return text.partition(mark)[2] if mark else text


@filter_named("substringAfterLast", parameters="separator", required=1)
def substring_after_last(value: object, separator: object) -> str:
    """Return what follows the last separator; nothing when there is none."""
    text, mark = _separated(value, separator, "substringAfterLast")
    return text.rpartition(mark)[2] if mark and mark in text else ""


@filter_named("slugify", framed=True)
def slugify(frame: Frame, value: object) -> str:
    """Turn to a name for URLs: letters and digits, parted by dashes."""
    from unicodedata import normalize

    text = text_input(value, "slugify")
    frame.budget.spend(len(text) // 2)
    dashed = re.sub(r"\s", "-", text)
    kept = re.sub(r"[^A-Za-z0-9_-]", "", normalize("NFD", dashed)).replace("_", "-")
    return re.sub(r"-+", "-", kept).strip("-").lower()


@filter_named("escapeChar", parameters="type", required=1, framed=True)
def escape_char(frame: Frame, value: object, kind: object) -> object:
    """Escape quotes: `single`, `double` or `shell`."""
    pair = _ESCAPES.get(text_argument(kind, "type").lower())
    if pair is None:
        raise ExpressionError(f"The argument 'type' must be single, double or shell, found {describe(kind)}")
    return on_strings(value, lambda text: text.replace(*pair), frame.budget)


@filter_named("sh", framed=True)
def shell(frame: Frame, value: object) -> object:
    """Escape single quotes for a shell."""
    return escape_char(frame, value, "shell")


def _line_break(text: str) -> str:
    for candidate in ("\r\n", "\n\r", "\n", "\r"):
        if candidate in text:
            return candidate
    return "\n"


def _indented(value: object, amount: object, prefix: object, budget: Budget, lead: bool) -> str:
    text = to_text(value, budget)
    count = integer_argument(amount, "amount")
    if not text or count < 0:
        return text
    filler = " " if prefix is None else text_argument(prefix, "prefix")
    line_break = _line_break(text)
    budget.hold((text.count(line_break) + 1) * count * len(filler) * 4)
    margin = line_break + filler * count
    indented = text.replace(line_break, margin)
    return margin + indented if lead else indented


@filter_named("indent", parameters="amount prefix", required=1, framed=True)
def indent(frame: Frame, value: object, amount: object, prefix: object = None) -> str:
    """Indent every line but the first."""
    return _indented(value, amount, prefix, frame.budget, lead=False)


@filter_named("nindent", parameters="amount prefix", required=1, framed=True)
def nindent(frame: Frame, value: object, amount: object, prefix: object = None) -> str:
    """Put a line break first, and indent every line."""
    return _indented(value, amount, prefix, frame.budget, lead=True)


@filter_named("urlencode")
def urlencode(value: object) -> str:
    """Encode as in a form: blanks become `+`."""
    from urllib.parse import quote_plus

    return quote_plus(text_input(value, "urlencode"), safe="*").replace("~", "%7E")


@filter_named("urldecode")
def urldecode(value: object) -> str:
    """Decode a form's text."""
    from urllib.parse import unquote_plus

    text = text_input(value, "urldecode")
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ExpressionError(f"{describe(value)} is not URL encoded: a % must be followed by two hex digits")
    return unquote_plus(text)


@filter_named("base64encode")
def base64encode(value: object) -> str:
    """Encode the UTF-8 bytes of a text as Base64."""
    return b64encode(text_input(value, "base64encode").encode()).decode()


@filter_named("base64decode")
def base64decode(value: object) -> str:
    """Decode Base64 to a text."""
    try:
        return b64decode(_padded(text_input(value, "base64decode")), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError) as error:
        raise ExpressionError(f"{describe(value)} is not Base64: {error}") from error


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4) if "=" not in text and len(text) % 4 != 1 else text


def _digest(name: str) -> None:
    @filter_named(name)
    def digest(value: object) -> str:
        from hashlib import new

        return new(name, text_input(value, name).encode(), usedforsecurity=False).hexdigest()


for _name in ("md5", "sha1", "sha256", "sha512"):
    _digest(_name)


@filter_named("regexMatch", parameters="regex", required=1, takes_null=True, framed=True)
def regex_match(frame: Frame, value: object, pattern: object) -> bool:
    """Tell whether a pattern is found anywhere."""
    if value is None:
        return False
    return javaregex.search(text_argument(pattern, "regex"), to_text(value, frame.budget), frame.budget) is not None


@filter_named("regexExtract", parameters="regex group", required=1, framed=True)
def regex_extract(frame: Frame, value: object, pattern: object, group: object = None) -> object:
    """Return a group of the first match, or null."""
    found = javaregex.search(text_argument(pattern, "regex"), to_text(value, frame.budget), frame.budget)
    number = integer_argument(group, "group", 0)
    if found is None:
        return None
    if not 0 <= number <= len(found.groups()):
        raise ExpressionError(f"No group {number}: the pattern has {len(found.groups())}")
    text: object = found.group(number)
    return text


@filter_named("regexReplace", parameters="regex replacement", required=2, framed=True)
def regex_replace(frame: Frame, value: object, pattern: object, replacement: object) -> str:
    """Replace every match of a pattern."""
    by = text_argument(replacement, "replacement")
    return javaregex.replace(text_argument(pattern, "regex"), by, to_text(value, frame.budget), frame.budget)


@filter_named("string")
def string(value: object) -> str:
    """Return a number as text."""
    if is_number(value):
        return to_text(value)
    if isinstance(value, str):
        return _normalised(value)
    raise ExpressionError(f"The 'string' filter needs a number or a numeric string, found {describe(value)}")


def _normalised(text: str) -> str:
    from tiercel.expressions.filters.numbers import read_number

    return to_text(read_number(text))


@filter_named("className")
def type_name(value: object) -> str:
    """Return the name of the value's Java class."""
    return class_name(value)
