"""Inputs as clients send them: one part of a multipart form each, files with a file name (api.md, 1.6)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tiercel.api.failures import UnprocessableError
from tiercel.model.execution import LARGEST_VALUES
from tiercel.model.inputs import InputBase, flat_inputs
from tiercel.paths import file_name

if TYPE_CHECKING:
    from werkzeug.datastructures import FileStorage
    from werkzeug.wrappers import Request

FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def prepare(request: Request) -> None:
    """Set the limits of a form: its texts become values of an execution, its files are bound by the body's limit."""
    request.max_form_memory_size = LARGEST_VALUES
    request.max_form_parts = 10_000
    if request.mimetype == FORMS[1]:
        request.max_content_length = min(request.max_content_length or LARGEST_VALUES, LARGEST_VALUES)


@contextmanager
def given_inputs(request: Request, declared: Sequence[InputBase]) -> Iterator[dict[str, object]]:
    """Give the values that a request has for inputs, by id; files lie in a folder as long as the block runs.

    Args:
        request: The request; without a body it has none.
        declared: The inputs that are asked for. Parts of other names are passed on, and ignored by whoever resolves.

    Raises:
        UnprocessableError: The body is no form, or a file is empty.
    """
    if not is_form(request):
        yield {}
        return
    prepare(request)
    values: dict[str, object] = {name: _text(request.form.getlist(name)) for name in request.form}
    if not request.files:
        yield values
        return
    with TemporaryDirectory(prefix="tiercel-upload-") as folder:
        known = {name for name, _, _ in flat_inputs(declared)}
        for number, (name, file) in enumerate(request.files.items(multi=True)):
            if name in known or file.filename in known:
                values[name if name in known else str(file.filename)] = _saved(file, Path(folder) / str(number))
        yield values


def is_form(request: Request) -> bool:
    """Tell whether a request holds a form; without one it must hold nothing.

    Raises:
        UnprocessableError: It holds something else.
    """
    if request.mimetype in FORMS:
        return True
    if request.content_length or request.headers.get("Transfer-Encoding"):
        found = request.get_data()
        if found.strip():
            kind = request.mimetype or "no content type"
            raise UnprocessableError(f"the body is {kind}, wanted multipart/form-data")
    return False


def _text(values: list[str]) -> object:
    return values[0] if len(values) == 1 else values


def _saved(file: FileStorage, folder: Path) -> Path:
    """Keep an uploaded file under its own name."""
    folder.mkdir()
    path = folder / file_name(str(file.filename))
    with path.open("wb") as target:
        shutil.copyfileobj(file.stream, target, 1024 * 1024)
    if path.stat().st_size == 0:
        raise UnprocessableError(f"the file '{file.filename}' of the part '{file.name}' is empty")
    return path


def read_labels(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return labels from `key:value` texts.

    Raises:
        UnprocessableError: One has no key or no value.
    """
    found = [(key.strip(), value) for key, _, value in (text.partition(":") for text in texts)]
    for (key, value), text in zip(found, texts, strict=True):
        if not key or not value:
            raise UnprocessableError(f"the label is '{text}', wanted key:value")
    return found
