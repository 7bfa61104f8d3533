"""`http.SseRequest` against a server of this machine, and the reading of a stream by itself."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from core_fakes import CoreContext, run
from pydantic import ValidationError

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.tasks.http.sse import SseRequest, events

STREAMS: dict[str, bytes] = {
    "words": b'data: {"message": "a "}\n\ndata: {"message": "b"}\n\n',
    "mixed": b'data: {"message": 1, "list": [2, 3]}\n\ndata: {"other": "x"}\n\ndata: [DONE]\n\n',
    "named": b"id: 7\nevent: tick\nretry: 50\ndata: one\ndata: two\n\n",
    "none": b": only a comment\n\n",
    "long": b"data: " + b"x" * 500 + b"\n\n",
}


class Site(http.server.BaseHTTPRequestHandler):
    """Streams by path; without a length, so that the end of the connection is the end of the stream."""

    accepted: list[str | None]

    def do_GET(self) -> None:
        type(self).accepted.append(self.headers.get("Accept"))
        name = urlsplit(self.path).path.strip("/")
        code = int(name) if name.isdigit() else 200
        self.send_response(code)
        self.send_header("Content-Type", "text/plain" if name == "long" else "text/event-stream; charset=utf-8")
        self.end_headers()
        if name == "endless":
            self.drip()
        else:
            self.wfile.write(STREAMS.get(name, b""))

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def drip(self) -> None:
        try:
            for number in range(200):
                self.wfile.write(b'data: {"n": %d}\n\n' % number)
                time.sleep(0.05)
        except OSError:
            pass

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    Site.accepted = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as opened:
        thread = threading.Thread(target=opened.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{opened.server_port}"
        opened.shutdown()
        thread.join()


@pytest.fixture
def ctx(tmp_path: Path) -> CoreContext:
    return CoreContext(tmp_path)


def warned(ctx: CoreContext) -> list[str]:
    return [line for level, line in ctx.logs if level is Level.WARN]


def test_events_are_gathered_until_the_stream_ends(ctx: CoreContext, server: str) -> None:
    found = run(SseRequest, ctx, uri=f"{server}/words")
    assert found == {
        "uri": f"{server}/words",
        "events": [{"data": '{"message": "a "}'}, {"data": '{"message": "b"}'}],
        "size": 2,
        "result": None,
    }
    assert Site.accepted[-1] == "text/event-stream"
    assert warned(ctx) == []


def test_an_event_says_its_id_its_name_and_when_to_ask_again(ctx: CoreContext, server: str) -> None:
    found = run(SseRequest, ctx, uri=f"{server}/named", method="POST", body="{}", headers={"accept": "text/*"})
    assert found["events"] == [{"id": "7", "event": "tick", "retry": 50, "data": "one\ntwo"}]
    assert Site.accepted[-1] == "text/*"


@pytest.mark.parametrize("program", [".message", "$.message", " $.message", ".message | ascii_downcase"])
def test_what_a_program_finds_is_joined(ctx: CoreContext, server: str, program: str) -> None:
    assert run(SseRequest, ctx, uri=f"{server}/words", concatJqExpression=program)["result"] == "a b"


def test_numbers_and_lists_are_joined_as_text(ctx: CoreContext, server: str) -> None:
    given: dict[str, Any] = {"uri": f"{server}/mixed", "failedOnMissingJq": "false"}
    assert run(SseRequest, ctx, **given, concatJqExpression=".message, .list")["result"] == "1[2,3]"
    assert run(SseRequest, ctx, **given, concatJqExpression=".list[]?")["result"] == "23"
    assert run(SseRequest, ctx, **given, concatJqExpression=".message")["size"] == 3


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (".message", r"event 2 \(\{\"other\": \"x\"\}\): it gives nothing"),
        ("length", r"event 3 \(\[DONE\]\).*not JSON"),
    ],
)
def test_an_event_without_what_is_looked_for_fails_the_task(
    ctx: CoreContext, server: str, program: str, said: str
) -> None:
    with pytest.raises(TaskError, match=said):
        run(SseRequest, ctx, uri=f"{server}/mixed", concatJqExpression=program)


def test_a_program_that_is_none_fails_before_anything_is_asked(ctx: CoreContext, server: str) -> None:
    asked = len(Site.accepted)
    with pytest.raises(TaskError, match="write a jq program"):
        run(SseRequest, ctx, uri=f"{server}/words", concatJqExpression=".a |", failedOnMissingJq=False)
    assert len(Site.accepted) == asked


def test_an_endless_stream_may_be_left(ctx: CoreContext, server: str) -> None:
    found = run(SseRequest, ctx, uri=f"{server}/endless", maxEvents=3, concatJqExpression=".n")
    assert (found["size"], found["result"]) == (3, "012")
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        run(SseRequest, ctx, uri=f"{server}/endless", maxEvents=0)


def test_an_endless_stream_ends_with_the_attempt(ctx: CoreContext, server: str) -> None:
    threading.Timer(0.2, ctx.cancel).start()
    with pytest.raises(TaskError, match="cancelled"):
        run(SseRequest, ctx, uri=f"{server}/endless")


def test_a_stream_has_a_greatest_length(ctx: CoreContext, server: str) -> None:
    with pytest.raises(TaskError, match="more than 100 bytes of events; set maxEvents"):
        run(SseRequest, ctx, uri=f"{server}/long", options={"maxContentLength": 100})


def test_what_is_no_stream_is_a_warning(ctx: CoreContext, server: str) -> None:
    assert run(SseRequest, ctx, uri=f"{server}/long")["size"] == 1
    assert "content type 'text/plain', wanted text/event-stream" in warned(ctx)[0]


def test_a_status_that_counts_as_failed_fails(ctx: CoreContext, server: str) -> None:
    with pytest.raises(TaskError, match="status 503"):
        run(SseRequest, ctx, uri=f"{server}/503")
    assert run(SseRequest, ctx, uri=f"{server}/503", options={"allowFailed": True})["events"] == []
    assert run(SseRequest, ctx, uri=f"{server}/none")["size"] == 0


# ------------------------------------------------------------------ the stream by itself


@pytest.mark.parametrize(
    ("stream", "wanted"),
    [
        ("data: a\r\n\r\ndata: b\r\rdata: c\n\n", ["a", "b", "c"]),
        ("data: a\r\ndata: b\r\n\r\n", ["a\nb"]),
        ("data:a\n\ndata:  b\n\n", ["a", " b"]),
        ("\ufeffdata: a\n\n", ["a"]),
        ("data\n\ndata: \n\n", ["", ""]),
        ("event: empty\n\nid: 1\n\n", []),
        ("data: last", ["last"]),
        ("data: a\u2028b\x0bc\n\n", ["a\u2028b\x0bc"]),
        ("data: grün\n\n", ["grün"]),
        ("nonsense: a\ndata: b\n:c\n\n", ["b"]),
        ("", []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_stream_is_the_same_in_pieces_of_any_size(stream: str, wanted: list[str], size: int) -> None:
    raw = stream.encode()
    pieces = [raw[place : place + size] for place in range(0, len(raw), size)]
    assert [event["data"] for event in events(pieces)] == wanted


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    assert [event["data"] for event in events([b"data: \xff\n\n"])] == ["\ufffd"]


def test_a_time_to_ask_again_that_is_none_is_left_out() -> None:
    assert list(events([b"retry: soon\nid: a\0b\ndata: x\n\n"])) == [{"data": "x"}]
