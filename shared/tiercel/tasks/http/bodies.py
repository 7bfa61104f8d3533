"""What an HTTP request carries: text, an encoded form, or a multipart form with files of the internal storage."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import IO, Any
from urllib.parse import urlencode

from tiercel.errors import TaskError
from tiercel.model.plugin import text_of
from tiercel.ports import RunContext

MULTIPART = "multipart/form-data"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

Part = tuple[str, tuple[str | None, IO[bytes] | bytes] | tuple[str | None, IO[bytes] | bytes, str]]
"""A field's name, then its file name if it is a file, its content, and its content type if one is named."""


@dataclass(frozen=True)
class Body:
    """What a request carries; at most one of `content` and `parts` is given."""

    content: bytes | None = None
    parts: list[Part] | None = None
    content_type: str | None = None
    """The Content-Type to send; None where there is no body, or where the parts' boundary must go into it."""
    files: ExitStack = field(default_factory=ExitStack)
    """What to close when the request is done."""


def text_body(text: str, content_type: str | None, charset: str) -> Body:
    """Return a body of text; it is JSON where nothing else is said."""
    try:
        return Body(content=text.encode(charset), content_type=content_type or JSON)
    except (LookupError, UnicodeEncodeError) as error:
        raise TaskError(
            f"the body cannot be written as {charset}: {error}; set options.defaultCharset: UTF-8"
        ) from None


def form_body(ctx: RunContext, form: Mapping[str, object], content_type: str | None) -> Body:
    """Return a form as the content type asks for it: parts and files for multipart, else encoded like a query."""
    given = {name: value for name, value in form.items() if value is not None}
    if content_type is None or not content_type.lower().startswith(MULTIPART):
        pairs = [(name, text_of(item)) for name, value in given.items() for item in _several(value)]
        return Body(content=urlencode(pairs).encode(), content_type=content_type or FORM)
    files = ExitStack()
    try:
        parts = [_part(ctx, files, name, item) for name, value in given.items() for item in _several(value)]
    except BaseException:
        files.close()
        raise
    return Body(parts=parts, content_type=content_type if "boundary=" in content_type else None, files=files)


def _several(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _part(ctx: RunContext, files: ExitStack, name: str, value: object) -> Part:
    if isinstance(value, Mapping) and value.keys() == {"name", "content"}:
        return name, (str(value["name"]), _content(ctx, files, value["content"]))
    if isinstance(value, Mapping):
        return name, (None, text_of(value).encode(), JSON)
    text = text_of(value)
    if is_stored(text):
        return name, (text.rpartition("/")[2], _content(ctx, files, text))
    return name, (None, text.encode())


def _content(ctx: RunContext, files: ExitStack, value: object) -> IO[bytes] | bytes:
    text = text_of(value)
    return files.enter_context(ctx.fetch(text).open("rb")) if is_stored(text) else text.encode()


def is_stored(text: str) -> bool:
    """Tell whether a text is the address of a file of the internal storage or of a namespace."""
    return text.startswith(("kestra://", "nsfile://")) and not any(char.isspace() for char in text)
