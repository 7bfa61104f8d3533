"""What fits at a place of a flow's text, for editors: `POST /flows/complete`; ours, Kestra has none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import msgspec

from tiercel.api.bodies import read_json
from tiercel.api.calls import Call
from tiercel.api.routing import JSON, routes
from tiercel.authoring.completing import Known, complete, namespace_of
from tiercel.errors import TiercelError


class Wanted(msgspec.Struct):
    """A text and a place in it."""

    source: str
    line: int
    """Counted from 1."""
    column: int
    """Counted from 1: 1 is before the first character of the line."""


@routes.route("POST", "/flows/complete", body=JSON, shape=Wanted)
def complete_flow(call: Call) -> object:
    """Return what fits at a place of a flow's text.

    The answer is `{kind, from, to, options: [{label, type, detail, info, required, apply}]}`; an option replaces what
    stands from column `from` up to column `to`, which is the cursor's.
    """
    wanted = read_json(call, Wanted)
    found = complete(wanted.source, wanted.line, wanted.column, _known(call, wanted.source))
    return {
        "kind": found.kind,
        "from": wanted.column - len(found.word),
        "to": wanted.column,
        "options": [option.as_json() for option in found.options],
    }


def _known(call: Call, source: str) -> Known:
    """Return what the installation holds, as far as the text can use it."""
    parts = call.site.parts
    namespace = namespace_of(source)
    secrets: Sequence[str] = ()
    keys: Sequence[str] = ()
    if "secret(" in source:
        with suppress(TiercelError):  # they may not be listed here
            secrets = parts.services.secrets.names()
    if namespace and "kv(" in source:
        keys = [entry.key for entry in parts.services.keys.list(namespace)]
    return Known([(record.namespace, record.id) for record in parts.flows.all()], secrets, keys)
