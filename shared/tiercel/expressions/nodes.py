"""The tree of a template: what the parser builds and the compiler reads.

Promise: nodes are immutable; each that can fail knows its place.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Place(NamedTuple):
    """Where something stands in a template."""

    text: str
    """The whole print or tag, delimiters included, cut when it is long."""
    line: int
    """The line in the property's text, counted from 1."""

    def __str__(self) -> str:
        return f"{self.text}:{self.line}"


class Arguments(NamedTuple):
    """The arguments of a call: positional ones first."""

    positional: tuple[Expression, ...] = ()
    named: tuple[tuple[str, Expression], ...] = ()


class Literal(NamedTuple):
    """A constant."""

    value: object


class Name(NamedTuple):
    """A variable."""

    name: str
    place: Place


class Attribute(NamedTuple):
    """`receiver.name`."""

    receiver: Expression
    name: str
    place: Place


class Index(NamedTuple):
    """`receiver[key]`."""

    receiver: Expression
    key: Expression
    place: Place


class MethodCall(NamedTuple):
    """`receiver.name(arguments)`."""

    receiver: Expression
    name: str
    arguments: Arguments
    place: Place


class Call(NamedTuple):
    """`name(arguments)`: a function or a macro."""

    name: str
    arguments: Arguments
    place: Place


class ListOf(NamedTuple):
    """`[a, b]`."""

    items: tuple[Expression, ...]


class MapOf(NamedTuple):
    """`{a: b}`."""

    pairs: tuple[tuple[Expression, Expression], ...]


class Unary(NamedTuple):
    """`not x`, `-x`, `+x`."""

    operator: str
    operand: Expression
    place: Place


class Binary(NamedTuple):
    """`left operator right`."""

    operator: str
    left: Expression
    right: Expression
    place: Place


class Filter(NamedTuple):
    """`value | name(arguments)`."""

    value: Expression
    name: str
    arguments: Arguments
    place: Place


class Test(NamedTuple):
    """`value is name` or `value is not name`."""

    value: Expression
    name: str
    negated: bool
    place: Place


class Ternary(NamedTuple):
    """`condition ? then : otherwise`."""

    condition: Expression
    then: Expression
    otherwise: Expression
    place: Place


class Rendered(NamedTuple):
    """The text of a body, as the input of a `filter` tag."""

    body: Body


class Text(NamedTuple):
    """Text outside delimiters."""

    text: str


class Print(NamedTuple):
    """`{{ value }}`."""

    value: Expression


class If(NamedTuple):
    """`if` with its `elseif`s and `else`."""

    branches: tuple[tuple[Expression, Body, Place], ...]
    otherwise: Body


class For(NamedTuple):
    """`for` with its `else`."""

    name: str
    items: Expression
    body: Body
    otherwise: Body
    place: Place


class Set(NamedTuple):
    """`set name = value`."""

    name: str
    value: Expression


class Block(NamedTuple):
    """`block name`, printed in place."""

    name: str


class Macro(NamedTuple):
    """A macro: its parameters with their defaults, and its body."""

    name: str
    parameters: tuple[tuple[str, Expression], ...]
    body: Body


class Tree(NamedTuple):
    """A whole template."""

    body: Body
    macros: dict[str, Macro]
    blocks: dict[str, Body]


Expression: TypeAlias = (
    Literal
    | Name
    | Attribute
    | Index
    | MethodCall
    | Call
    | ListOf
    | MapOf
    | Unary
    | Binary
    | Filter
    | Test
    | Ternary
    | Rendered
)
Statement: TypeAlias = Text | Print | If | For | Set | Block
Body: TypeAlias = tuple[Statement, ...]
