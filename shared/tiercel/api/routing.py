"""Which route answers a request: a table of patterns, static segments before variables, tenants cut off first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from tiercel.api import editions
from tiercel.api.calls import Answer, Call, Stream
from tiercel.api.failures import BadRequestError, NoRouteError, NotAllowedError
from tiercel.api.parameters import PAGING, Parameter

TENANT = "main"
"""The only tenant."""

RESOURCES = frozenset(
    """
    flows executions logs metrics triggers kv namespaces outputs plugins dashboards stats blueprints configs
    templates taskruns secrets expressions concurrency-limit usages basicAuth cluster instance me auths
    setup pebble license-info login logout notifications openapi.json basicAuthValidationErrors worker-selectors
    """.split()  # noqa: SIM905 - sixty lines otherwise
).union(editions.RESOURCES)
"""First segments that are no tenant (api.md, 1.1)."""

Handler = Callable[[Call], object | Answer | Stream]

JSON = "application/json"


@dataclass(frozen=True)
class Route:
    """An address, what it takes, and who answers."""

    method: str
    pattern: str
    """Below `/api/v1`: `/flows/{namespace}/{id}`; a last segment `{name*}` takes the rest of the path."""
    handler: Handler
    parameters: tuple[Parameter, ...] = ()
    paged: bool = False
    filtered: bool = False
    body: str = ""
    """The content type that it reads; empty for none."""
    is_open: bool = False
    """Nobody is asked for credentials."""
    any_query: bool = False
    """Query parameters that are not declared are the caller's own: they are let through."""
    shape: object = None
    """The type of a JSON body, as `bodies.read_json` takes it; None for any JSON."""
    gives: str = JSON
    """The content type of what it answers; empty for nothing."""
    codes: tuple[int, ...] = (200,)
    """The codes with which it answers where nothing is wrong; () for any that a flow's author chooses."""
    segments: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Cut the pattern."""
        object.__setattr__(self, "segments", tuple(self.pattern.strip("/").split("/")))

    @property
    def summary(self) -> str:
        """The first line of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def declared(self) -> tuple[Parameter, ...]:
        """Every query parameter, those of paging included; filters are read apart."""
        return (*self.parameters, *(PAGING if self.paged else ()))

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """Return the variables of a path, or None when it is another's."""
        rest = self.segments[-1].endswith("*}")
        if len(segments) != len(self.segments) and not (rest and len(segments) >= len(self.segments)):
            return None
        found = {}
        for own, given in zip(self.segments, segments, strict=False):
            if own.startswith("{"):
                found[own.strip("{}*")] = given
            elif own != given:
                return None
        if rest:
            found[self.segments[-1].strip("{}*")] = "/".join(segments[len(self.segments) - 1 :])
        return found

    def rank(self) -> tuple[bool, ...]:
        """Return a key that sorts static segments before variables."""
        return tuple(segment.startswith("{") for segment in self.segments)


class Routes:
    """The table."""

    def __init__(self) -> None:
        self.all: list[Route] = []

    def route(
        self,
        method: str,
        *patterns: str,
        parameters: Sequence[Parameter] = (),
        paged: bool = False,
        filtered: bool = False,
        body: str = "",
        is_open: bool = False,
        any_query: bool = False,
        shape: object = None,
        gives: str = JSON,
        codes: tuple[int, ...] = (200,),
    ) -> Callable[[Handler], Handler]:
        """Register who answers a method at some addresses."""

        def add(handler: Handler) -> Handler:
            for pattern in patterns:
                reading = tuple(parameters), paged, filtered, body, is_open, any_query, shape
                self.all.append(Route(method, pattern, handler, *reading, gives, codes))
            return handler

        return add

    def find(self, method: str, segments: Sequence[str]) -> tuple[Route, dict[str, str]]:
        """Return the route of a request and the variables of its path.

        Raises:
            NoRouteError: There is nothing at this address.
            NotAllowedError: There is, but not for this method.
            EditionError: It is something that only the Enterprise edition has.
        """
        editions.refuse_enterprise(method, segments)
        best: tuple[Route, dict[str, str]] | None = None
        for route in self.all:
            found = route.match(segments) if route.method == method else None
            if found is None:
                continue
            if best is None or (len(route.segments), route.rank()) < (len(best[0].segments), best[0].rank()):
                best = route, found
        if best is not None:
            return best
        path, others = "/".join(segments), self.methods(segments)
        raise NotAllowedError(f"{method} is not answered at /{path}; it takes {', '.join(others)}", others)

    def methods(self, segments: Sequence[str]) -> list[str]:
        """Return the methods that an address takes, as `Allow` names them.

        Raises:
            NoRouteError: There is nothing at this address.
        """
        there = [route for route in self.all if route.match(segments) is not None]
        if not there:
            raise NoRouteError(f"there is nothing at /api/v1/{'/'.join(segments)}")
        found = {route.method for route in there} | {"OPTIONS"}
        if any(route.method == "GET" and not route.is_open for route in there):
            found.add("HEAD")  # not where a GET starts a flow
        return sorted(found)


def segments_of(path: str) -> list[str]:
    """Return the segments of a path below `/api/v1`, decoded one by one, without the tenant.

    Args:
        path: The path as it was sent, percent-encoded.

    Raises:
        BadRequestError: It names a tenant that there is not.
    """
    segments = [unquote(segment) for segment in path.strip("/").split("/")]
    if segments[0] and segments[0] not in RESOURCES:
        tenant = segments.pop(0)
        if tenant != TENANT:
            raise BadRequestError(f"Tenant must be '{TENANT}', found '{tenant}'")
    return segments


routes = Routes()
"""The routes of the API; each module of this package adds its own."""
