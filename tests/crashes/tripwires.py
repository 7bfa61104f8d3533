"""Ports that crash: before or after the k-th thing that is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

PORTS = {
    "get",
    "entries",
    "scan",
    "scan_entries",
    "query",
    "commit",
    "publish",
    "is_gone",
    "receive",
    "acknowledge",
    "later",
    "open",
    "write",
    "size",
    "list",
    "delete",
}
"""What is counted: every method of the store, the bus and the objects."""


class Crash(BaseException):
    """The process has ended: nobody catches this."""


class Wire:
    """Counts what is asked of all ports together, and crashes once."""

    def __init__(self, at: int = 0, *, after: bool = False) -> None:
        self.at = at
        self.after = after
        self.calls = 0

    def call(self, real: Callable[..., Any], *args: Any, **named: Any) -> Any:
        self.calls += 1
        here = self.calls == self.at
        if here and not self.after:
            raise Crash(f"before call {self.at}: {real.__name__}")
        found = real(*args, **named)
        if here:
            raise Crash(f"after call {self.at}: {real.__name__}")
        return found


class Wired:
    """A port with a wire."""

    def __init__(self, port: object, wire: Wire) -> None:
        self._port = port
        self._wire = wire

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in PORTS:
            return found
        return lambda *args, **named: self._wire.call(found, *args, **named)


def wired(port: object, wire: Wire) -> Any:
    """Return the port with a wire."""
    return cast("Any", Wired(port, wire))
