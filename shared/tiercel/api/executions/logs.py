"""Logs (api.md, 5): of one execution, as a list, as a file, as they come; and found over many executions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tiercel import actions
from tiercel.api.calls import Answer, Call, Page, page_of
from tiercel.api.executions.following import is_over
from tiercel.api.executions.loglines import LOGS, Entry, Tail, entries
from tiercel.api.executions.searching import every, headers, named_headers, named_in
from tiercel.api.executions.triggerlines import Line, Waiting, said_by_triggers
from tiercel.api.failures import UnprocessableError
from tiercel.api.filters import Filter
from tiercel.api.matching import plan
from tiercel.api.parameters import Parameter
from tiercel.api.routing import routes
from tiercel.api.site import Site
from tiercel.api.streams import Event, Source, stream
from tiercel.errors import NotFoundError
from tiercel.model.execution import Execution, encode

MOST_LOOKED_AT, MOST_READ = 10_000, 1_000
"""Executions that one search looks at, and those of them whose logs it reads (docs/limits.md)."""

LINGERS = 2.0
"""Seconds for which a stream waits for late lines after the end of its execution."""

AFTERWARDS = 3600.0
"""Seconds after its end in which an execution may still log (afterExecution)."""


@routes.route("GET", "/logs/{executionId}", filtered=True)
def list_logs(call: Call) -> object:
    """Return the log entries of an execution, oldest first."""
    view = call.site.parts.view
    return [entry.as_json() for entry in entries(view, view.header(call.path["executionId"]), call.filter)]


@routes.route("GET", "/logs/{executionId}/download", filtered=True, gives="text/plain")
def download_logs(call: Call) -> object:
    """Return the log of an execution as a file."""
    view, execution = call.site.parts.view, call.path["executionId"]
    found = entries(view, view.header(execution), call.filter)
    headers = {"Content-Disposition": f'attachment; filename="{execution}.log"'}
    return Answer(
        "".join(entry.as_text() for entry in found), headers=headers, content_type="text/plain; charset=utf-8"
    )


@routes.route("GET", "/logs/{executionId}/follow", filtered=True, gives="text/event-stream")
def follow_logs(call: Call) -> object:
    """Follow the log of an execution: first what is there, then what comes."""
    test = LOGS.test(call.filter)
    tail = Tail(call.site.parts.view, test)
    return stream(call, lambda header: _log_events(call.site, header, tail), call.path["executionId"])


def _log_events(site: Site, first: Execution, tail: Tail) -> Source:
    yield Event("start", b"{}")
    parts, over_since = site.parts, None
    while True:
        try:
            header = parts.view.header(first.id)
        except NotFoundError:
            return  # purged
        for entry in tail.look(header):
            yield Event("progress", encode(entry.as_json()))
        now = parts.lanes.now()
        over_since = (over_since or min(now, header.at[-1][1])) if is_over(header) else None
        if over_since is not None and now - over_since >= LINGERS:
            yield Event("end", b"{}")
            return
        yield None


@routes.route("GET", "/logs/search", paged=True, filtered=True)
def search_logs(call: Call) -> object:
    """Return a page of log entries, those of the newest executions first; triggers' own stand among them by time."""
    newest_first = _order(call.page)
    found, total = _found(call.site, call.filter, call.page, newest_first)
    return {"type": "OFFSET", **page_of([entry.as_json() for entry in found], total)}


def _order(page: Page) -> bool:
    """Return whether the newest come first."""
    for field, _ in page.sort:
        if field != "timestamp":
            raise UnprocessableError(f"logs cannot be sorted by '{field}'; they can by timestamp")
    return page.sort[0][1] if page.sort else True


def _found(site: Site, wanted: Filter | None, page: Page, newest_first: bool) -> tuple[list[Line], int]:
    """Return a page, and how many entries were found: all of them, or so many that there is more than the page."""
    first, number = (page.number - 1) * page.size, 0
    shown: list[Line] = []
    for some in _lines(site, wanted, newest_first):
        for line in some:
            if first <= number < first + page.size:
                shown.append(line)
            number += 1
        if number > first + page.size:
            break
    return shown, number


def _lines(site: Site, wanted: Filter | None, newest_first: bool) -> Iterator[list[Line]]:
    """Yield what is found: the lines of one execution after another, what triggers say in its place among them."""
    waiting = Waiting(said_by_triggers(site.parts.store, wanted), newest_first=newest_first)
    for header in _executions(site, wanted, newest_first):
        yield waiting.among(entries(site.parts.view, header, wanted, newest_first=newest_first))
    yield waiting.rest()


def _executions(site: Site, wanted: Filter | None, newest_first: bool) -> Iterator[Execution]:
    """Yield the executions that may have such entries."""
    LOGS.test(wanted)
    found, store = plan(wanted), site.parts.store
    named = named_in(found)
    if named is not None:
        possible: Iterable[Execution] = named_headers(store, named, newest_first)
    else:
        possible = headers(store, {**found.index, "since": None}, newest_first)
    read = 0
    for looked, header in enumerate(possible, 1):
        since = found.index.get("since")
        if since is None or not is_over(header) or header.at[-1][1] + AFTERWARDS >= since:
            read += 1
            yield header
        if looked >= MOST_LOOKED_AT or read >= MOST_READ:
            return


@routes.route("DELETE", "/logs/{executionId}", filtered=True, gives="")
def delete_logs(call: Call) -> object:
    """Delete log entries of an execution that has ended."""
    test, header = LOGS.test(call.filter), call.site.parts.view.header(call.path["executionId"])
    actions.delete_logs(call.site.parts, header.id, lambda line, run: test(Entry(header, run, line)))
    return Answer(None)


@routes.route("DELETE", "/logs/{namespace}/{flowId}", parameters=[Parameter("triggerId")], gives="")
def delete_logs_of_flow(call: Call) -> object:
    """Delete the logs of a flow's executions, those that have not ended left out."""
    parts, trigger = call.site.parts, call.query["triggerId"]
    names = (("namespace", call.path["namespace"]), ("flowId", call.path["flowId"]))
    wanted = Filter("and", tuple(Filter("is", (), name, "EQUALS", value, name) for name, value in names))
    for header in every(parts.store, wanted):
        by = header.trigger.id if header.trigger is not None else None
        if is_over(header) and trigger in (None, by):
            actions.delete_logs(parts, header.id, lambda _line, _run: True)
    return Answer(None)
