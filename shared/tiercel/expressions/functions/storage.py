"""Functions that read secrets, keys, files, other flows and the network: all through the world.

Promise: without a namespace argument the world decides which namespaces it looks in.
"""

from __future__ import annotations

from collections.abc import Mapping

from tiercel.errors import ExpressionError
from tiercel.expressions.frame import Frame
from tiercel.expressions.operators import truth
from tiercel.expressions.printing import to_text
from tiercel.expressions.routines import function_named, integer_argument, text_argument
from tiercel.expressions.values import describe, plain


def _optional(value: object, name: str) -> str | None:
    return None if value is None else text_argument(value, name)


@function_named("secret", parameters="key namespace subkey full", required=1, framed=True)
def secret(
    frame: Frame,
    key: object,
    namespace: object = None,
    subkey: object = None,
    full: object = None,  # noqa: ARG001  # an argument of the enterprise edition
) -> object:
    """Return a secret."""
    name = text_argument(key, "key")
    return frame.context.world.secret(name, _optional(namespace, "namespace"), _optional(subkey, "subkey"))


@function_named("kv", parameters="key namespace errorOnMissing", required=1, framed=True)
def kv(frame: Frame, key: object, namespace: object = None, error_on_missing: object = None) -> object:
    """Return the value of a key."""
    strict = True if error_on_missing is None else bool(truth(error_on_missing))
    return frame.context.world.kv(text_argument(key, "key"), _optional(namespace, "namespace"), strict)


@function_named("read", parameters="path namespace revision", required=1, framed=True)
def read(
    frame: Frame,
    path: object,
    namespace: object = None,
    revision: object = None,  # noqa: ARG001  # files have no revisions here
) -> str:
    """Return the text of a file."""
    return frame.context.world.read_file(_path(path), _optional(namespace, "namespace"))


def _path(path: object) -> str:
    if path is None:
        raise ExpressionError("The argument 'path' is null; is the output that holds the file's URI set?")
    return to_text(path)


@function_named("fileURI", parameters="path", required=1, framed=True)
def file_uri(frame: Frame, path: object) -> str:
    """Return the URI of a namespace file."""
    name = text_argument(path, "path").removeprefix("/")
    if "../" in name or name == ".." or "..\\" in name:
        raise ExpressionError(f"The path '{name}' must not leave the namespace by ../")
    try:
        flow = frame.context.variables["flow"]
    except KeyError:
        flow = None
    namespace = flow.get("namespace") if isinstance(flow, Mapping) else None
    if not isinstance(namespace, str):
        raise ExpressionError("The function fileURI needs flow.namespace, which is not set here")
    return f"kestra:///{namespace.replace('.', '/')}/_files/{name}"


@function_named("fileSize", parameters="path", required=1, framed=True)
def file_size(frame: Frame, path: object) -> int:
    """Return the size of a file in bytes."""
    return frame.context.world.file_size(_path(path))


@function_named("fileExists", parameters="path", required=1, framed=True)
def file_exists(frame: Frame, path: object) -> bool:
    """Tell whether a file exists."""
    return frame.context.world.file_exists(_path(path))


@function_named("isFileEmpty", "fileEmpty", parameters="path", required=1, framed=True)
def is_file_empty(frame: Frame, path: object) -> bool:
    """Tell whether a file is empty."""
    return frame.context.world.file_size(_path(path)) == 0


def _map(value: object, name: str) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ExpressionError(f"The argument '{name}' must be a map, found {describe(value)}")
    return plain(value)  # type: ignore[return-value]  # a map stays one


@function_named("http", parameters="uri method query body contentType headers options accept", required=1, framed=True)
def http(
    frame: Frame,
    uri: object,
    method: object = None,
    query: object = None,
    body: object = None,
    content_type: object = None,
    headers: object = None,
    options: object = None,
    accept: object = None,
) -> object:
    """Send a request and return the parsed body of the answer."""
    return frame.context.world.http(
        text_argument(uri, "uri"),
        method="GET" if method is None else text_argument(method, "method"),
        query=_map(query, "query"),
        body=plain(body),
        content_type=_optional(content_type, "contentType") or "application/json",
        headers=_map(headers, "headers"),
        options=_map(options, "options"),
        accept=_optional(accept, "accept") or "application/json",
    )


@function_named("subflow", parameters="namespace id inputs revision labels timeout", required=2, framed=True)
def subflow(
    frame: Frame,
    namespace: object,
    flow_id: object,
    inputs: object = None,
    revision: object = None,
    labels: object = None,
    timeout: object = None,
) -> object:
    """Run a flow and return `{id, state, outputs, labels}`."""
    return frame.context.world.subflow(
        text_argument(namespace, "namespace"),
        text_argument(flow_id, "id"),
        inputs=_map(inputs, "inputs"),
        revision=None if revision is None else integer_argument(revision, "revision"),
        labels=_map(labels, "labels"),
        timeout=None if timeout is None else to_text(timeout),
    )


def _enterprise(name: str, parameters: str) -> None:
    @function_named(name, parameters=parameters)
    def refuse(*_: object) -> object:
        """Refuse what only the enterprise edition has."""
        raise ExpressionError(
            f"The function {name}() belongs to Kestra's enterprise edition and is not configured here"
        )


_enterprise("credential", "key")
_enterprise("appLink", "appId baseUrl")
_enterprise("assets", "id")
