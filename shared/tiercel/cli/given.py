"""Inputs as they are given on the command line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.cli.failures import say_warning
from tiercel.cli.options import json_object, pairs

if TYPE_CHECKING:
    from tiercel.model.flow import Flow


def user_name() -> str | None:
    """Return the name under which whoever types is logged in; None where the machine knows none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container's user often has a number and no name
        return None


def read_inputs(texts: Iterable[str], file: str | None) -> dict[str, Any]:
    """Return the inputs of a JSON file and of `--input` options, which go before it."""
    found: dict[str, Any] = {}
    if file is not None:
        found = json_object(Path(file).read_bytes(), "--inputs-file")
    found.update(pairs(texts, "=", "--input", "NAME=VALUE"))
    return found


def warn_of_unknown(flow: Flow, supplied: Mapping[str, Any]) -> None:
    """Warn of names for which the flow has no input: their values are ignored."""
    if not supplied:
        return
    from tiercel.model.inputs import flat_inputs

    known = [identifier for identifier, _, _ in flat_inputs(flow.inputs)]
    for name in _unknown(supplied, known, ""):
        near = difflib.get_close_matches(name, known, 1)
        remedy = f"nearest is '{near[0]}'" if near else f"it has {', '.join(known) or 'none'}"
        say_warning(f"the flow {flow.namespace}.{flow.id} has no input '{name}': {remedy}; the value is ignored")


def _unknown(supplied: Mapping[str, Any], known: list[str], above: str) -> Iterator[str]:
    for key, value in supplied.items():
        name = above + key
        if name in known:
            continue
        if isinstance(value, Mapping) and any(each.startswith(f"{name}.") for each in known):
            yield from _unknown(value, known, f"{name}.")
        else:
            yield name
