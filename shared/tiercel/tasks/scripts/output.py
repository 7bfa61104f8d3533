"""What a script prints: lines for the log, messages of the protocol `::{...}::`, and counts.

Promise: memory stays bounded whatever is printed, and a message of the protocol is never cut or dropped (up to 64 MiB).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tiercel.errors import TaskError
from tiercel.model.states import Level
from tiercel.ports import Metric, RunContext

_LOUDER = b"##kestra:log:info##"
_QUIETER = b"##kestra:log:debug##"
_MESSAGE_LIMIT = 64 << 20
_KINDS = frozenset({"counter", "timer", "gauge"})


@dataclass(frozen=True)
class LogLimits:
    """How much of one attempt's output goes to the log; everything is counted and read for messages all the same."""

    lines: int = 10_000
    size: int = 10 << 20
    """Bytes of all lines together."""
    line: int = 16 << 10
    """Bytes of one line; the rest of it is cut with a note."""


@dataclass
class _Stream:
    """One stream's state between two chunks."""

    name: str
    level: Level
    count: int = 0
    partial: bytearray = field(default_factory=bytearray)
    cut: int = 0
    """How many bytes of the current line were not kept."""
    last: deque[str] = field(default_factory=lambda: deque(maxlen=1))

    def add(self, piece: bytes, limit: int) -> None:
        """Append to the current line, keeping no more of it than the limit (a message of the protocol: its own)."""
        if self.cut:
            self.cut += len(piece)
            return
        self.partial += piece
        keep = _MESSAGE_LIMIT if self.partial.startswith(b"::{") else limit
        if len(self.partial) > keep:
            self.cut = len(self.partial) - keep
            del self.partial[keep:]


