"""What the routes stand on: the installation, and how this door is set up."""

from __future__ import annotations

from dataclasses import dataclass, field

from tiercel.api.openstreams import MOST_WAITS, OpenStreams
from tiercel.assembly import Parts


@dataclass(frozen=True)
class Site:
    """An installation behind its HTTP door."""

    parts: Parts
    url: str = "http://localhost:8080"
    """Where people reach it: the beginning of links."""
    credentials: tuple[str, str] | None = None
    """The user and the password that must be shown; None where nobody is asked."""
    token: str = ""
    """A token that is as good as the password; empty for none."""
    longest_wait: float = 3600.0
    """Seconds for which a request may wait for an execution (`wait=true`, streams)."""
    largest_body: int = 256 * 1024 * 1024
    """Bytes of a request's body."""
    streams: OpenStreams = field(default_factory=OpenStreams)
    """The event streams that are open."""
    waits: OpenStreams = field(default_factory=lambda: OpenStreams(MOST_WAITS))
    """The requests that wait for an execution."""

    def close(self) -> None:
        """Have the requests that last end: the server stops."""
        self.streams.close()
        self.waits.close()
