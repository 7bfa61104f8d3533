"""What somebody sets for their own browser; nothing of it is stored here."""

from __future__ import annotations

from tiercel.ui.lists import LEVELS
from tiercel.ui.visit import Shown, Visit

CHOICES = (
    ("theme", "Theme", ("system", "light", "dark")),
    ("defaultLogLevel", "Log level", LEVELS),
    ("logDisplay", "Log order", ("all", "taskruns")),
    ("topologyOrientation", "Graphs", ("vertical", "horizontal")),
    ("executeFlowBehaviour", "Open executions in", ("same tab", "new tab")),
    ("autoRefreshInterval", "Lists refresh after (seconds)", ("5", "10", "30", "60")),
)
SWITCHES = (("autoRefresh", "Refresh lists by themselves"), ("logWrap", "Wrap log lines"))
TEXTS = (
    ("timezone", "Time zone of dates", "such as Europe/Berlin; empty for this machine's"),
    ("dateFormat", "Form of dates", "empty for this browser's"),
    ("editorFontSize", "Editor's font size", "13"),
    ("editorFontFamily", "Editor's font", "empty for a monospaced one"),
)
"""Settings by the names under which the browser keeps them."""


def show(_visit: Visit) -> Shown:
    """Show the settings."""
    return Shown("settings", "Settings", {"choices": CHOICES, "switches": SWITCHES, "texts": TEXTS}, section="settings")
