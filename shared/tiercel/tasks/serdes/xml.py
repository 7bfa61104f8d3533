"""XML to records and back: `io.kestra.plugin.serdes.xml.*`.

Attributes and children become keys, a text beside them the key `content`; an element that comes again makes a list.
Texts that are JSON's numbers and words become these. Nothing outside the file is ever read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO
from xml.sax.saxutils import escape

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel.errors import TaskError
from tiercel.model.plugin import Rendered
from tiercel.ports import RunContext
from tiercel.tasks import records
from tiercel.tasks.serdes.base import Conversion, store_records, told

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CONTENT = "content"
"""The key of a text that stands beside attributes or children."""
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_NAME = re.compile(r"[^\w.\-]|^(?=[\d.\-])")


class ParserConfiguration(BaseModel):
    """How XML is read."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    force_list: list[str] = Field(default_factory=list)
    """The names of elements that are lists even where they come once."""


class XmlToIon(Conversion):
    """Read XML into records."""

    query: Rendered[str | None] = Field(None, pattern=r"^/?/?[^/\s]|\{[{%]")
    """The path of the elements that become records, such as `/catalog/book`; without it the root, or what it lists."""
    parser_configuration: Rendered[ParserConfiguration | None] = None
    """How XML is read."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the record file and its `size` in rows."""
        return store_records(ctx, self._records(ctx))

    def _records(self, ctx: RunContext) -> Iterator[object]:
        from xml.etree.ElementTree import ParseError

        lists = self.parser_configuration.force_list if self.parser_configuration else []
        with ctx.open(self.from_) as source:
            try:
                yield from self._elements(source, lists) if self.query else self._whole(source, lists)
            except (ParseError, ValueError, LookupError) as error:
                raise TaskError(f"'{self.from_}' is not XML: {error}", retryable=False) from None

    def _whole(self, source: Any, lists: Collection[str]) -> Iterator[object]:
        from xml.etree.ElementTree import parse

        root = parse(source, _parser(self.charset)).getroot()  # noqa: S314 - expat reads no other file and stops bombs
        value = _value(root, lists)
        if isinstance(value, dict) and len(value) == 1 and isinstance(only := next(iter(value.values())), list):
            yield from only
        else:
            yield {_local(root.tag): value}

    def _elements(self, source: Any, lists: Collection[str]) -> Iterator[object]:
        """Yield the elements on the path; what is done with is forgotten."""
        from xml.etree.ElementTree import iterparse

        anywhere = (self.query or "").startswith("//")
        wanted = [part for part in (self.query or "").split("/") if part]
        path: list[str] = []
        inside = 0
        for event, element in iterparse(source, ("start", "end"), _parser(self.charset)):  # noqa: S314 - as above
            if event == "start":
                path.append(_local(element.tag))
                inside += _matches(path, wanted, anywhere)
                continue
            if _matches(path, wanted, anywhere):
                inside -= 1
                yield _value(element, lists)
            path.pop()
            if not inside:
                element.clear()


def _matches(path: list[str], wanted: list[str], anywhere: bool) -> bool:
    tail = path[-len(wanted) :] if anywhere else path
    return len(tail) == len(wanted) and all(want in ("*", name) for want, name in zip(wanted, tail, strict=True))


def _parser(charset: str) -> Any:
    from xml.etree.ElementTree import XMLParser

    return XMLParser(encoding=None if charset.upper() in ("UTF-8", "UTF8") else charset)  # noqa: S314 - as above


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _value(element: Element, lists: Collection[str]) -> object:
    """Return what an element holds: a map, or its text where it has neither attributes nor children."""
    found: dict[str, Any] = {_local(name): _scalar(text) for name, text in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _value(child, lists)
        if name not in found:
            found[name] = [value] if name in lists else value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    text = "".join([element.text or "", *(child.tail or "" for child in element)]).strip()
    if not found:
        return _scalar(text)
    return {**found, CONTENT: _scalar(text)} if text else found


def _scalar(text: str) -> object:
    if text in _WORDS:
        return _WORDS[text]
    return records.decode(text) if _NUMBER.fullmatch(text) else text


class IonToXml(Conversion):
    """Write records as XML."""

    root_name: Rendered[str] = "items"
    """The name of the element around all; each record is an element `item` in it."""
    time_zone_id: Rendered[str | None] = None
    """Accepted for flows that have it; times are written as they are."""

    def run(self, ctx: RunContext) -> dict[str, object]:
        """Return the `uri` of the XML file and its `size` in records."""
        count, root = 0, _name(self.root_name)
        with records.scratch(ctx, ".xml") as path:
            with self.new_text(path) as file:
                file.write(f'<?xml version="1.0" encoding="{self.charset}"?>\n<{root}>\n')
                for row in self.rows(ctx):
                    _write(file, "item", records.plain(row))
                    file.write("\n")
                    count += 1
                file.write(f"</{root}>\n")
            return told(ctx, ctx.store(path, "records.xml"), count)


def _name(text: str) -> str:
    """Return a key as the name of an element: what a name cannot have becomes `_`."""
    return _NAME.sub("_", text) or "_"


def _write(file: TextIO, name: str, value: object) -> None:
    """Write a value as an element; a list as one for each of its values."""
    if isinstance(value, list):
        for item in value:
            _write(file, name, item)
        return
    if value is None:
        file.write(f"<{name}/>")
        return
    file.write(f"<{name}>")
    if isinstance(value, Mapping):
        for key, item in value.items():
            _write(file, _name(str(key)), item)
    else:
        text = value if isinstance(value, str) else records.encode(value).decode()
        file.write(escape(re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text)))
    file.write(f"</{name}>")
