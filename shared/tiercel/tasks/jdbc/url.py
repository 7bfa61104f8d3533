"""JDBC URLs taken apart. Nothing is connected here, and no text of ours shows a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from tiercel.errors import TaskError


@dataclass(frozen=True)
class ServerUrl:
    """Where a database server is and what else the URL says."""

    hosts: tuple[tuple[str, int], ...]
    """Each host with its port, in the order to try them."""
    database: str | None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    options: dict[str, str] = field(default_factory=dict, repr=False)
    """The keys behind the question mark, as written, without user and password."""

    def __str__(self) -> str:
        return ",".join(f"{host}:{port}" for host, port in self.hosts) + f"/{self.database or ''}"


def without_secrets(url: str) -> str:
    """Return a URL that may be shown: no user, no password, no options."""
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])


def rest_of(url: str, subprotocol: str, example: str) -> str:
    """Return what follows `jdbc:<subprotocol>:`.

    Raises:
        TaskError: The URL is blank or of another kind of database; the text names what was expected.
    """
    prefix = f"jdbc:{subprotocol}:"
    if not url.strip():
        raise TaskError(f"url is blank; wanted '{prefix}...', such as '{example}'", retryable=False)
    if not url.strip().startswith(prefix):
        shown = without_secrets(url)
        raise TaskError(f"url '{shown}' does not start with '{prefix}'; wanted such as '{example}'", retryable=False)
    return url.strip().removeprefix(prefix)


def parse_server(url: str, subprotocol: str, port: int) -> ServerUrl:
    """Return where the server of a URL `jdbc:<subprotocol>://host[:port][,...]/database?key=value` is."""
    rest = rest_of(url, subprotocol, f"jdbc:{subprotocol}://localhost:{port}/name")
    rest, _, query = rest.partition("?")
    authority, database = "", rest
    if rest.startswith("//"):
        authority, _, database = rest[2:].partition("/")
    login, _, places = authority.rpartition("@")
    user, colon, password = login.partition(":")
    options = dict(parse_qsl(query, keep_blank_values=True))
    named_user, named_password = options.pop("user", None), options.pop("password", None)
    return ServerUrl(
        hosts=tuple(_host(place, port, url) for place in places.split(",")),
        database=unquote(database) or None,
        user=named_user or unquote(user) or None,
        password=named_password or (unquote(password) if colon else None),
        options=options,
    )


def _host(place: str, port: int, url: str) -> tuple[str, int]:
    """Return host and port of `host`, `host:port`, `[v6]` or `[v6]:port`; no host is this machine."""
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", place.strip())
    if match is None or int(match.group(2) or port) > 65535:
        found = f"'{place}' in url '{without_secrets(url)}' is no host and port"
        raise TaskError(f"{found}; wanted 'host:port', or '[address]:port' for IPv6", retryable=False)
    return match.group(1).strip("[]") or "localhost", int(match.group(2) or port)
