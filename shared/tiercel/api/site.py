"""What the routes stand on: the installation, and how this door is set up."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tiercel.api.openstreams import MOST_WAITS, OpenStreams
from tiercel.assembly import Parts
from tiercel.errors import TiercelError

_COLOR = re.compile(r"#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?|[a-zA-Z]{3,30}")


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
    environment: str = ""
    """What people call this installation, so that they know where they are: `Production`; empty for no name."""
    environment_color: str = ""
    """The colour that goes with it, as CSS knows it; empty for none."""
    guarded: bool = False
    """Whether somebody else lets people in, as IAM does: then it is not open though nobody is asked for credentials."""
    longest_wait: float = 3600.0
    """Seconds for which a request may wait for an execution (`wait=true`, streams)."""
    largest_body: int = 256 * 1024 * 1024
    """Bytes of a request's body."""
    streams: OpenStreams = field(default_factory=OpenStreams)
    """The event streams that are open."""
    waits: OpenStreams = field(default_factory=lambda: OpenStreams(MOST_WAITS))
    """The requests that wait for an execution."""

    def __post_init__(self) -> None:
        """Refuse a colour that is none: it stands in every page."""
        if self.environment_color and not _COLOR.fullmatch(self.environment_color):
            raise TiercelError(
                f"the environment's colour is '{self.environment_color:.40}', wanted #c0322b or a name such as tomato"
            )

    def close(self) -> None:
        """Have the requests that last end: the server stops."""
        self.streams.close()
        self.waits.close()
