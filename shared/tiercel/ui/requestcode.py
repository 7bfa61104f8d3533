"""The request that executes a flow, written out: as a curl command, and in Python with the official client.

Promise: both run as they are once what they name is there: files by their names, secrets and credentials as variables
of the environment, which are never written out.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tiercel.api.routing import TENANT
from tiercel.api.sessions import is_closed
from tiercel.api.site import Site
from tiercel.ui.asking import API_ADDRESS, address, with_query
from tiercel.ui.inputforms import Field

CLIENT = "kestrapy==2.0.3"
"""The client with which what is written here was run."""

_NATIVE = frozenset(("INT", "FLOAT", "BOOL", "BOOLEAN", "JSON", "ARRAY", "MULTISELECT"))
"""Types whose values the client turns into JSON by itself."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    site: Site
    namespace: str
    flow: str
    fields: Sequence[Field]
    files: Mapping[str, str]
    """The names of the files that were chosen, by input."""
    secrets: frozenset[str]
    """The inputs whose secret was filled in."""
    query: Sequence[tuple[str, str]]
    """`labels` (any number), `scheduleDate`, `revision`, `breakpoints`; empty for none."""

    def values(self) -> Iterator[tuple[Field, object]]:
        """Yield the inputs that are sent, each with its value; of a secret, None."""
        for field in self.fields:
            if field.type == "FORM" or not field.enabled:
                continue
            if field.type == "FILE" and not field.place:
                if field.id in self.files or field.required:
                    yield field, self.files.get(field.id, "FILE")
            elif field.type == "SECRET":
                if field.required or field.id in self.secrets:
                    yield field, None
            elif field.value not in (None, "", []):
                yield field, field.value


def _variable(name: str) -> str:
    """Return the variable of the environment that holds a secret input."""
    return "INPUT_" + re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# ------------------------------------------------------------------ curl


def as_curl(request: Request) -> str:
    """Return the command; a shell as POSIX has it reads it."""
    path = with_query(address("/executions/{}/{}", request.namespace, request.flow), request.query)
    url = f"{request.site.url.rstrip('/')}{API_ADDRESS}{path}"
    parts = [f"curl -X POST {shlex.quote(url)}", *_curl_credentials(request.site)]
    for field, value in request.values():
        if value is None:
            parts.append(f'--form-string {shlex.quote(field.id)}="${_variable(field.id)}"')
        elif field.type == "FILE" and not field.place:
            name = str(value).replace("\\", "\\\\").replace('"', '\\"')
            parts.append("-F " + shlex.quote(f'{field.id}=@"{name}"'))
        else:
            parts.append("--form-string " + shlex.quote(f"{field.id}={_text(value)}"))
    return " \\\n  ".join(parts)


def _curl_credentials(site: Site) -> list[str]:
    if not is_closed(site):
        return []
    return ['-u "$KESTRA_USER:$KESTRA_PASSWORD"' if site.credentials else '-H "Authorization: Bearer $KESTRA_TOKEN"']


# ------------------------------------------------------------------ Python


def as_python(request: Request) -> str:
    """Return a script that starts the execution and prints its id."""
    given = list(request.values())
    inputs = [f"    {_literal(field.id)}: {_python_value(field, value)}," for field, value in given]
    uploads = any(field.type == "FILE" and not field.place for field, _ in given)
    secret = is_closed(request.site) or any(value is None for _, value in given)
    imports = ["import os"] * secret + ["from pathlib import Path"] * uploads
    return "\n".join(
        [
            f"# pip install {CLIENT}",
            *imports,
            *([""] if imports else []),
            "from kestrapy.kestra_client import KestraClient",
            "",
            *(["inputs = {", *inputs, "}"] if inputs else []),
            f"with KestraClient({', '.join(_connection(request.site))}) as client:",
            "    execution = client.executions.create_execution(",
            *(f"        {_literal(each)}," for each in (TENANT, request.namespace, request.flow)),
            *(["        inputs=inputs,"] if inputs else []),
            *_python_query(request.query),
            "    )",
            "    print(execution.id)",
            "",
        ]
    )


def _connection(site: Site) -> Iterator[str]:
    parts = urlsplit(site.url)
    host = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    yield f"host={_literal(host)}"
    if is_closed(site):
        names = ("username", "password") if site.credentials else ("token",)
        variables = {"username": "KESTRA_USER", "password": "KESTRA_PASSWORD", "token": "KESTRA_TOKEN"}
        yield from (f"{each}=os.environ[{_literal(variables[each])}]" for each in names)


def _python_query(query: Sequence[tuple[str, str]]) -> Iterator[str]:
    labels = [value for name, value in query if name == "labels"]
    if labels:
        yield f"        labels=[{', '.join(map(_literal, labels))}],"
    for name, value in query:
        if name == "scheduleDate" and value:
            yield f"        schedule_date={_literal(value)},"
        elif name == "revision" and value:
            yield f"        revision={int(value)},"
        elif name == "breakpoints" and value:
            yield f"        breakpoints={_literal(value)},"


def _python_value(field: Field, value: object) -> str:
    if value is None:
        return f"os.environ[{_literal(_variable(field.id))}]"
    if field.type == "FILE" and not field.place:
        name = _literal(str(value))
        return f"({name}, Path({name}).read_bytes())"
    if field.type in _NATIVE and not isinstance(value, str):
        return _literal(value)
    return _literal(_text(value))


def _literal(value: object) -> str:
    """Return a value as Python writes it; texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(str(name))}: {_literal(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)
