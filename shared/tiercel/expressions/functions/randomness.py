"""Functions of time and chance.

Promise: both come from the world, so that a test can hold them still.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.javadates import formatted, zone_argument
from tiercel.expressions.routines import function_named, integer_argument, text_argument
from tiercel.expressions.values import Long

_FRIENDLY = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_URL_SAFE = "_-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_KSUID_EPOCH = 1_400_000_000
_MAX_NANO_ID = 1_000


def _number(frame: Frame, below: int) -> int:
    """Return a random number below a bound, with a bias too small to matter."""
    size = below.bit_length() // 8 + 9
    return int.from_bytes(frame.context.world.random_bytes(size), "big") % below


def _in_base(number: int, alphabet: str, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(alphabet))
        digits = alphabet[digit] + digits
    return digits.rjust(width, alphabet[0])


@function_named("uuid", framed=True)
def uuid(frame: Frame) -> str:
    """Return a random UUID."""
    raw = bytearray(frame.context.world.random_bytes(16))
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


@function_named("id", framed=True)
def friendly_id(frame: Frame) -> str:
    """Return an id of 22 characters, as executions have."""
    number = int.from_bytes(frame.context.world.random_bytes(16), "big")
    return _in_base(number, _FRIENDLY, 22)


@function_named("nanoId", parameters="length alphabet", framed=True)
def nano_id(frame: Frame, length: object = None, alphabet: object = None) -> str:
    """Return a random text of an alphabet."""
    size = integer_argument(length, "length", 21)
    letters = _URL_SAFE if alphabet is None else text_argument(alphabet, "alphabet")
    if not 1 <= size <= _MAX_NANO_ID:
        raise ExpressionError(f"The argument 'length' must be in 1 to {_MAX_NANO_ID}, found {size}")
    if not letters:
        raise ExpressionError("The argument 'alphabet' must not be empty")
    raw = frame.context.world.random_bytes(size * 4)
    return "".join(letters[int.from_bytes(raw[at : at + 4], "big") % len(letters)] for at in range(0, size * 4, 4))


@function_named("ksuid", framed=True)
def ksuid(frame: Frame) -> str:
    """Return an id of 27 characters that sorts by time."""
    world = frame.context.world
    seconds = int(world.now().timestamp()) - _KSUID_EPOCH
    return _in_base(int.from_bytes(seconds.to_bytes(4, "big") + world.random_bytes(16), "big"), _BASE62, 27)


@function_named("randomInt", parameters="lower upper", required=2, framed=True)
def random_int(frame: Frame, lower: object, upper: object) -> int:
    """Return a random integer from `lower` up to `upper`, which is not included."""
    low, high = integer_argument(lower, "lower"), integer_argument(upper, "upper")
    if high < low:
        raise ExpressionError(f"The argument 'upper' ({high}) must not be below 'lower' ({low})")
    return Long(low + (_number(frame, high - low) if high > low else 0))


@function_named("randomPort", framed=True)
def random_port(frame: Frame) -> int:
    """Return a port of the range that is nobody's."""
    return 49152 + _number(frame, 65536 - 49152)


@function_named("now", parameters="format timeZone existingFormat locale", framed=True)
def now(
    frame: Frame,
    pattern: object = None,
    time_zone: object = None,
    existing: object = None,  # noqa: ARG001  # the reference takes it too
    locale: object = None,
) -> str:
    """Return the current time as text."""
    return formatted(frame.context.world.now(), pattern, zone_argument(time_zone), locale)
