"""The beginning of a file of an execution, as what it is: text, a picture, records as a table."""

from __future__ import annotations

import csv
from typing import Any

from tiercel.ui.asking import with_query
from tiercel.ui.visit import Shown, Visit, ui

PICTURES = {"svg": "svg+xml", "jpg": "jpeg", "ico": "x-icon"}
ROWS = "100"


def show(visit: Visit) -> Shown:
    """Show a file."""
    path, rows, encoding = visit.given("path"), visit.given("maxRows", ROWS), visit.given("encoding", "UTF-8")
    names = visit.path["namespace"], visit.path["flowId"], visit.path["id"]
    found = visit.api.get(
        "/executions/{}/file/preview", names[2], query={"path": path, "maxRows": rows, "encoding": encoding}
    )
    if found["extension"] == "csv" and found["type"] == "TEXT":
        found = {**found, "type": "LIST", "content": _records(found["content"])}
    values = {
        "preview": found,
        "path": path,
        "rows": rows,
        "encoding": encoding,
        "columns": _columns(found["content"]) if found["type"] == "LIST" else [],
        "picture": f"data:image/{PICTURES.get(found['extension'], found['extension'])};base64,",
        "download": with_query(f"/executions/{names[2]}/file", {"path": path}),
    }
    page = ui("/executions/{}/{}/{}", *names)
    crumbs = (("Executions", "/ui/executions"), (names[1], ui("/flows/edit/{}/{}", *names[:2])), (names[2], page))
    return Shown("preview", path.rpartition("/")[2], values, (*crumbs, ("Outputs", f"{page}/outputs")), "executions")


def _records(text: str) -> list[dict[str, str]]:
    """Return the lines of a CSV file under the names of its first line."""
    rows = [row for row in csv.reader(text.splitlines()) if row]
    names = rows[0] if rows else []
    return [dict(zip([*names, *map(str, range(len(names) + 1, len(row) + 1))], row, strict=False)) for row in rows[1:]]


def _columns(records: list[Any]) -> list[str]:
    """Return the names in the records, in the order in which they come; none where they are no maps."""
    if not all(isinstance(record, dict) for record in records):
        return []
    return list(dict.fromkeys(name for record in records for name in record))
