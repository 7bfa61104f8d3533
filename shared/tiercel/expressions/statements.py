"""Reads tags: `if`, `for`, `set`, `macro`, `block` and `filter`, into the tree of a template.

Promise: an unknown or unclosed tag raises with its line and what was looked for.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.lexer import Chunk, Lexer
from tiercel.expressions.limits import MAX_NESTING
from tiercel.expressions.nodes import (
    Arguments,
    Block,
    Body,
    Expression,
    Filter,
    For,
    If,
    Literal,
    Macro,
    Place,
    Print,
    Rendered,
    Set,
    Statement,
    Text,
    Tree,
)
from tiercel.expressions.parser import Parser

_HINTS = {"elif": "elseif", "else if": "elseif", "endfilters": "endfilter"}


def parse_template(source: str) -> Tree:
    """Read a whole template."""
    parser = StatementParser(Lexer(source).cut())
    body, _ = parser.body(())
    return Tree(body, parser.macros, parser.blocks)


class StatementParser:
    """Reads the stretches of one template."""

    def __init__(self, chunks: list[Chunk]) -> None:
        self.chunks = chunks
        self.position = 0
        self.depth = 0
        self.macros: dict[str, Macro] = {}
        self.blocks: dict[str, Body] = {}

    def body(self, ends: tuple[str, ...], opened: Place | None = None) -> tuple[Body, Parser | None]:
        """Read statements up to one of the tags `ends`; return them and that tag, its name read."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise ExpressionError("The tags of the template are nested too deeply.")
        statements: list[Statement] = []
        while self.position < len(self.chunks):
            chunk = self.chunks[self.position]
            self.position += 1
            if chunk.kind == "text":
                statements.append(Text(chunk.text))
            elif chunk.kind == "print":
                statements.append(Print(Parser(chunk).whole()))
            else:
                tag = Parser(chunk)
                name = tag.name("a tag name")
                if name in ends:
                    self.depth -= 1
                    return tuple(statements), tag
                self._statement(name, tag, statements, ends)
        self.depth -= 1
        if ends:
            where = f" (opened by {opened})" if opened else ""
            raise ExpressionError(f'Unexpected end of template. Was looking for the "{ends[-1]}" tag{where}')
        return tuple(statements), None

    def _statement(self, name: str, tag: Parser, into: list[Statement], ends: tuple[str, ...]) -> None:
        match name:
            case "if":
                into.append(self._if_tag(tag))
            case "for":
                into.append(self._for_tag(tag))
            case "set":
                into.append(self._set_tag(tag))
            case "block":
                into.append(self._block_tag(tag))
            case "filter":
                into.append(self._filter_tag(tag))
            case "macro":
                self._macro_tag(tag)
            case _:
                raise self._unknown(name, tag, ends)

    def _unknown(self, name: str, tag: Parser, ends: tuple[str, ...]) -> ExpressionError:
        hint = f'; did you mean "{_HINTS[name]}"?' if name in _HINTS else ""
        if ends:
            hint += f'; the open tag ends with "{ends[-1]}"'
        return ExpressionError(f'Unexpected tag name "{name}" at line {tag.token.line}{hint} ({tag.shown})')

    def _if_tag(self, tag: Parser) -> Statement:
        branches: list[tuple[Expression, Body, Place]] = []
        opened = tag.place()
        while True:
            place = tag.place()
            condition = tag.whole()
            body, end = self.body(("elseif", "else", "endif"), opened)
            branches.append((condition, body, place))
            if end is None or end.tokens[0].text != "elseif":
                break
            tag = end
        otherwise: Body = ()
        if end is not None and end.tokens[0].text == "else":
            end.finish()
            otherwise, end = self.body(("endif",), opened)
        close(end)
        return If(tuple(branches), otherwise)

    def _for_tag(self, tag: Parser) -> Statement:
        place = tag.place()
        name = tag.name("a variable name")
        tag.expect("in", "name")
        items = tag.whole()
        body, end = self.body(("else", "endfor"), place)
        otherwise: Body = ()
        if end is not None and end.tokens[0].text == "else":
            end.finish()
            otherwise, end = self.body(("endfor",), place)
        close(end)
        return For(name, items, body, otherwise, place)

    def _set_tag(self, tag: Parser) -> Statement:
        name = tag.name("a variable name")
        tag.expect("=")
        return Set(name, tag.whole())

    def _block_tag(self, tag: Parser) -> Statement:
        place = tag.place()
        if tag.token.kind == "string":
            name = tag.token.text
            tag.position += 1
        else:
            name = tag.name("a block name")
        tag.finish()
        body, end = self.body(("endblock",), place)
        close(end, name)
        self.blocks[name] = body
        return Block(name)

    def _filter_tag(self, tag: Parser) -> Statement:
        chain: list[tuple[str, Arguments, Place]] = []
        place = tag.place()
        while not chain or tag.take("|", "operator"):
            where = tag.place()
            chain.append((tag.name("a filter name"), tag.optional_arguments(), where))
        tag.finish()
        body, end = self.body(("endfilter",), place)
        close(end)
        value: Expression = Rendered(body)
        for name, arguments, where in chain:
            value = Filter(value, name, arguments, where)
        return Print(value)

    def _macro_tag(self, tag: Parser) -> None:
        place = tag.place()
        name = tag.name("a macro name")
        parameters: list[tuple[str, Expression]] = []
        tag.expect("(")
        while not tag.take(")"):
            if parameters:
                tag.expect(",")
            parameter = tag.name("a parameter name")
            parameters.append((parameter, tag.expression() if tag.take("=") else Literal(None)))
        tag.finish()
        body, end = self.body(("endmacro",), place)
        close(end, name)
        if name in self.macros:
            raise ExpressionError(f"More than one macro is named `{name}` ({place})")
        self.macros[name] = Macro(name, tuple(parameters), body)


def close(end: Parser | None, name: str = "") -> None:
    """Check that a closing tag holds nothing more than, perhaps, the name of what it closes."""
    if end is not None:
        if name and end.token.text == name:
            end.position += 1
        end.finish()
