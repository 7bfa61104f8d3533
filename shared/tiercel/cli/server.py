"""`tiercel server`: the engine, the HTTP door with API and pages, and the scheduler in one process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import click

from tiercel.cli.stores import folder_of
from tiercel.cli.where import LOCAL, Where, store_option
from tiercel.errors import TiercelError

if TYPE_CHECKING:
    from tiercel.runtime import Runtime

CHORES = 30.0
"""Seconds between two looks for messages of other processes on the store that have ended, and for memory to free."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 for every address.")
@click.option("--port", default=8080, show_default=True, help="The port.")
@click.option("--url", help="Where people reach the server, for links.  [default: http://HOST:PORT]")
@click.option("--user", envvar="TIERCEL_USER", show_envvar=True, help="A user name that must be shown (HTTP Basic).")
@click.option("--password", envvar="TIERCEL_PASSWORD", show_envvar=True, help="The password that goes with it.")
@click.option("--token", envvar="TIERCEL_TOKEN", show_envvar=True, help="A token that is as good (Bearer).")
@click.option(
    "--environment", envvar="TIERCEL_ENVIRONMENT", show_envvar=True, help="What the pages call it: Production."
)
@click.option(
    "--environment-color",
    envvar="TIERCEL_ENVIRONMENT_COLOR",
    show_envvar=True,
    help="The colour that goes with it: '#c0322b', tomato.",
)
@store_option
def server(
    host: str,
    port: int,
    url: str | None,
    user: str | None,
    password: str | None,
    token: str | None,
    environment: str | None,
    environment_color: str | None,
    store: Where,
) -> None:
    """Serve flows: web pages at /ui, REST API and webhooks at /api/v1, schedules, until Ctrl-C.

    What runs when it is stopped, or killed, goes on when it is started again.
    """
    _look_at(store, host, user, password, token)
    from tiercel.api.site import Site
    from tiercel.cli.httpserver import serving
    from tiercel.runtime import embedded
    from tiercel.ui.mounting import Application

    credentials = (user, password) if user and password else None
    with embedded(folder_of(store)) as runtime:
        called = environment or "", environment_color or ""
        site = Site(runtime, url or f"http://{host}:{port}", credentials, token or "", *called)
        with serving(Application(site), host, port, site.close), _chores(runtime):
            runtime.scheduler.start()
            click.echo(f"tiercel listens at http://{host}:{port} on the store {runtime.folder}; Ctrl-C stops it")
            _until_stopped()
            click.echo("stopping")


def _look_at(store: Where, host: str, user: str | None, password: str | None, token: str | None) -> None:
    """Refuse options that do not go together, and warn of a door that is open."""
    if store.on != LOCAL:
        raise click.UsageError(f"--on {store.on}: the functions serve there; `tiercel server` is for this machine")
    if bool(user) != bool(password):
        raise click.UsageError("--user and --password go together")
    if host not in ("127.0.0.1", "localhost", "::1") and not (user or token):
        click.echo("warning: everybody who reaches this address can run flows: --user, --password", err=True)


@contextmanager
def _chores(runtime: Runtime) -> Iterator[None]:
    """Take over what other processes on the store leave, and free memory when it is quiet, while the block runs."""
    from tiercel.cli.memory import Tidier

    stopped, tidier = threading.Event(), Tidier()

    def run() -> None:
        while not stopped.wait(CHORES):
            tidier.look()
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
