"""What a request's body holds."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from tiercel.api.calls import Call
from tiercel.api.failures import UnprocessableError

T = TypeVar("T")


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
