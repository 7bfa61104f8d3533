"""Asking a web server: the client, its cancellation, the guard against private addresses, and errors that help.

Promise: no text of an error shows the user and password of an address, nor the value of a header. A cancelled
attempt ends at once: its sockets are shut down, which wakes a thread that waits for them.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tiercel.errors import TaskError
from tiercel.ports import RunContext
from tiercel.tasks.http.options import Auth, HttpOptions, Proxy

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS = 20


def address(uri: str, params: Mapping[str, object]) -> httpx.URL:
    """Return the address to ask: blanks encoded, parameters appended.

    Raises:
        TaskError: It is not an absolute http or https address.
    """
    import httpx

    try:
        url = httpx.URL(uri.strip().replace(" ", "%20"))
    except httpx.InvalidURL as error:
        raise TaskError(
            f"'uri' is not an address ({error}); write one such as https://example.com/path", retryable=False
        ) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise TaskError(
            f"'uri' is '{shown(url)}', which is not absolute; write one such as https://example.com/path",
            retryable=False,
        )
    for name, value in params.items():
        for item in value if isinstance(value, list) else [value]:
            if item is not None:
                url = url.copy_add_param(name, item if isinstance(item, str) else str(item))
    return url


def shown(url: httpx.URL) -> str:
    """Return an address without its user and password."""
    return str(url.copy_with(userinfo=b"") if url.userinfo else url)


@dataclass
class Sockets:
    """The connections of one exchange: they can be shut from another thread, and looked at before use."""

    public_only: bool = False
    """Whether an address that is not public is refused."""
    open: list[Any] = field(default_factory=list)
    closed: bool = False

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of a connection that was opened (the HTTP library's `trace` hook)."""
        if event not in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            return
        stream = info["return_value"]
        if event == "connection.connect_tcp.complete" and self.public_only:
            self._look(stream)
        self.open.append(stream)
        if self.closed:
            self.shut()

    def _look(self, stream: Any) -> None:
        # Looked at after connecting: a name that answers differently the second time cannot slip through.
        peer = str(stream.get_extra_info("server_addr")[0])
        if not ipaddress.ip_address(peer.partition("%")[0]).is_global:
            stream.close()
            raise TaskError(
                f"the server's address {peer} is private, and this installation lets tasks reach public addresses "
                "only; ask the operator to allow it",
                retryable=False,
            )

    def shut(self) -> None:
        """End every connection at once; a thread that waits for one wakes up."""
        self.closed = True
        for stream in self.open:
            found = stream.get_extra_info("socket")
            if isinstance(found, socket.socket):
                with suppress(OSError):  # it is closed already
                    socket.socket.shutdown(found, socket.SHUT_RDWR)  # SSLSocket's own would first unwrap


@contextmanager
def client(ctx: RunContext, options: HttpOptions, insecure: bool) -> Iterator[tuple[httpx.Client, Sockets]]:
    """Open a client as the options want it; a cancelled attempt shuts its connections."""
    import httpx

    from tiercel import __version__

    sockets = Sockets(public_only=bool(getattr(ctx, "public_addresses_only", False)))
    proxy = _proxy(options.way)
    try:
        opened = httpx.Client(
            verify=not insecure,
            proxy=proxy,
            trust_env=options.way is None and not sockets.public_only,
            timeout=httpx.Timeout(options.idle_seconds, connect=options.connect_seconds),
            follow_redirects=options.follow_redirects,
            max_redirects=MAX_REDIRECTS,
            headers={"User-Agent": f"Tiercel/{__version__}"},
        )
    except ImportError as error:
        raise TaskError(f"options.proxy of type SOCKS needs the Python package 'socksio': {error}") from None
    with opened, ctx.on_cancel(sockets.shut):
        yield opened, sockets


def _proxy(way: Proxy | None) -> httpx.Proxy | None:
    import httpx

    if way is None or way.type == "DIRECT":
        return None
    if not way.address:
        raise TaskError("options.proxy has a type but no address; set options.proxy.address to the proxy's host name")
    scheme = "socks5" if way.type == "SOCKS" else "http"
    host = f"[{way.address}]" if ":" in way.address else way.address
    port = f":{way.port}" if way.port else ""
    auth = None if way.username is None else (way.username, way.password or "")
    return httpx.Proxy(f"{scheme}://{host}{port}", auth=auth)


def credentials(auth: Auth | None) -> httpx.Auth | None:
    """Return how a request is signed for BASIC and DIGEST."""
    import httpx

    if auth is None or auth.type == "BEARER":
        return None
    kind = httpx.DigestAuth if auth.type == "DIGEST" else httpx.BasicAuth
    return kind(auth.username or "", auth.password or "")


def checked_headers(headers: Mapping[str, str | None]) -> list[tuple[str, str]]:
    """Return headers as they go over the wire; null values are left out.

    Raises:
        TaskError: A value has a line break. The HTTP library's own message would show the value.
    """
    sent: list[tuple[str, str]] = []
    for name, value in headers.items():
        if value is None:
            continue
        if any(char in value for char in "\r\n\0"):
            raise TaskError(
                f"header '{name}' has a line break in its value; add `| trim` to the expression it comes from",
                retryable=False,
            )
        sent.append((name, value.strip()))
    return sent


@contextmanager
def explained(ctx: RunContext, method: str, url: httpx.URL, options: HttpOptions) -> Iterator[None]:
    """Turn what the HTTP library raises into a TaskError with method, address, cause and remedy."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError) as error:
        cause = "the attempt was cancelled" if ctx.cancelled else _cause(error, options)
        raise TaskError(f"{method} {shown(url)} failed: {cause}") from error


def _cause(error: Exception, options: HttpOptions) -> str:
    import httpx

    text = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectTimeout):
        seconds = options.connect_seconds
        return f"no connection within {seconds:g} s; check the address, or raise options.timeout.connectTimeout"
    if isinstance(error, httpx.TimeoutException):
        return f"no answer for {options.idle_seconds:g} s; raise options.timeout.readIdleTimeout"
    if isinstance(error, httpx.ProxyError):
        return f"the proxy refused ({text}); check options.proxy"
    if isinstance(error, httpx.TooManyRedirects):
        return f"more than {MAX_REDIRECTS} redirects; set options.followRedirects: false to see the first"
    if _is_certificate(error):
        return (
            f"the server's certificate is not trusted ({text}); use one that is, point SSL_CERT_FILE at its authority, "
            "or set options.ssl.insecureTrustAllCertificates: true"
        )
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({text}); check the host name, the port and that the server runs"
    if isinstance(error, httpx.RemoteProtocolError):
        return f"the server broke off or does not speak HTTP ({text})"
    return text


def _is_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return "CERTIFICATE_VERIFY_FAILED" in str(error)
