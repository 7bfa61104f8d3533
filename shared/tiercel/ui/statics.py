"""Files that pages load: our own, and those that `make ui` has built. Their address holds the hash of all of them.

Promise: an address never changes what it gives, so browsers keep it for ever; a new release has other addresses.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from werkzeug.wrappers import Request, Response

HERE = Path(__file__).parent
OWN, BUILT = HERE / "assets", HERE / "built"

FOREVER = "public, max-age=31536000, immutable"

KINDS = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
    "map": "application/json",
}
"""What a browser may load, by its ending."""


@cache
def files() -> dict[str, Path]:
    """Return the files by their names; built ones do not hide our own."""
    found = [path for folder in (BUILT, OWN) if folder.is_dir() for path in sorted(folder.iterdir())]
    return {path.name: path for path in found if path.suffix.lstrip(".") in KINDS}


@cache
def digest() -> str:
    """Return the hash of all files."""
    found = hashlib.sha256()
    for name, path in sorted(files().items()):
        found.update(name.encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


@cache
def built() -> Mapping[str, Any]:
    """Return what is built: `boot` and `styles` name a file each, `islands` the files of each; empty for nothing."""
    manifest = BUILT / "manifest.json"
    found: dict[str, Any] = json.loads(manifest.read_text()) if manifest.is_file() else {}
    return found


def static(name: str) -> str:
    """Return the address of a file."""
    return f"/ui/static/{digest()}/{name}"


def answer(request: Request, name: str, shown_digest: str) -> Response | None:
    """Return a file; None where there is none of that name."""
    path, kind = files().get(name), KINDS.get(name.rpartition(".")[2])
    if path is None or kind is None:
        return None
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    headers = {
        "Cache-Control": FOREVER if shown_digest == digest() else "no-cache",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(_content(path, packed=packed), headers=headers, content_type=kind)


@cache
def _content(path: Path, *, packed: bool) -> bytes:
    before = path.with_name(f"{path.name}.gz")
    if packed and before.is_file():
        return before.read_bytes()
    content = path.read_bytes()
    return gzip.compress(content, 9, mtime=0) if packed else content
