"""`tiercel emulate`: Google's services on this machine, with the functions, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

NAMES = (
    "PUBSUB_EMULATOR_HOST",
    "FIRESTORE_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
    "GOOGLE_CLOUD_PROJECT",
    "TIERCEL_URL",
    "TIERCEL_BUCKET",
    "TIERCEL_EXECUTIONS_TOPIC",
)
"""The settings that are shown; the file has all of them."""


@click.command()
@click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the settings to this file.")
@click.option("--project", default="tiercel-local", show_default=True, help="The project's id.")
@click.option("--topic", "topics", multiple=True, help="A topic that flows listen to; repeatable.")
@click.option("--bucket", "buckets", multiple=True, help="A bucket more, besides TIERCEL_BUCKET; repeatable.")
@click.option("--logs", type=click.Path(file_okay=False, path_type=Path), help="A folder for what the functions print.")
def emulate(
    env_file: Path | None, project: str, topics: tuple[str, ...], buckets: tuple[str, ...], logs: Path | None
) -> None:
    """Start the emulators of Firestore, Pub/Sub and Cloud Storage, the functions, a relay and a tick each minute.

    Everything listens on 127.0.0.1 only. `tiercel run FILE --on emulators` runs flows on it.
    """
    from tiercel.emulation.stack import Stack

    if env_file is not None:
        env_file.unlink(missing_ok=True)  # whoever waits for it is not to read the addresses of another emulation
    stack = Stack(project=project, topics=topics, buckets=buckets, logs=logs)
    began = time.monotonic()
    with _stoppable(), stack:
        click.echo(
            f"everything answers after {time.monotonic() - began:.1f} s; the functions' logs are in {stack.logs}"
        )
        click.echo(stack.exports(NAMES), nl=False)
        if env_file is not None:
            _write(env_file, stack.exports())
            click.echo(f"all settings are in {env_file}: `. {env_file}` reads them; Ctrl-C stops everything")
        sys.stdout.flush()
        try:
            stack.wait()
        except KeyboardInterrupt:
            click.echo("\nstopping")


def _write(file: Path, text: str) -> None:
    """Write a file that is there whole or not at all, and only ours to read: a key is among the settings."""
    new = file.with_name(f"{file.name}.new")
    new.touch(mode=0o600)
    new.write_text(text)
    new.replace(file)


@contextmanager
def _stoppable() -> Iterator[None]:
    """Take SIGTERM like Ctrl-C while the block runs, and only the first of either: what is being stopped is stopped."""
    numbers = (signal.SIGTERM, signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in numbers:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
