"""Reads expressions: precedence climbing, exactly as the language defines it.

Promise: the tree means what the specification's table of traps says; whatever is not the language raises.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.lexer import Chunk, Token
from tiercel.expressions.limits import MAX_NESTING
from tiercel.expressions.nodes import (
    Arguments,
    Attribute,
    Binary,
    Call,
    Expression,
    Filter,
    Index,
    ListOf,
    Literal,
    MapOf,
    MethodCall,
    Name,
    Place,
    Ternary,
    Test,
    Unary,
)
from tiercel.expressions.values import Long

_BINARY = {
    "..": 120,
    "??": 120,
    "???": 120,
    "~": 110,
    "|": 100,
    "*": 60,
    "/": 60,
    "%": 60,
    "+": 40,
    "-": 40,
    "==": 30,
    "equals": 30,
    "!=": 30,
    ">": 30,
    "<": 30,
    ">=": 30,
    "<=": 30,
    "in": 30,
    "not in": 30,
    "is": 20,
    "is not": 20,
    "contains": 20,
    "and": 15,
    "or": 10,
}
_UNARY = frozenset(("not", "-", "+"))
_UNARY_PRECEDENCE = 500
_CONSTANTS = {"true": True, "TRUE": True, "false": False, "FALSE": False}
_NULLS = frozenset(("null", "NULL", "none", "NONE"))
_MAX_LINKS = 200
_MAX_JOINED = 2_000


class Parser:
    """Reads the tokens of one print or tag."""

    def __init__(self, chunk: Chunk, first: int = 0) -> None:
        self.tokens = chunk.tokens
        self.shown = chunk.place.text
        self.position = first
        self.depth = 0

    def whole(self) -> Expression:
        """Read one expression that fills the rest of the print or tag."""
        expression = self.expression()
        self.finish()
        return expression

    def finish(self) -> None:
        """Raise unless every token was read."""
        if self.token.kind != "end":
            raise self.unexpected(f"`{self.tokens[-1].text}`")

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.position]

    def place(self) -> Place:
        """Return the place of the token that comes next."""
        return Place(self.shown, self.token.line)

    def at(self, text: str, kind: str = "punctuation") -> bool:
        """Tell whether this token comes next."""
        token = self.tokens[self.position]
        return token.text == text and token.kind == kind

    def take(self, text: str, kind: str = "punctuation") -> bool:
        """Read this token if it comes next."""
        if self.at(text, kind):
            self.position += 1
            return True
        return False

    def expect(self, text: str, kind: str = "punctuation") -> None:
        """Read this token or raise."""
        if not self.take(text, kind):
            raise self.unexpected(f"`{text}`")

    def name(self, wanted: str) -> str:
        """Read a name or raise."""
        if self.token.kind != "name":
            raise self.unexpected(wanted)
        self.position += 1
        return self.tokens[self.position - 1].text

    def unexpected(self, wanted: str) -> ExpressionError:
        """Return the syntax error for the token that comes next."""
        token = self.token
        found = "the end" if token.kind == "end" else f"`{token.text}`"
        return ExpressionError(f"Syntax error at line {token.line}: found {found}, expected {wanted}. ({self.shown})")

    def expression(self, minimum: int = 0) -> Expression:
        """Read an expression whose binary operators have at least this precedence."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ExpressionError(f"The expression at line {self.token.line} is nested too deeply. ({self.shown})")
        left = self.climb(self._operand(), minimum)
        if minimum == 0 and self.at("?"):
            place = self.place()
            self.position += 1
            then = self.expression()
            self.expect(":")
            left = Ternary(left, then, self.expression(), place)
        self.depth -= 1
        return left

    def climb(self, left: Expression, minimum: int) -> Expression:
        """Fold binary operators onto the left operand."""
        links = joined = 0
        while operator := self.binary_operator(minimum):
            joined += operator == "~"
            links += operator != "~"
            if links > _MAX_LINKS or joined > _MAX_JOINED:
                raise ExpressionError(f"The expression at line {self.token.line} is too long. ({self.shown})")
            left = self._fold(left, operator)
        return left

    def _fold(self, left: Expression, operator: str) -> Expression:
        place = self.place()
        self.position += 2 if operator == "not in" else 1
        if operator == "|":
            return Filter(left, self.name("a filter name"), self.optional_arguments(), place)
        if operator in ("is", "is not"):
            return self._test(left, operator, place)
        return Binary(operator, left, self.expression(_BINARY[operator] + 1), place)

    def _test(self, left: Expression, operator: str, place: Place) -> Expression:
        name = self.name("a test name")
        if self.at("("):
            self.arguments()
        return Test(left, name, operator == "is not", place)

    def binary_operator(self, minimum: int) -> str | None:
        """Return the operator that comes next, unless it binds more loosely than `minimum`."""
        token = self.tokens[self.position]
        operator = token.text
        if token.kind == "name":
            if operator != "in":
                return None
        elif token.kind != "operator":
            return None
        elif operator == "not" and self.tokens[self.position + 1][:2] == ("name", "in"):
            operator = "not in"
        precedence = _BINARY.get(operator)
        return operator if precedence is not None and precedence >= minimum else None

    def _operand(self) -> Expression:
        token = self.token
        if token.kind == "operator" and token.text in _UNARY:
            place = self.place()
            self.position += 1
            return Unary(token.text, self.expression(_UNARY_PRECEDENCE), place)
        return self._primary()

    def _primary(self) -> Expression:
        token = self.token
        if token.kind == "punctuation" and token.text in ("[", "{"):
            self.position += 1
            return self._list_literal() if token.text == "[" else self._map_literal()
        if self.take("("):
            inner = self.expression()
            self.expect(")")
            return self._postfix(inner)
        return self._postfix(self._atom())

    def _atom(self) -> Expression:
        token = self.token
        if token.kind == "name":
            return self._named()
        if token.kind not in ("string", "integer", "long", "decimal"):
            raise self.unexpected("an expression")
        self.position += 1
        if token.kind == "string":
            return Literal(token.text)
        if token.kind == "decimal":
            return Literal(float(token.text))
        if len(token.text) > 20:
            raise ExpressionError(f"The number at line {token.line} is too large. ({self.shown})")
        return Literal(Long(token.text.rstrip("L")))

    def _named(self) -> Expression:
        place = self.place()
        name = self.name("a name")
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name])
        if name in _NULLS:
            return Literal(None)
        return Call(name, self.arguments(), place) if self.at("(") else Name(name, place)

    def _postfix(self, receiver: Expression) -> Expression:
        links = 0
        while self.token.kind == "punctuation" and self.token.text in (".", "["):
            links += 1
            if links > _MAX_LINKS:
                raise ExpressionError(f"The expression at line {self.token.line} is too long. ({self.shown})")
            place = self.place()
            if self.take("["):
                receiver = Index(receiver, self.expression(), place)
                self.expect("]")
                continue
            self.expect(".")
            name = self.name("an attribute name; names with other characters need brackets, as in outputs['my-task']")
            if self.at("("):
                receiver = MethodCall(receiver, name, self.arguments(), place)
            else:
                receiver = Attribute(receiver, name, place)
        return receiver

    def _list_literal(self) -> Expression:
        items: list[Expression] = []
        while not self.take("]"):
            if items:
                self.expect(",")
            items.append(self.expression())
        return ListOf(tuple(items))

    def _map_literal(self) -> Expression:
        pairs: list[tuple[Expression, Expression]] = []
        while not self.take("}"):
            if pairs:
                self.expect(",")
            key = self.expression()
            self.expect(":")
            pairs.append((key, self.expression()))
        return MapOf(tuple(pairs))

    def optional_arguments(self) -> Arguments:
        """Read the arguments of a call if there are some."""
        return self.arguments() if self.at("(") else Arguments()

    def arguments(self) -> Arguments:
        """Read the arguments of a call, parentheses included."""
        self.expect("(")
        positional: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self.take(")"):
            if positional or named:
                self.expect(",")
            if self.token.kind == "name" and self.tokens[self.position + 1][:2] == ("punctuation", "="):
                name = self.name("an argument name")
                self.expect("=")
                named.append((name, self.expression()))
            elif named:
                raise self.unexpected("a named argument: positional arguments come first")
            else:
                positional.append(self.expression())
        return Arguments(tuple(positional), tuple(named))
