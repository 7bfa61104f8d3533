"""`tiercel files`: the internal storage."""

from __future__ import annotations

import shutil

import click

from tiercel.cli.outcome import binary_output
from tiercel.cli.stores import reading
from tiercel.cli.where import Where, store_option


@click.group()
def files() -> None:
    """Read files of the internal storage."""


@files.command()
@click.argument("uri")
@store_option
def cat(uri: str, store: Where) -> None:
    """Write the file of a kestra:/// URI to the standard output."""
    if not uri.startswith("kestra://"):
        raise click.BadParameter(f"found '{uri}', wanted kestra:///...", param_hint="URI")
    with reading(store) as runtime, runtime.services.objects.open(uri) as file:
        shutil.copyfileobj(file, binary_output())
