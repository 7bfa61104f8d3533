"""What becomes of failures: a text on the standard error and an exit code; a trace only for whoever asks for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from tiercel.cli.looks import styled
from tiercel.errors import FlowError, TiercelError

REFUSED = 2
"""Nothing was done: what was asked for is wrong, or cannot be done."""
BUG = 70
"""A failure that is ours (EX_SOFTWARE of sysexits.h)."""
INTERRUPTED = 130
"""Ctrl-C (128 + SIGINT)."""


def run_command(arguments: Sequence[str]) -> int:
    """Run a command; return the exit code, having said on the standard error what went wrong."""
    from tiercel.cli.app import cli

    try:
        code = cli.main(list(arguments), prog_name="tiercel", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return _nobody_reads()
    except (TiercelError, OSError) as error:
        say_error(error)
        return REFUSED
    except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets one line and not a trace
        return _bug(error)
    return code if isinstance(code, int) else 0


def say_error(error: Exception) -> None:
    """Write what went wrong to the standard error."""
    warn("error", describe(error), "red")
    _trace(error)


def say_warning(text: str) -> None:
    """Write a warning to the standard error."""
    warn("warning", text, "yellow")


def warn(word: str, text: str, colour: str) -> None:
    """Write a line that begins with a coloured word to the standard error."""
    click.echo(f"{styled(word + ':', colour)} {text}", err=True)


def describe(error: Exception) -> str:
    """Return an error as text for the one who caused it."""
    if isinstance(error, FlowError):
        count = len(error.problems)
        return f"the flow has {'a problem' if count == 1 else f'{count} problems'}\n{error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    return str(error) or type(error).__name__


def _nobody_reads() -> int:
    """End quietly when the reader of our output has gone (`tiercel ... | head`)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _bug(error: Exception) -> int:
    text = " ".join(str(error).split())
    warn("error", f"this is a bug in Tiercel: {type(error).__name__}: {text[:500]}", "red")
    if not _trace(error):
        click.echo("TIERCEL_DEBUG=1 shows where; please report it with that", err=True)
    return BUG


def _trace(error: Exception) -> bool:
    """Show the trace when the environment asks for it; tell whether it did."""
    if not os.environ.get("TIERCEL_DEBUG"):
        return False
    import traceback

    traceback.print_exception(error, file=sys.stderr)
    return True
