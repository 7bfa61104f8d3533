"""The beginning of a file of an execution, as what it is: text, a picture, records as a table."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tiercel.ui.asking import with_query
from tiercel.ui.visit import Shown, Visit, ui

PICTURES = {"svg": "svg+xml", "jpg": "jpeg", "ico": "x-icon"}
ROWS = "100"

MOST_SHOWN = 8_000_000
"""Characters of a PDF, as they stand in the page; a larger one is downloaded."""


def show(visit: Visit) -> Shown:
    """Show a file."""
    path, rows, encoding = visit.given("path"), visit.given("maxRows", ROWS), visit.given("encoding", "UTF-8")
    names = visit.path["namespace"], visit.path["flowId"], visit.path["id"]
    query = {"path": path, "maxRows": rows, "encoding": encoding}
    found = visit.api.get("/executions/{}/file/preview", _owner(path, names[2]), query=query)
    if found["type"] == "TEXT" and found["extension"] in _RECORDS:
        records = _RECORDS[found["extension"]](found["content"])
        found = found if records is None else {**found, "type": "LIST", "content": records}
    values = {
        "preview": found,
        "path": path,
        "rows": rows,
        "encoding": encoding,
        "columns": _columns(found["content"]) if found["type"] == "LIST" else [],
        "picture": f"data:image/{PICTURES.get(found['extension'], found['extension'])};base64,",
        "download": with_query(f"/executions/{names[2]}/file", {"path": path}),
        "fits": len(found["content"]) < MOST_SHOWN,
    }
    page = ui("/executions/{}/{}/{}", *names)
    crumbs = (("Executions", "/ui/executions"), (names[1], ui("/flows/edit/{}/{}", *names[:2])), (names[2], page))
    return Shown(
        "preview",
        path.rpartition("/")[2],
        values,
        (*crumbs, ("Outputs", f"{page}/outputs")),
        "executions",
        allows="object-src data:; frame-src data:" if found["type"] == "PDF" else "",
    )


def _owner(path: str, execution: str) -> str:
    """Return the execution that a file's URI names, as one that was called does; else the page's own."""
    before, found, after = path.partition("/executions/")
    return after.partition("/")[0] if before and found else execution


def _json_lines(text: str) -> list[Any] | None:
    """Return the values of a file with one on each line; None where it is something else."""
    try:
        return [msgspec.json.decode(line) for line in text.splitlines() if line.strip()]
    except msgspec.DecodeError:
        return None


def _csv(text: str) -> list[dict[str, str]]:
    """Return the lines of a CSV file under the names of its first line."""
    rows = [row for row in csv.reader(text.splitlines()) if row]
    names = rows[0] if rows else []
    return [dict(zip([*names, *map(str, range(len(names) + 1, len(row) + 1))], row, strict=False)) for row in rows[1:]]


_RECORDS: Mapping[str, Callable[[str], list[Any] | None]] = {"csv": _csv, "jsonl": _json_lines, "ndjson": _json_lines}
"""What makes records of a text, by the file's ending."""


def _columns(records: list[Any]) -> list[str]:
    """Return the names in the records, in the order in which they come; none where they are no maps."""
    if not all(isinstance(record, dict) for record in records):
        return []
    return list(dict.fromkeys(name for record in records for name in record))
