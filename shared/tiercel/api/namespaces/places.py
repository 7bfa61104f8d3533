"""The namespace that a path names, checked before anything is looked for."""

from __future__ import annotations

import re

from tiercel.api.calls import Call
from tiercel.api.failures import UnprocessableError

_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9._-]{0,149}")


def checked_namespace(name: str) -> str:
    """Return a namespace, or raise UnprocessableError where it is not spelled as those of flows are."""
    if not _NAMESPACE.fullmatch(name):
        raise UnprocessableError(
            f"'{name:.200}' is not a namespace: wanted at most 150 lower-case letters, digits, '.', '-' and '_', "
            "the first a letter or digit"
        )
    return name


def namespace_of(call: Call) -> str:
    """Return the namespace of the path, or raise UnprocessableError where it is none."""
    return checked_namespace(call.path["namespace"])
