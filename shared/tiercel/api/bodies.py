"""What a request's body holds."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tiercel.api.calls import Call
from tiercel.api.failures import UnprocessableError

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

T = TypeVar("T")


def read_text(request: Request) -> bytes:
    """Return a body that is text as UTF-8, whatever the charset that its content type names.

    Raises:
        UnprocessableError: Nobody knows that charset, or the body is not written in it.
    """
    body, charset = request.get_data(), request.mimetype_params.get("charset", "utf-8")
    try:
        codec = codecs.lookup(charset)
        return body if codec.name == "utf-8" else body.decode(codec.name).encode()
    except (LookupError, ValueError):
        raise UnprocessableError(f"the body is not text in the charset '{charset}'; send it as UTF-8") from None


def read_json_if_any(call: Call, kind: type[T]) -> T:
    """Return the body as a value of a type all of whose members have defaults: an empty body has none of them.

    Raises:
        UnprocessableError: It is no JSON, or of another shape.
    """
    return read_json(call, kind) if call.request.get_data().strip() else kind()


def read_json(call: Call, kind: type[T]) -> T:
    """Return the body as a value of a type.

    Raises:
        UnprocessableError: It is no JSON, or of another shape.
    """
    body = call.request.get_data()
    if not body.strip():
        raise UnprocessableError("the body is empty, wanted JSON")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnprocessableError(f"the body cannot be read: {error}") from None
