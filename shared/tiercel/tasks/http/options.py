"""What an HTTP task may be told about its connection: `options`, with the old flat names beside the new ones.

Promise: reading these loads no HTTP library.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tiercel.model.durations import Duration
from tiercel.model.retry import ConstantRetry, RetryPolicy
from tiercel.model.states import Level

CONNECT = timedelta(seconds=30)
"""How long a connection may take to open where nothing else is said."""
IDLE = timedelta(minutes=5)
"""How long a server may be silent where nothing else is said."""
RETRIED = (429, 502, 503, 504)
"""The statuses that are asked again where `retry` is set without `retryOnStatusCodes`."""

Logged = Literal["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"]
"""A part of the exchange that can be written to the log."""


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Timeouts(_Options):
    """How long to wait."""

    connect_timeout: Duration | None = None
    """How long a connection may take to open; 30 seconds where nothing is said."""
    read_idle_timeout: Duration | None = None
    """How long the server may be silent; 5 minutes where nothing is said."""


class Proxy(_Options):
    """The proxy to go through."""

    type: Literal["DIRECT", "HTTP", "SOCKS"] = "DIRECT"
    """DIRECT for none."""
    address: str | None = None
    """The proxy's host name."""
    port: int | None = None
    """The proxy's port."""
    username: str | None = None
    """The user, where the proxy asks for one."""
    password: str | None = None
    """The user's password."""


class Auth(_Options):
    """How to identify oneself to the server."""

    type: Literal["BASIC", "BEARER", "DIGEST"]
    """BASIC and DIGEST take `username` and `password`, BEARER takes `token`."""
    username: str | None = None
    """The user of BASIC and DIGEST."""
    password: str | None = None
    """The password of BASIC and DIGEST."""
    token: str | None = None
    """The token of BEARER."""


class Ssl(_Options):
    """How to treat the server's certificate."""

    insecure_trust_all_certificates: bool | None = None
    """Whether any certificate is accepted; whoever sits between can then read everything."""


class HttpOptions(_Options):
    """Everything about the connection, in the new form and in the old flat one."""

    timeout: Timeouts | None = None
    """How long to wait."""
    proxy: Proxy | None = None
    """The proxy to go through."""
    auth: Auth | None = None
    """How to identify oneself to the server."""
    ssl: Ssl | None = None
    """How to treat the server's certificate."""
    follow_redirects: bool = True
    """Whether to go where a redirect points."""
    allow_failed: bool = False
    """Whether a status of 400 and above is a success of the task."""
    allowed_response_codes: list[int] | None = None
    """The statuses that are a success; every other one fails the task."""
    retry: RetryPolicy | None = None
    """How to ask again within this attempt, after a network error or one of `retryOnStatusCodes`."""
    retry_on_status_codes: list[int] | None = None
    """The statuses to ask again after: 429, 502, 503 and 504 with `retry` alone; without `retry`, three tries."""
    default_charset: str = "UTF-8"
    """The encoding of the request's body, and of a response that names none."""
    logs: list[Logged] = []
    """Which parts of the exchange to write to the log, at DEBUG."""
    max_content_length: int | None = Field(None, ge=0)
    """How many bytes a response may have: for Request 10 MiB where nothing is said, for Download any."""

    connect_timeout: Duration | None = None
    """Old form of `timeout.connectTimeout`."""
    read_timeout: Duration | None = None
    """Old form of `timeout.readIdleTimeout`."""
    read_idle_timeout: Duration | None = None
    """Old form of `timeout.readIdleTimeout`; it wins over `readTimeout`."""
    connection_pool_idle_timeout: Duration | None = None
    """Accepted for flows that have it; no connection outlives its task."""
    proxy_type: Literal["DIRECT", "HTTP", "SOCKS"] | None = None
    """Old form of `proxy.type`."""
    proxy_address: str | None = None
    """Old form of `proxy.address`."""
    proxy_port: int | None = None
    """Old form of `proxy.port`."""
    proxy_username: str | None = None
    """Old form of `proxy.username`."""
    proxy_password: str | None = None
    """Old form of `proxy.password`."""
    basic_auth_user: str | None = None
    """Old form of `auth` with type BASIC."""
    basic_auth_password: str | None = None
    """Old form of `auth` with type BASIC."""
    log_level: Level | None = None
    """Old form of `logs`: TRACE or DEBUG write the headers of both sides."""

    @property
    def connect_seconds(self) -> float:
        """Return how long a connection may take to open."""
        new = self.timeout.connect_timeout if self.timeout else None
        return next(found for found in (new, self.connect_timeout, CONNECT) if found is not None).total_seconds()

    @property
    def idle_seconds(self) -> float:
        """Return how long the server may be silent."""
        new = self.timeout.read_idle_timeout if self.timeout else None
        given = (new, self.read_idle_timeout, self.read_timeout, IDLE)
        return next(found for found in given if found is not None).total_seconds()

    @property
    def credentials(self) -> Auth | None:
        """Return how to identify oneself, whichever form says it."""
        if self.auth is None and self.basic_auth_user is not None:
            return Auth(type="BASIC", username=self.basic_auth_user, password=self.basic_auth_password)
        return self.auth

    @property
    def way(self) -> Proxy | None:
        """Return the proxy, whichever form names it."""
        if self.proxy is None and (self.proxy_type or self.proxy_address):
            return Proxy(
                type=self.proxy_type or "HTTP",
                address=self.proxy_address,
                port=self.proxy_port,
                username=self.proxy_username,
                password=self.proxy_password,
            )
        return self.proxy

    @property
    def logged(self) -> set[str]:
        """Return which parts of the exchange go to the log."""
        old = ["REQUEST_HEADERS", "RESPONSE_HEADERS"] if self.log_level in (Level.TRACE, Level.DEBUG) else []
        return {*self.logs, *old}

    @property
    def policy(self) -> RetryPolicy | None:
        """Return how to ask again within the attempt, if at all."""
        if self.retry is None and self.retry_on_status_codes:
            return ConstantRetry(type="constant", interval=timedelta(seconds=1), max_attempts=3)
        return self.retry

    @property
    def retried(self) -> frozenset[int]:
        """Return the statuses after which to ask again."""
        if self.policy is None:
            return frozenset()
        return frozenset(RETRIED if self.retry_on_status_codes is None else self.retry_on_status_codes)