class ScriptOutput:
    """Takes the chunks of both streams as they come; afterwards holds what they said."""

    def __init__(self, ctx: RunContext, limits: LogLimits) -> None:
        self.ctx, self.limits = ctx, limits
        self.vars: dict[str, object] = {}
        """The outputs of the protocol, later ones over earlier ones."""
        self.assets: list[object] = []
        self._out = _Stream("stdout", Level.INFO)
        self._err = _Stream("stderr", Level.ERROR)
        self._logged_lines = self._logged_bytes = 0
        self._full = False

    def feed(self, stream: str, chunk: bytes) -> None:
        """Take a chunk of `stdout` or `stderr`."""
        source = self._out if stream == "stdout" else self._err
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            source.add(chunk[start:end], self.limits.line)
            self._end_line(source)
            start = end + 1
            if self._full and (rest := self._skip(source, chunk, start)):
                start = rest
        if start < len(chunk):
            source.add(chunk[start:], self.limits.line)

    def _skip(self, source: _Stream, chunk: bytes, start: int) -> int:
        """Count the plain lines ahead at once, when none is logged any more; return where the last of them ends."""
        if chunk.find(b"::{", start) >= 0 or chunk.find(b"##kestra:log:", start) >= 0:
            return 0
        end = chunk.rfind(b"\n", start) + 1
        if end:
            source.count += chunk.count(b"\n", start, end)
            last = chunk[chunk.rfind(b"\n", start, end - 1) + 1 : end - 1]
            source.last.append(last[: self.limits.line].decode("utf-8", "replace"))
        return end

    def finish(self) -> None:
        """Take the last lines, which had no line end, and say what was left out."""
        for source in (self._out, self._err):
            if source.partial or source.cut:
                self._end_line(source)

    @property
    def counts(self) -> dict[str, int]:
        """The lines of each stream, messages of the protocol included."""
        return {"stdOutLineCount": self._out.count, "stdErrLineCount": self._err.count}

    @property
    def last_error(self) -> str:
        """The last line on stderr, else on stdout; empty when nothing was printed."""
        return next((source.last[0].strip() for source in (self._err, self._out) if source.last), "")

    # -------------------------------------------------------------- lines

    def _end_line(self, source: _Stream) -> None:
        raw, cut = bytes(source.partial), source.cut
        source.partial.clear()
        source.cut = 0
        raw = raw.removesuffix(b"\r")
        if raw in (_LOUDER, _QUIETER) and source is self._out:
            source.level = Level.INFO if raw == _LOUDER else Level.DEBUG
            return
        source.count += 1
        if raw.startswith(b"::{") and raw.endswith(b"}::") and not cut:
            self._message(raw)
            return
        if cut and len(raw) > self.limits.line:  # began like a message, and never ended
            cut += len(raw) - self.limits.line
            raw = raw[: self.limits.line]
        text = raw.decode("utf-8", "replace")
        if text.strip():
            source.last.append(text)
        if cut:
            text += f" … (cut here: {cut} more bytes; write long lines to a file and keep it with 'outputFiles')"
        self._log(text, source.level)

    def _log(self, text: str, level: Level) -> None:
        if self._full:
            return
        if self._logged_lines >= self.limits.lines or self._logged_bytes + len(text) > self.limits.size:
            self._full = True
            self.ctx.log(
                f"the log of this attempt is full ({self._logged_lines} lines, {self._logged_bytes} bytes): further"
                " lines are counted but not logged; to keep them, redirect them to a file and name it in 'outputFiles'",
                Level.WARN,
            )
            return
        self._logged_lines += 1
        self._logged_bytes += len(text)
        self.ctx.log(text, level)

    # -------------------------------------------------------------- messages

    def _message(self, raw: bytes) -> None:
        text = raw.decode("utf-8", "replace")
        try:
            message = json.loads(text[2:-2], parse_constant=lambda _: None)
        except (ValueError, RecursionError) as error:
            self._log(f"not a message, its JSON is invalid ({error}): {text[:1000]}", Level.WARN)
            return
        handlers: dict[str, Callable[[object], None]] = {
            "outputs": self._add_vars,
            "encryptedOutputs": self._add_vars,
            "metrics": self._add_metrics,
            "logs": self._add_logs,
            "assets": self.assets.append,
        }
        for key, value in message.items():
            if key in handlers and value is not None:
                handlers[key](value)

    def _add_vars(self, value: object) -> None:
        if isinstance(value, Mapping):
            self.vars.update(value)
        else:
            self._log(f"the message's 'outputs' is not a map: {value!r:.200}", Level.WARN)

    def _add_metrics(self, value: object) -> None:
        for item in value if isinstance(value, list) else [value]:
            try:
                self.ctx.metric(_metric(item))
            except (KeyError, TypeError, ValueError):
                self._log(
                    f"not a metric: {item!r:.200}; wanted {{name, type: counter|timer|gauge, value, tags}}", Level.WARN
                )

    def _add_logs(self, value: object) -> None:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                level = str(item.get("level") or "INFO").upper()
                self._log(str(item.get("message") or ""), Level(level) if level in Level.__members__ else Level.INFO)


def _metric(item: object) -> Metric:
    if not isinstance(item, Mapping):
        raise TypeError(item)
    kind = str(item.get("type") or "counter").lower()
    if kind not in _KINDS:
        raise ValueError(kind)
    tags = item.get("tags") or {}
    if not isinstance(tags, Mapping):
        raise TypeError(tags)
    value = item["value"]
    if not isinstance(value, (int, float, str)):
        raise TypeError(value)
    return Metric(str(item["name"]), float(value), kind, {str(key): str(text) for key, text in tags.items()})


def failure(code: int, output: ScriptOutput, outputs: dict[str, object]) -> TaskError:
    """Return the error of a command that ended with another code than 0; what it gave until then is kept."""
    hints = {126: " (found, but may not be run)", 127: " (a program was not found)", 137: " (killed, or out of memory)"}
    last = f": {output.last_error[:500]}" if output.last_error else ""
    return TaskError(f"the command ended with exit code {code}{hints.get(code, '')}{last}", outputs=outputs)
