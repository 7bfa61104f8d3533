"""Routes of the files of namespaces (api.md, 9)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

from werkzeug.http import dump_options_header

from tiercel.adapters.uris import segments
from tiercel.api.calls import Answer, Call, Stream
from tiercel.api.executions.files import pieces
from tiercel.api.failures import UnprocessableError
from tiercel.api.namespaces.places import namespace_of
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.api.uploads import is_form, prepare
from tiercel.authoring.filebundles import FLOWS, flow_at, is_flow, pack, unpack
from tiercel.errors import NotFoundError, TiercelError
from tiercel.namespaces.files import Entry, NamespaceFiles, clean_path

PATH = Parameter("path", required=True, description="Where it is: `/dir/name`.")
FOLDER = Parameter("path", default="", description="A file or a folder; all of the namespace by default.")
PART = "fileContent"
"""The part of a form that is the file."""
ONLY_REVISION = 1
BINARY = "application/octet-stream"


def _files(call: Call) -> NamespaceFiles:
    return call.site.parts.services.files


def _namespace(call: Call) -> str:
    """Return the namespace of the path; one below whose folder other files would lie is refused."""
    namespace = namespace_of(call)
    if "_files" in namespace.split("."):
        raise UnprocessableError(f"'{namespace}' cannot have files: '_files' names the folder in which files lie")
    return namespace


def _path(call: Call, name: str = "path") -> str:
    """Return a clean path of the query; empty for the namespace's own folder.

    Raises:
        UnprocessableError: It leads out of the namespace, also once it is decoded again, or stands for flows.
    """
    text = str(call.query[name])
    if not text.strip("/"):
        return ""
    try:
        path = clean_path(text)
        clean_path(unquote(text))
        if "://" in text:
            raise ValueError(f"'{text}' is a URI; write the path alone")
        segments(_files(call).uri(_namespace(call), path))
    except (ValueError, TiercelError) as error:
        raise UnprocessableError(str(error)) from None
    return path


def _own_path(call: Call, name: str = "path") -> str:
    """Return a clean path that is neither the namespace's own folder nor stands for flows."""
    path = _path(call, name)
    if not path or is_flow(path):
        raise UnprocessableError(f"{name} is '{call.query[name]}', wanted a file or folder outside /{FLOWS}")
    return path


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell a client what a storage refuses, such as a name that is too long: it is not the server's failure."""
    try:
        yield
    except TiercelError as error:
        if type(error) is TiercelError:
            raise UnprocessableError(str(error)) from None
        raise


def _view(entry: Entry) -> dict[str, Any]:
    """Return a file or a folder as lists show it."""
    at = int(entry.written * 1000)
    return {
        "fileName": entry.path.rpartition("/")[2] or "_files",
        "type": "Directory" if entry.is_folder else "File",
        "size": entry.size,
        "lastModifiedTime": at,
        "creationTime": at,
        "metadata": {},
    }


@routes.route("POST", "/namespaces/{namespace}/files", parameters=[PATH], body="multipart/form-data", gives="")
def write_file(call: Call) -> object:
    """Write a file, the part `fileContent`; a `.zip` is unpacked, and a file below `/_flows` is deployed."""
    namespace, path = _namespace(call), _path(call)
    name, content = _content(call)
    files, flows = _files(call), call.site.parts.flows
    with _refusals():
        if name.lower().endswith(".zip"):
            unpack(files, flows, namespace, content)
        elif is_flow(path):
            flows.deploy(flow_at(path, content.read(), namespace))
        else:
            files.check_places(namespace, [_own_path(call)])
            files.write(namespace, path, content)
    return Answer()


def _content(call: Call) -> tuple[str, BinaryIO]:
    """Return the file that a request holds, with its own name; an empty one where it holds nothing."""
    request = call.request
    if not is_form(request):
        return "", BytesIO()
    prepare(request)
    if PART in request.files:
        found = request.files[PART]
        return found.filename or "", cast(BinaryIO, found.stream)
    if PART in request.form:
        return "", BytesIO(request.form[PART].encode())
    raise UnprocessableError(f"the form has no part '{PART}', which is the file")


@routes.route(
    "GET",
    "/namespaces/{namespace}/files",
    parameters=[PATH, Parameter("revision", "integer", ONLY_REVISION, description="Files have one.")],
    gives=BINARY,
)
def read_file(call: Call) -> object:
    """Return a file's content."""
    namespace, path, files = _namespace(call), _own_path(call), _files(call)
    if call.query["revision"] != ONLY_REVISION:
        raise NotFoundError(f"'{path}' has no revision {call.query['revision']}: a namespace file has one, the current")
    uri = files.uri(namespace, path)
    headers = {
        "Content-Length": str(files.objects.size(uri)),
        "Content-Disposition": dump_options_header("attachment", {"filename": path.rpartition("/")[2]}),
    }
    return Stream(pieces(files.objects, uri), BINARY, headers)


@routes.route("DELETE", "/namespaces/{namespace}/files", parameters=[PATH], gives="")
def delete_file(call: Call) -> object:
    """Remove a file, or a folder with all that is in it."""
    namespace, path = _namespace(call), _path(call)
    _files(call).remove(namespace, _own_path(call) if path else "")
    return Answer()


@routes.route(
    "PUT",
    "/namespaces/{namespace}/files",
    parameters=[
        Parameter("from", required=True, description="The file or folder."),
        Parameter("to", required=True, description="Its new path."),
    ],
    gives="",
)
def move_file(call: Call) -> object:
    """Move a file or a folder."""
    with _refusals():
        _files(call).move(_namespace(call), _own_path(call, "from"), _own_path(call, "to"))
    return Answer()


@routes.route("POST", "/namespaces/{namespace}/files/directory", parameters=[PATH], gives="")
def make_folder(call: Call) -> object:
    """Make a folder."""
    with _refusals():
        _files(call).make_folder(_namespace(call), _own_path(call))
    return Answer()


@routes.route("GET", "/namespaces/{namespace}/files/directory", parameters=[FOLDER])
def list_folder(call: Call) -> object:
    """Return what lies directly in a folder."""
    return [_view(entry) for entry in _files(call).children(_namespace(call), _path(call))]


@routes.route("GET", "/namespaces/{namespace}/files/stats", parameters=[FOLDER])
def file_stats(call: Call) -> object:
    """Return what is known of a file or a folder."""
    return _view(_files(call).entry(_namespace(call), _path(call)))


@routes.route("GET", "/namespaces/{namespace}/files/revisions", parameters=[PATH])
def file_revisions(call: Call) -> object:
    """Return the revisions of a file: the current one."""
    files = _files(call)
    files.objects.size(files.uri(_namespace(call), _own_path(call)))
    return [{"revision": ONLY_REVISION}]


@routes.route(
    "GET",
    "/namespaces/{namespace}/files/search",
    parameters=[Parameter("q", default="", description="A part of the path; all files by default.")],
)
def search_files(call: Call) -> object:
    """Return the paths of the files whose path holds a text, in any case."""
    part = str(call.query["q"]).lower()
    paths = (f"/{file.path}" for file in _files(call).list(_namespace(call)))
    return [path for path in paths if part in path.lower()]


@routes.route("GET", "/namespaces/{namespace}/files/export", gives=BINARY)
def export_files(call: Call) -> object:
    """Return a ZIP with the files of a namespace and its flows."""
    namespace = _namespace(call)
    headers = {"Content-Disposition": dump_options_header("attachment", {"filename": f"{namespace}_files.zip"})}
    return Stream(pack(_files(call), call.site.parts.flows, namespace), BINARY, headers)
