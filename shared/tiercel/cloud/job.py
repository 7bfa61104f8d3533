"""A run of the base job on Cloud Run, `python -m tiercel.cloud.job`: one message, for as long as it takes.

Promise: it ends with 0 where the message is done with. Else Cloud Run begins it again, under the same name and with the
same message, and what the run before has left is taken up as after a worker's death.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import sys
from collections.abc import Mapping

import msgspec

from tiercel.adapters.gcp.jobs import MESSAGE
from tiercel.cloud.handling import DONE
from tiercel.cloud.settings import SettingsError, read_settings
from tiercel.errors import TiercelError
from tiercel.model.messages import WalkLane, decode_message

WELL, FAILED, NOTHING = 0, 1, 2
"""The exit codes: done with; to be begun again; there is nothing that could be done."""

_log = logging.getLogger("tiercel")


class NoMessageError(TiercelError):
    """The environment holds no message that a job takes. The text says what is wrong, and shows no value."""


def main() -> int:
    """Handle the message of this run; return the exit code."""
    from tiercel.adapters.gcp import logs

    logs.set_up(os.environ.get("GOOGLE_CLOUD_PROJECT", ""))
    return work(os.environ)


def work(environment: Mapping[str, str]) -> int:
    """Handle the message that an environment holds; return the exit code."""
    try:
        message = read_message(environment.get(MESSAGE, ""))
        settings = read_settings(environment)
    except (NoMessageError, SettingsError) as error:
        _log.error("this run of the job does nothing: %s", error)
        return NOTHING
    from tiercel.cloud.runtime import connect

    attempt = environment.get("CLOUD_RUN_TASK_ATTEMPT", "")
    cloud = connect(settings, environment)
    try:
        code = cloud.work(message, int(attempt) + 1 if attempt.isdecimal() else 1)
    finally:
        cloud.close()
    return WELL if code == DONE else FAILED


def read_message(text: str) -> WalkLane:
    """Return the message that the variable of a run holds.

    Raises:
        NoMessageError: It holds none.
    """
    if not text:
        raise NoMessageError(f"{MESSAGE} is not set: the function `execute` sets it when it begins a run")
    try:
        message = decode_message(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        raise NoMessageError(f"{MESSAGE} holds no message of the engine's in Base64") from None
    if not isinstance(message, WalkLane):
        raise NoMessageError(f"{MESSAGE} holds the message {type(message).__name__}, wanted WalkLane")
    return message


if __name__ == "__main__":
    sys.exit(main())
