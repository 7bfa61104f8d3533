"""The registry of filters and functions: their names, their parameters, and how arguments reach them.

Promise: a routine's module is imported when the first template that may use it is compiled, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from tiercel.errors import ExpressionError
from tiercel.expressions.values import describe

if TYPE_CHECKING:
    from tiercel.expressions.frame import Evaluator
    from tiercel.expressions.nodes import Arguments


class Routine(NamedTuple):
    """A filter or a function."""

    name: str
    run: Callable[..., object]
    """Takes the frame if `framed`, then the input if it is a filter, then the arguments; absent ones are None."""
    parameters: tuple[str, ...]
    required: int
    framed: bool
    takes_null: bool
    """Whether a filter is called for null; else null gives null."""
    variadic: bool = False


PRICES = {
    **dict.fromkeys(("date", "dateAdd", "now", "numberFormat", "slugify"), 100),
    **dict.fromkeys(("timestamp", "timestampMilli", "timestampMicro", "timestampNano"), 60),
    **dict.fromkeys(("regexMatch", "regexExtract", "regexReplace", "split", "uuid", "id", "ksuid", "http"), 40),
    **dict.fromkeys(("encrypt", "decrypt", "nanoId", "fromIon"), 200),
    **dict.fromkeys(("jq", "toIon", "fromJson"), 100),
    "yaml": 600,
}
"""What a call costs in evaluated nodes, where it is dear; the sizes of its arguments come on top."""
CALL_STEPS = 15
"""What every other call costs."""
Run: TypeAlias = Callable[..., object]
FILTERS: dict[str, Routine] = {}
FUNCTIONS: dict[str, Routine] = {}


def filter_named(
    *names: str, parameters: str = "", required: int = 0, framed: bool = False, takes_null: bool = False
) -> Callable[[Run], Run]:
    """Register a filter; `parameters` holds their names in order, parted by blanks."""

    def register(run: Run) -> Run:
        for name in names:
            FILTERS[name] = Routine(name, run, tuple(parameters.split()), required, framed, takes_null)
        return run

    return register


def function_named(
    *names: str, parameters: str = "", required: int = 0, framed: bool = False, variadic: bool = False
) -> Callable[[Run], Run]:
    """Register a function; `parameters` holds their names in order, parted by blanks."""

    def register(run: Run) -> Run:
        for name in names:
            FUNCTIONS[name] = Routine(name, run, tuple(parameters.split()), required, framed, False, variadic)
        return run

    return register


def bound(
    routine: Routine, arguments: Arguments, compile_one: Callable[[object], Evaluator], kind: str
) -> tuple[Evaluator | None, ...]:
    """Return an evaluator for each parameter in order, None for those that are not given.

    Raises:
        ExpressionError: Too many arguments, an unknown name, or a required one that is missing.
    """
    given = [compile_one(one) for one in arguments.positional]
    names = routine.parameters
    if routine.variadic:
        return tuple(given)
    if len(given) > len(names) and (names or kind == "function"):
        raise ExpressionError(
            f"The argument at position {len(names) + 1} is not allowed. Only {len(names)} argument(s) are allowed."
        )
    slots: list[Evaluator | None] = [*given[: len(names)], *[None] * (len(names) - len(given))]
    for name, value in arguments.named:
        if name not in names:
            if not names and kind == "filter":
                continue
            known = f" Known are: {', '.join(names)}." if names else ""
            raise ExpressionError(f"The following named argument does not exist: {name}.{known}")
        slots[names.index(name)] = compile_one(value)
    for name, slot in list(zip(names, slots, strict=True))[: routine.required]:
        if slot is None:
            raise ExpressionError(f"The '{routine.name}' {kind} expects an argument '{name}'.")
    while slots and slots[-1] is None:
        slots.pop()
    return tuple(slots)


def text_argument(value: object, name: str) -> str:
    """Return an argument that must be a string."""
    if isinstance(value, str):
        return value
    raise ExpressionError(f"The argument '{name}' must be a string, found {describe(value)}")


def integer_argument(value: object, name: str, otherwise: int | None = None) -> int:
    """Return an argument that must be an integer; `otherwise` stands for null."""
    if value is None and otherwise is not None:
        return otherwise
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    raise ExpressionError(f"The argument '{name}' must be an integer, found {describe(value)}")


def text_input(value: object, name: str) -> str:
    """Return the input of a filter that takes only strings."""
    if isinstance(value, str):
        return value
    raise ExpressionError(f"The '{name}' filter needs a string, found {describe(value)}")
