"""Where flows are applied: a store of this machine, a server, an emulation, a project on Google Cloud."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import click

from tiercel.cli.stores import folder_of
from tiercel.cli.where import EMULATORS, GCP, LOCAL, Where
from tiercel.errors import FlowError, TiercelError

if TYPE_CHECKING:
    import httpx

    from tiercel.authoring.applying import Installation
    from tiercel.graphs.topology import Name
    from tiercel.model.flow import Flow

API = "/api/v1/main"

PATIENCE = 60.0
"""Seconds for which a server may be silent."""


@dataclass(frozen=True)
class Access:
    """What is shown to a server."""

    user: str | None
    password: str | None
    token: str | None

    @property
    def headers(self) -> dict[str, str]:
        """The header of a token."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def credentials(self) -> tuple[str, str] | None:
        """The user and the password, where no token takes their place."""
        return (self.user, self.password) if self.user and self.password and not self.token else None


class ServerError(TiercelError):
    """A server that cannot be reached, or that refuses whoever asks."""


@dataclass(frozen=True)
class Server:
    """The flows of a server, through its REST API."""

    http: httpx.Client

    def sources(self, namespaces: Set[str], names: Set[Name]) -> Mapping[Name, str | None]:
        """Return every flow of these namespaces, with its source where it is among those names."""
        found: dict[Name, str | None] = {}
        for namespace in sorted(namespaces):
            for flow in self._ask("GET", f"/flows/{quote(namespace, safe='')}"):
                name = (flow["namespace"], flow["id"])
                found[name] = self._source(*name) if name in names else None
        return found

    def change(self, wanted: Sequence[Flow], gone: Sequence[Name]) -> None:
        """Store flows, and delete others.

        Raises:
            FlowError: The server refuses a flow; nothing was changed.
        """
        from tiercel.authoring.applying import ended

        if wanted:
            text = "---\n".join(ended(flow.source) for flow in wanted)
            headers = {"Content-Type": "application/x-yaml"}
            self._ask("POST", "/flows/bulk?delete=false", content=text.encode(), headers=headers)
        if gone:
            named = [{"namespace": namespace, "id": flow_id} for namespace, flow_id in gone]
            self._ask("DELETE", "/flows/delete/by-ids", json=named)

    def _source(self, namespace: str, flow_id: str) -> str:
        flow = self._ask("GET", f"/flows/{quote(namespace, safe='')}/{quote(flow_id, safe='')}?source=true")
        return str(flow["source"])

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        """Return the JSON of an answer.

        Raises:
            FlowError: The server refuses what was sent.
            ServerError: It cannot be reached, refuses whoever asks, or fails.
        """
        import httpx

        server = f"{self.http.base_url.scheme}://{self.http.base_url.netloc.decode()}"
        try:
            answer = self.http.request(method, API + path, **more)
        except httpx.HTTPError as error:
            raise ServerError(f"{server} does not answer: {error or type(error).__name__}") from None
        if answer.status_code in (401, 403):
            raise ServerError(f"{server} does not let us in: give --user and --password, or --token")
        if answer.status_code in (400, 409, 422):
            raise FlowError(f"{server} refuses it: {_message(answer)}")
        if answer.is_error or answer.is_redirect:
            raise ServerError(f"{server} answers {method} {API}{path} with {answer.status_code}: {_message(answer)}")
        try:
            return answer.json() if answer.content else None
        except ValueError:
            raise ServerError(f"{server} answers {method} {API}{path} with no JSON: is it a server of flows?") from None


class Empty:
    """A store that is not there yet."""

    def sources(self, namespaces: Set[str], names: Set[Name]) -> Mapping[Name, str | None]:  # noqa: ARG002 - there is none
        """Return nothing."""
        return {}

    def change(self, wanted: Sequence[Flow], gone: Sequence[Name]) -> None:
        """Refuse: it is only there to be looked at."""
        raise NotImplementedError


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:300].strip() or answer.reason_phrase


@dataclass(frozen=True)
class Hearing:
    """Of which buckets and topics an installation hears."""

    buckets: frozenset[str]
    topics: frozenset[str]
    remedies: Mapping[str, str]
    """What is to be done, for a `bucket` and for a `topic`."""


@dataclass(frozen=True)
class Reached:
    """An installation that was reached."""

    flows: Installation
    hearing: Hearing | None
    """None where nobody can tell."""


def is_server(to: str) -> bool:
    """Tell whether a place is the address of a server."""
    return to.startswith(("http://", "https://"))


def read_place(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return what `--to` says, without a slash at its end.

    Raises:
        click.BadParameter: It is none of what there is.
    """
    if value in (LOCAL, EMULATORS, GCP):
        return value
    if not is_server(value) or not urlsplit(value).hostname:
        raise click.BadParameter(f"found '{value}', wanted local, http://HOST:PORT, emulators or gcp")
    return value.rstrip("/")


@contextmanager
def reached(to: str, folder: Path | None, access: Access, *, only_reads: bool) -> Iterator[Reached]:
    """Reach the installation of a place.

    Args:
        to: `local`, `emulators`, `gcp`, or a server's address.
        folder: The store's folder, None for the default one; only on this machine.
        access: What a server is shown.
        only_reads: Whether nothing is changed there; otherwise a store is made if need be.
    """
    from tiercel.authoring.applying import Stored

    if is_server(to):
        import httpx

        with httpx.Client(base_url=to, auth=access.credentials, headers=access.headers, timeout=PATIENCE) as http:
            yield Reached(Server(http), None)
    elif to != LOCAL:
        from tiercel.cli.remote import connected

        with connected(Where(to)) as cloud:
            yield Reached(Stored(cloud.parts.flows), _hearing(to))
    elif only_reads and not (folder_of(Where(LOCAL, folder)) / "tiercel.db").is_file():
        yield Reached(Empty(), _NOTHING)
    else:
        from tiercel.runtime import embedded

        runtime = embedded(folder_of(Where(LOCAL, folder)), adopt=False)
        try:
            yield Reached(Stored(runtime.flows), _NOTHING)
        finally:
            runtime.close()


_OWN = "a store of this machine hears of none: `tiercel run --trigger` starts the flow by hand"
_NOTHING = Hearing(frozenset(), frozenset(), {"bucket": _OWN, "topic": _OWN})


def _hearing(to: str) -> Hearing | None:
    """Return of what the installation hears that the environment names."""
    from tiercel.cloud.settings import read_watched

    watched = read_watched(os.environ)
    if watched is None:
        return None
    if to == EMULATORS:
        remedies = {kind: f"start `tiercel emulate` with --{kind}" for kind in ("bucket", "topic")}
    else:
        remedies = {
            "bucket": "name it in watched_buckets of infra/terraform.tfvars, and `make deploy`",
            "topic": "name it in watched_topics of infra/terraform.tfvars, and `make deploy`",
        }
    return Hearing(watched.buckets, watched.topics, remedies)
