"""Reads a jq program into a tree.

Promise: the precedence is jq's; what this jq lacks (modules, SQL, `getpath` streams of input) raises when read or run.
"""

from __future__ import annotations

from tiercel.expressions.jq.lexer import Token, fail, tokens_of
from tiercel.expressions.jq.tree import Function, Node, Part

MAX_DEPTH = 60
_ASSIGNING = frozenset(("=", "|=", "+=", "-=", "*=", "/=", "%=", "//="))
_COMPARING = frozenset(("==", "!=", "<", "<=", ">", ">="))
_KEYWORDS = frozenset(
    (
        *("def", "if", "then", "elif", "else", "end", "as", "reduce", "foreach"),
        *("try", "catch", "label", "import", "include", "and", "or", "__loc__"),
    )
)
_CONSTANTS = {"null": None, "true": True, "false": False}
_LEVELS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset(("or",)), "left"),
    (frozenset(("and",)), "left"),
    (_COMPARING, "none"),
    (frozenset(("+", "-")), "left"),
    (frozenset(("*", "/", "%")), "left"),
)


def parse(program: str) -> Node:
    """Read a whole program."""
    parser = _Parser(tokens_of(program))
    return parser.whole()


def parse_definitions(program: str) -> list[Function]:
    """Read a program of definitions alone."""
    parser = _Parser(tokens_of(program))
    functions: list[Function] = []
    while parser.at("def"):
        functions.append(parser.definition())
    return functions


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def at(self, *texts: str) -> bool:
        return self.token.text in texts and self.token.kind in ("mark", "name")

    def take(self, *texts: str) -> bool:
        if self.at(*texts):
            self.position += 1
            return True
        return False

    def expect(self, text: str) -> None:
        if not self.take(text):
            fail(f"found `{self.token.text or 'a string'}`, expected `{text}`")

    def next(self) -> Token:
        self.position += 1
        return self.tokens[self.position - 1]

    def whole(self) -> Node:
        if self.token.kind == "end":
            return Node("identity")
        node = self.pipe()
        if self.token.kind != "end":
            fail(f"unexpected `{self.token.text or 'a string'}`")
        return node

    def pipe(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            fail("it is nested too deeply")
        node = self._pipe()
        self.depth -= 1
        return node

    def _pipe(self) -> Node:
        if self.at("def"):
            function = self.definition()
            return Node("def", (function, self.pipe()))
        left = self.comma()
        return Node("pipe", (left, self.pipe())) if self.take("|") else left

    def comma(self) -> Node:
        left = self.alternative()
        while self.take(","):
            left = Node("comma", (left, self.alternative()))
        return left

    def alternative(self) -> Node:
        left = self.assignment()
        if self.take("//"):
            return Node("alternative", (left, self.alternative()))
        return left

    def assignment(self) -> Node:
        left = self.level(0)
        if self.token.kind == "mark" and self.token.text in _ASSIGNING:
            operator = self.next().text
            return Node("assign", (operator, left, self.alternative()))
        return left

    def level(self, index: int) -> Node:
        if index == len(_LEVELS):
            return self.postfix()
        operators, associativity = _LEVELS[index]
        left = self.level(index + 1)
        while self.at(*operators):
            operator = self.next().text
            left = Node("binary", (operator, left, self.level(index + 1)))
            if associativity == "none":
                break
        return left

    def postfix(self, *, allow_as: bool = True) -> Node:
        if self.take("-"):
            return Node("negate", (self.postfix(),))
        node = self.term()
        while True:
            if self.token.kind == "field":
                node = Node("index", (node, Node("literal", (self.next().text[1:],))))
            elif self.at(".") and self.tokens[self.position + 1].kind == "string":
                self.position += 1
                node = Node("index", (node, self.string("")))
            elif self.at(".") and self.tokens[self.position + 1].text == "[":
                self.position += 1
            elif self.take("["):
                node = self.bracket(node)
            elif self.take("?"):
                node = Node("try", (node, None))
            else:
                break
        if allow_as and self.take("as"):
            patterns = self.patterns()
            self.expect("|")
            return Node("as", (node, patterns, self.pipe()))
        return node

    def bracket(self, node: Node) -> Node:
        if self.take("]"):
            return Node("iterate", (node,))
        if self.take(":"):
            end = self.pipe()
            self.expect("]")
            return Node("slice", (node, None, end))
        start = self.pipe()
        if self.take(":"):
            end_or_none = None if self.at("]") else self.pipe()
            self.expect("]")
            return Node("slice", (node, start, end_or_none))
        self.expect("]")
        return Node("index", (node, start))

    def term(self) -> Node:
        token = self.next()
        match token.kind:
            case "number":
                return Node("literal", (number(token.text),))
            case "string":
                self.position -= 1
                return self.string("")
            case "format":
                return self.string(token.text) if self.token.kind == "string" else Node("format", (token.text,))
            case "variable":
                return Node("variable", (token.text[1:],))
            case "field":
                return Node("index", (Node("identity"), Node("literal", (token.text[1:],))))
            case "mark":
                return self.marked(token.text)
            case "name":
                return self.named(token.text)
        return fail(f"it ends where a value is expected, after {self.position - 1} tokens")

    def marked(self, text: str) -> Node:
        if text == ".":
            return (
                Node("index", (Node("identity"), self.string(""))) if self.token.kind == "string" else Node("identity")
            )
        if text == "..":
            return Node("call", ("recurse", ()))
        if text == "(":
            node = self.pipe()
            self.expect(")")
            return node
        if text == "[":
            if self.take("]"):
                return Node("list", (None,))
            node = self.pipe()
            self.expect("]")
            return Node("list", (node,))
        if text == "{":
            return self.object()
        return fail(f"unexpected `{text}`")

    def named(self, name: str) -> Node:
        match name:
            case "if":
                return self.condition()
            case "try":
                body = self.postfix(allow_as=False)
                return Node(
                    "try", (body, self.postfix(allow_as=False) if self.take("catch") else Node("call", ("empty", ())))
                )
            case "reduce" | "foreach":
                return self.folding(name)
            case "label":
                label = self.next().text
                self.expect("|")
                return Node("label", (label[1:], self.pipe()))
            case "def":
                self.position -= 1
                function = self.definition()
                return Node("def", (function, self.pipe()))
            case "import" | "include":
                return fail("modules are not supported")
        if name in _CONSTANTS:
            return Node("literal", (_CONSTANTS[name],))
        if name in _KEYWORDS:
            fail(f"unexpected `{name}`")
        if name == "break":
            return Node("break", (self.next().text[1:],))
        return Node("call", (name, self.call_arguments()))

    def call_arguments(self) -> tuple[Node, ...]:
        if not self.take("("):
            return ()
        arguments = [self.pipe()]
        while self.take(";"):
            arguments.append(self.pipe())
        self.expect(")")
        return tuple(arguments)

    def condition(self) -> Node:
        test = self.pipe()
        self.expect("then")
        then = self.pipe()
        otherwise = Node("identity")
        if self.take("elif"):
            return Node("if", (test, then, self.condition()))
        if self.take("else"):
            otherwise = self.pipe()
        self.expect("end")
        return Node("if", (test, then, otherwise))

    def folding(self, kind: str) -> Node:
        source = self.postfix(allow_as=False)
        self.expect("as")
        patterns = self.patterns()
        self.expect("(")
        parts = [self.pipe()]
        while self.take(";"):
            parts.append(self.pipe())
        self.expect(")")
        if len(parts) not in ((2,) if kind == "reduce" else (2, 3)):
            fail(f"`{kind}` has {len(parts)} parts")
        return Node(kind, (source, patterns, *parts))

    def definition(self) -> Function:
        self.expect("def")
        name = self.next().text
        parameters: list[str] = []
        if self.take("("):
            parameters.append(self.next().text)
            while self.take(";"):
                parameters.append(self.next().text)
            self.expect(")")
        self.expect(":")
        body = self.pipe()
        self.expect(";")
        return Function(name, tuple(parameters), body)

    def patterns(self) -> tuple[Part, ...]:
        patterns = [self.pattern()]
        while self.take("?//"):
            patterns.append(self.pattern())
        return tuple(patterns)

    def pattern(self) -> Node:
        if self.token.kind == "variable":
            return Node("variable", (self.next().text[1:],))
        if self.take("["):
            items = [self.pattern()]
            while self.take(","):
                items.append(self.pattern())
            self.expect("]")
            return Node("list", tuple(items))
        self.expect("{")
        pairs: list[Part] = []
        while not pairs or self.take(","):
            pairs.append(self.pattern_pair())
        self.expect("}")
        return Node("object", tuple(pairs))

    def pattern_pair(self) -> Part:
        token = self.token
        variable = None
        if token.kind == "variable":
            self.position += 1
            variable = token.text[1:]
            key = Node("literal", (variable,))
        elif token.kind == "string":
            key = self.string("")
        elif self.take("("):
            key = self.pipe()
            self.expect(")")
        else:
            self.position += 1
            key = Node("literal", (token.text,))
        return (variable, key, self.pattern() if self.take(":") else None)

    def object(self) -> Node:
        pairs: list[Part] = []
        while not self.take("}"):
            if pairs:
                self.expect(",")
                if self.take("}"):
                    break
            pairs.append(self.pair())
        return Node("object", tuple(pairs))

    def pair(self) -> Part:
        token = self.token
        if token.kind == "variable":
            self.position += 1
            return (Node("literal", (token.text[1:],)), Node("variable", (token.text[1:],)))
        if token.kind == "format" or token.kind == "string":
            self.position += token.kind == "format"
            key = self.string(token.text if token.kind == "format" else "")
        elif self.take("("):
            key = self.pipe()
            self.expect(")")
        elif token.kind in ("name", "number"):
            self.position += 1
            key = Node("literal", (token.text,))
        else:
            return fail(f"`{token.text}` is no key of an object")
        if self.take(":"):
            return (key, self.object_value())
        return (key, Node("index", (Node("identity"), key)))

    def object_value(self) -> Node:
        left = self.alternative_value()
        while self.take("|"):
            left = Node("pipe", (left, self.alternative_value()))
        return left

    def alternative_value(self) -> Node:
        left = self.level(0)
        return Node("alternative", (left, self.alternative_value())) if self.take("//") else left

    def string(self, formatter: str) -> Node:
        parts: list[Part] = []
        for part in self.next().parts:
            if isinstance(part, str):
                parts.append(part)
            else:
                inner = _Parser(part)
                inner.depth = self.depth + 1
                parts.append(inner.whole())
        if all(isinstance(part, str) for part in parts):
            return Node("literal", ("".join(map(str, parts)),))
        return Node("string", (formatter, *parts))


def number(text: str) -> int | float:
    """Return the value of a number's text; integers stay exact."""
    return int(text) if text.isdigit() and len(text) <= 300 else float(text)
