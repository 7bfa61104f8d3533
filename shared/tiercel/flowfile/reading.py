"""YAML text to plain values with their places, in one pass over the parser's events.

Promise: whatever the text, the outcome is documents or a FlowError with line and column; size, nesting and what
aliases expand to are bounded, and nothing of the text is ever executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import events

from tiercel.errors import FlowError, Problem
from tiercel.flowfile.places import Document, Key, Mark, Place, path_text
from tiercel.model.yaml_scalars import plain_text, resolve, tagged

MAX_BYTES = 5_000_000
MAX_NODES = 300_000
"""Keys and values in one file."""
MAX_EXPANDED = 100_000
"""Keys and values that the aliases of one file stand for."""
MAX_DOCUMENTS = 1_000
MAX_DEPTH = 100

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


def decode(data: bytes | str) -> str:
    """Return the text of a file: UTF-8, or UTF-16 with a byte order mark.

    Raises:
        FlowError: The bytes are no text, or there are too many.
    """
    if len(data) > MAX_BYTES:
        raise FlowError(f"the file has {len(data):,} bytes; a flow may have {MAX_BYTES:,}: move large data out of it")
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        column = error.start - (data.rfind(b"\n", 0, error.start) + 1) + 1
        wanted = encoding.upper().removesuffix("-SIG")
        message = f"found the byte 0x{data[error.start]:02x}, which is not {wanted}; save the file as UTF-8"
        raise FlowError([Problem(message, "", line, column)]) from None


def read(text: str) -> list[Document]:
    """Return every document of a text.

    Raises:
        FlowError: The text is not YAML, or is too large, too deep, or expands to too much.
    """
    nul = text.find("\0")
    if nul >= 0:
        line, start = text.count("\n", 0, nul) + 1, text.rfind("\n", 0, nul) + 1
        raise FlowError([Problem("found a NUL byte; a flow is text: remove it", "", line, nul - start + 1)])
    try:
        reader = _Reader(_Loader(text))
        return list(reader.documents())
    except yaml.MarkedYAMLError as error:
        raise FlowError([_syntax_problem(error, text)]) from None
    except yaml.reader.ReaderError as error:
        where = text[: error.position] if isinstance(error.position, int) else ""
        message = f"found a character that YAML does not allow ({error.reason}); remove it"
        line, column = where.count("\n") + 1, len(where) - where.rfind("\n")
        raise FlowError([Problem(message, "", line, column)]) from None
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise FlowError([Problem("found half of a surrogate pair; save the file as UTF-8", "", line, 1)]) from None


def _syntax_problem(error: yaml.MarkedYAMLError, text: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    found = str(error.problem or error.context)
    if mark is None:
        return Problem(f"not YAML: {found}")
    if error.context_mark is not None and "quoted scalar" in str(error.context) and "end of stream" in found:
        mark = error.context_mark  # where the text ends is nowhere: the quote is what is to be mended
        found = "the quote that opens here is never closed"
        return _problem(found, _line(text, mark), "close the quote", mark)
    shown = _line(text, mark)
    context = f" ({error.context}{_begun(error.context_mark, mark)})" if error.context and error.problem else ""
    return _problem(f"{found}{context}{_long_quote(text, mark)}", shown.strip(), _remedy(found, shown), mark)


def _problem(found: str, shown: str, remedy: str, mark: Mark) -> Problem:
    return Problem(f"not YAML: {found}; found: {shown.strip()}; {remedy}", "", mark.line + 1, mark.column + 1)


def _line(text: str, mark: Mark) -> str:
    lines = text.splitlines()
    return lines[mark.line][:80].rstrip() if mark.line < len(lines) else "the end of the file"


def _begun(begin: Mark | None, mark: Mark) -> str:
    return f" that begins on line {begin.line + 1}" if begin is not None and begin.line != mark.line else ""


def _long_quote(text: str, mark: Mark) -> str:
    """Tell of a quoted text that was opened on an earlier line and ends where the text is no YAML any more."""
    last: Any = None
    try:
        for event in yaml.parse(text, Loader=_Loader):
            last = event
    except yaml.YAMLError:
        pass
    if not isinstance(last, events.ScalarEvent) or last.style not in ("'", '"'):
        return ""
    begin: Any = last.start_mark
    end: Any = last.end_mark
    if begin.line == end.line or end.line != mark.line:
        return ""
    return f"; the quote that opens on line {begin.line + 1} closes here: was it to close earlier?"


def _remedy(found: str, shown: str) -> str:
    if shown.startswith("\t"):
        return "a tab cannot indent: use spaces"
    if "cannot start any token" in found:
        return "a text that begins with this character needs quotes; tabs cannot indent, use spaces"
    if "mapping values" in found:
        return "a text that holds ': ' needs quotes, and keys of one map stand in one column"
    if "undefined alias" in found:
        return "write the anchor (&name) before its alias (*name)"
    if "duplicate anchor" in found:
        return "give each anchor its own name"
    if "quoted scalar" in found or "unexpected end of stream" in found:
        return "close the quote"
    return "check the indentation, the quotes and the brackets here and on the line above"


@dataclass(slots=True)
class _Frame:
    """A list or map that is being read."""

    container: Any
    place: Place
    anchor: str | None
    nodes: int
    """How many nodes there were before it."""
    key: str | None = None
    key_mark: Mark | None = None
    merges: list[Any] = field(default_factory=list)


class _Reader:
    """Builds values from events with a stack of its own, so that nesting costs no recursion."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._document = Document()
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, str | None, int] | None] = {}
        self._nodes = self._expanded = self._documents = 0
        self._on = {
            events.ScalarEvent: self._scalar,
            events.MappingStartEvent: self._start,
            events.SequenceStartEvent: self._start,
            events.MappingEndEvent: self._end,
            events.SequenceEndEvent: self._end,
            events.AliasEvent: self._alias,
        }

    def documents(self) -> Iterator[Document]:
        """Yield each document as soon as it is complete."""
        get_event = self._loader.get_event
        while (event := get_event()) is not None:
            kind = type(event)
            act = self._on.get(kind)
            if act is not None:
                act(event)
            elif kind is events.DocumentStartEvent:
                self._begin(event.start_mark)
            elif kind is events.DocumentEndEvent:
                yield self._document
            elif kind is events.StreamEndEvent:
                return

    def _begin(self, mark: Mark) -> None:
        self._documents += 1
        if self._documents > MAX_DOCUMENTS:
            raise self._refuse(f"the file holds more than {MAX_DOCUMENTS:,} documents; split it in several", mark)
        self._document, self._anchors = Document(first_line=mark.line), {}

    def _refuse(self, message: str, mark: Mark) -> FlowError:
        path = path_text(tuple(self._step(frame) for frame in self._stack[:10]))
        return FlowError([Problem(message, path, mark.line + 1, mark.column + 1)])

    def _step(self, frame: _Frame) -> Key:
        return len(frame.container) if isinstance(frame.container, list) else frame.key or ""

    def _count(self, nodes: int, mark: Mark) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            raise self._refuse(f"the file holds more than {MAX_NODES:,} keys and values; split it in several", mark)

    def _scalar(self, event: Any) -> None:
        self._count(1, event.start_mark)
        frame = self._stack[-1] if self._stack else None
        text: str = event.value
        if frame is not None and frame.key is None and isinstance(frame.container, dict):
            self._key(frame, text, event)
            return
        value: Any = text
        if event.tag is not None:
            try:
                value = tagged(event.tag, text)
            except ValueError as error:
                raise self._refuse(str(error), event.start_mark) from None
        elif event.implicit[0]:
            value = resolve(text)
        written = text if value is not text and value is not None and plain_text(value) != text else None
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, written, 1)
        self._put(value, written, event.start_mark)

    def _key(self, frame: _Frame, text: str, event: Any) -> None:
        frame.key, frame.key_mark = text, event.start_mark
        if event.anchor is not None:
            self._anchors[event.anchor] = (text, None, 1)
        if text in frame.container:
            path = tuple(self._step(each) for each in self._stack)
            message = f"Duplicate field '{text}': the same property stands twice in one map; remove one"
            mark = event.start_mark
            self._document.problems.append(Problem(message, path_text(path), mark.line + 1, mark.column + 1))

    def _start(self, event: Any) -> None:
        mark = event.start_mark
        self._count(1, mark)
        if len(self._stack) >= MAX_DEPTH:
            raise self._refuse(f"nested deeper than {MAX_DEPTH} levels; flatten it, or call a subflow", mark)
        if event.tag not in _COLLECTION_TAGS:
            raise self._refuse(f"found the tag '{event.tag}', which no flow needs; remove it", mark)
        if self._stack and isinstance(self._stack[-1].container, dict) and self._stack[-1].key is None:
            raise self._refuse("found a list or map as the name of a property, wanted a text; quote it", mark)
        container: Any = {} if type(event) is events.MappingStartEvent else []
        place = Place(container, mark)
        self._document.places[id(container)] = place
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Frame(container, place, event.anchor, self._nodes))

    def _end(self, _: Any) -> None:
        frame = self._stack.pop()
        for merged in frame.merges:
            self._merge(frame, merged)
        if frame.anchor is not None:
            self._anchors[frame.anchor] = (frame.container, None, self._nodes - frame.nodes + 1)
        self._put(frame.container, None, frame.place.start)

    def _merge(self, frame: _Frame, merged: Any) -> None:
        if not isinstance(merged, dict):
            raise self._refuse("the merge key '<<' wants a map or a list of maps", frame.place.start)
        place = self._document.places[id(merged)]
        for key, value in merged.items():
            if key not in frame.container:
                frame.container[key] = value
                frame.place.items[key] = place.items[key]
                text = self._document.texts.get((id(merged), key))
                if text is not None:
                    self._document.texts[id(frame.container), key] = text

    def _alias(self, event: Any) -> None:
        mark = event.start_mark
        if event.anchor not in self._anchors:
            raise self._refuse(f"found the alias '*{event.anchor}', but no anchor '&{event.anchor}' before it", mark)
        known = self._anchors[event.anchor]
        if known is None:
            raise self._refuse(f"the alias '*{event.anchor}' stands inside its own anchor; write the value out", mark)
        value, written, nodes = known
        self._count(nodes, mark)
        self._expanded += nodes
        if self._expanded > MAX_EXPANDED:
            raise self._refuse(f"aliases stand for more than {MAX_EXPANDED:,} values; write less, or split it", mark)
        frame = self._stack[-1] if self._stack else None
        if frame is not None and isinstance(frame.container, dict) and frame.key is None:
            if isinstance(value, list | dict):
                raise self._refuse("found a list or map as the name of a property, wanted a text", mark)
            frame.key, frame.key_mark = written or plain_text(value), mark
            return
        try:
            value = self._document.copy(value, len(self._stack), MAX_DEPTH)
        except RecursionError:
            raise self._refuse(f"aliases nest deeper than {MAX_DEPTH} levels; write the value out", mark) from None
        self._put(value, written, mark)

    def _put(self, value: Any, written: str | None, mark: Mark) -> None:
        """Place a finished value in the container around it, or make it the document."""
        if not self._stack:
            self._document.value = value
            return
        frame = self._stack[-1]
        container = frame.container
        key: Key
        if isinstance(container, list):
            key = len(container)
            container.append(value)
            frame.place.items[key] = (mark, mark)
        else:
            key, frame.key = frame.key or "", None
            if key == "<<":
                frame.merges.extend(value if isinstance(value, list) else [value])
                return
            if key in container:  # reported already; the first one stays
                return
            container[key] = value
            frame.place.items[key] = (frame.key_mark or mark, mark)
        if written is not None:
            self._document.texts[id(container), key] = written
