"""Secrets and `envs` from the environment, and from a `.env` file in the current folder.

Promise: the environment wins over the file; a value never stands in an error's text.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from pathlib import Path

from tiercel.errors import ConflictError, ExpressionError, TiercelError
from tiercel.ports import SecretName

LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*
        (?:'(?P<plain>[^']*)' | "(?P<quoted>(?:[^"\\]|\\.)*)" | (?P<bare>.*?))
        \s*(?:(?:^|(?<=\s)|(?<=['"]))\#.*)?""",
    re.VERBOSE | re.DOTALL,
)
ENVIRONMENT = "environment"
"""Where secrets come from here."""

ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


class EnvironmentSecrets:
    """Secrets in variables `SECRET_<NAME>`, Base64; names are found in any case."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        prefix = "SECRET_"
        self._values = {
            name[len(prefix) :].upper(): value for name, value in environment.items() if name.upper().startswith(prefix)
        }

    def get(self, key: str) -> str:
        """Return a secret's value.

        Raises:
            ExpressionError: There is no such secret, or its value is not Base64.
        """
        value = self._values.get(key.upper())
        if value is None:
            raise no_secret(key)
        try:
            text = "".join(value.split()).rstrip("=")
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError):
            # No cause: it would carry the value into a log.
            raise ExpressionError(
                f"The secret '{key}' is not Base64 text: set SECRET_{key.upper()} to what `base64` gives for it."
            ) from None

    def names(self) -> list[str]:
        """Return the secrets' names in upper case, sorted."""
        return sorted(self._values)

    def listed(self) -> list[SecretName]:
        """Return the secrets, sorted by their names."""
        return [SecretName(name, ENVIRONMENT) for name in self.names()]

    is_writable = False

    def put(self, key: str, value: str, description: str = "") -> None:  # noqa: ARG002 - as every store of secrets
        """Refuse: a process does not change the environment of the next one."""
        raise fixed(key)

    def delete(self, key: str) -> None:
        """Refuse, as `put`."""
        raise fixed(key)


def fixed(key: str) -> ConflictError:
    """Return the error that says that a secret is changed elsewhere."""
    return ConflictError(
        f"the secret '{key:.200}' is read from the environment: set SECRET_{key.upper():.200} to its value in Base64, "
        "or unset it, and start again"
    )


def no_secret(key: str) -> ExpressionError:
    """Return the error that says that there is no such secret."""
    return ExpressionError(f"Cannot find secret for key '{key}'.")


def read_environment(folder: Path | None = None, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment over the variables of the folder's `.env` file, if there is one.

    Args:
        folder: Where to look for `.env`; by default the current folder.
        environment: The variables that win; by default those of this process.
    """
    file = (folder or Path.cwd()) / ".env"
    try:
        lines = parse(file.read_text("utf-8-sig"), str(file))
    except (FileNotFoundError, IsADirectoryError):
        lines = {}
    except (OSError, UnicodeDecodeError) as error:
        raise TiercelError(f"{file} cannot be read: {error}; see that it is text and ours, or remove it") from error
    return {**lines, **(os.environ if environment is None else environment)}


def parse(text: str, source: str = ".env") -> dict[str, str]:
    """Return the variables of a `.env` file: `NAME=value`, quotes, comments, `export`.

    Raises:
        TiercelError: A line is none of these; it is named by its number, not by its text.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise TiercelError(f"{source}:{number}: expected NAME=value, NAME='value', NAME=\"value\" or # comment")
        if match["quoted"] is not None:
            value = re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), match["quoted"])
        else:
            value = match["plain"] if match["plain"] is not None else match["bare"]
        found[match["name"]] = value
    return found


def envs(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what expressions see as `envs`: `ENV_A_B` and `KESTRA_A_B` as `a_b`, where `ENV_` wins."""
    return {
        name[len(prefix) :].lower(): value
        for prefix in ("KESTRA_", "ENV_")
        for name, value in environment.items()
        if name.startswith(prefix) and len(name) > len(prefix)
    }
