"""`tiercel server`: the engine, the HTTP door and the scheduler in one process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from tiercel.cli.stores import folder_of
from tiercel.cli.where import LOCAL, Where, store_option
from tiercel.errors import InputError, TiercelError

if TYPE_CHECKING:
    from tiercel.runtime import Runtime

THREADS = 64
"""Requests that are answered at the same time, open streams among them."""

SHUTDOWN = 10
"""Seconds that open requests have when the server is stopped."""

ADOPTED = 30.0
"""Seconds between two looks for the messages of other processes on the same store that have ended."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for every address.")
@click.option("--port", default=8080, show_default=True, help="The port.")
@click.option("--url", help="Where people reach the server, for links.  [default: http://HOST:PORT]")
@click.option("--user", envvar="TIERCEL_USER", show_envvar=True, help="A user name that must be shown (HTTP Basic).")
@click.option("--password", envvar="TIERCEL_PASSWORD", show_envvar=True, help="The password that goes with it.")
@click.option("--token", envvar="TIERCEL_TOKEN", show_envvar=True, help="A token that is as good (Bearer).")
@store_option
def server(
    host: str,
    port: int,
    url: str | None,
    user: str | None,
    password: str | None,
    token: str | None,
    store: Where,
) -> None:
    """Serve flows: REST API and webhooks at /api/v1, schedules, until Ctrl-C.

    What runs when it is stopped, or killed, goes on when it is started again.
    """
    if store.on != LOCAL:
        raise click.UsageError(f"--on {store.on}: the functions serve there; `tiercel server` is for this machine")
    if bool(user) != bool(password):
        raise click.UsageError("--user and --password go together")
    if host not in ("127.0.0.1", "localhost", "::1") and not (user or token):
        click.echo("warning: everybody who reaches this address can run flows: --user, --password", err=True)
    from tiercel.api.app import Application
    from tiercel.api.site import Site
    from tiercel.runtime import embedded

    credentials = (user, password) if user and password else None
    with embedded(folder_of(store)) as runtime:
        site = Site(runtime, url or f"http://{host}:{port}", credentials, token or "")
        with _serving(Application(site), host, port), _chores(runtime):
            runtime.scheduler.start()
            click.echo(f"tiercel listens at http://{host}:{port} on the store {runtime.folder}; Ctrl-C stops it")
            _until_stopped()
            click.echo("stopping")


@contextmanager
def _serving(application: Any, host: str, port: int) -> Iterator[None]:
    """Answer requests while the block runs.

    Raises:
        InputError: Nobody can listen there.
    """
    from cheroot.wsgi import Server

    http = Server(
        (host, port), application, numthreads=8, max=THREADS, server_name="tiercel", shutdown_timeout=SHUTDOWN
    )
    try:
        http.prepare()
    except OSError as error:
        raise InputError(f"cannot listen at {host}:{port}: {error.strerror or error}; --port names another") from None
    thread = threading.Thread(target=http.serve, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        http.stop()
        thread.join(SHUTDOWN)


@contextmanager
def _chores(runtime: Runtime) -> Iterator[None]:
    """Take over what other processes on the store leave, while the block runs."""
    stopped = threading.Event()

    def run() -> None:
        while not stopped.wait(ADOPTED):
            try:
                runtime.bus.adopt()
            except TiercelError as error:
                click.echo(f"warning: {error}", err=True)

    threading.Thread(target=run, name="chores", daemon=True).start()
    try:
        yield
    finally:
        stopped.set()


def _until_stopped() -> None:
    """Wait for Ctrl-C or SIGTERM; a second one ends the process at once."""
    stopped = threading.Event()

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopped.is_set():
            os._exit(128 + number)
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    stopped.wait()
