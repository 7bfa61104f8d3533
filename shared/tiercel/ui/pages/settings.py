"""What somebody sets for their own browser; nothing of it is stored here."""

from __future__ import annotations

from collections.abc import Sequence

from tiercel.ui.lists import LEVELS
from tiercel.ui.pages.execution import TABS
from tiercel.ui.visit import Shown, Visit

Choice = tuple[str, str]
"""A value, and how it reads."""


def _each(*values: str) -> tuple[Choice, ...]:
    return tuple((value, value) for value in values)


LANGUAGES = (
    ("", "this browser's"),
    *(("en", "English"), ("en-GB", "English, British"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")),
    *(("it", "Italiano"), ("pt", "Português"), ("pl", "Polski"), ("ja", "日本語"), ("zh", "中文")),
    *(("ko", "한국어"), ("hi", "हिन्दी"), ("ru", "Русский")),
)
FORMS = (
    ("", "the language's own"),
    ("iso", "2026-01-31T08:00:00.000Z, in UTC"),
    *_each("YYYY-MM-DD HH:mm:ss", "DD.MM.YYYY HH:mm:ss", "DD/MM/YYYY HH:mm:ss", "MM/DD/YYYY HH:mm:ss"),
)
LOOK: Sequence[tuple[str, str, Sequence[Choice]]] = (
    ("theme", "Theme", _each("system", "light", "dark")),
    ("lang", "Language of dates and numbers", LANGUAGES),
    ("dateFormat", "Form of dates", FORMS),
    ("topologyOrientation", "Graphs", _each("vertical", "horizontal")),
)
WORK: Sequence[tuple[str, str, Sequence[Choice]]] = (
    ("defaultLogLevel", "Log level of an execution's log", _each(*LEVELS)),
    ("logDisplay", "Order of an execution's log", (("all", "by time"), ("taskruns", "by task"))),
    ("executeFlowBehaviour", "Open executions in", _each("same tab", "new tab")),
    ("executeDefaultTab", "Open executions that were started at", TABS),
    ("autoRefreshInterval", "Lists refresh after", tuple((each, f"{each} s") for each in ("5", "10", "30", "60"))),
)
SWITCHES = (
    ("autoRefresh", "Refresh lists by themselves"),
    ("logWrap", "Wrap log lines"),
    ("autofoldTextEditor", "Fold long texts when the editor opens"),
)
TEXTS = (
    ("timezone", "Time zone of dates", "such as Europe/Berlin; empty for this machine's"),
    ("defaultNamespace", "Default namespace", "of lists that the menu opens, and of new flows"),
    ("editorFontSize", "Editor's font size", "13"),
    ("editorFontFamily", "Editor's font", "empty for a monospaced one"),
    ("envName", "Name of this environment", "empty for the server's own"),
    ("envColor", "Its colour", "such as #c0322b; empty for the server's own"),
)
"""Settings by the names under which the browser keeps them."""


def show(_visit: Visit) -> Shown:
    """Show the settings."""
    values = {"choices": (*LOOK, *WORK), "switches": SWITCHES, "texts": TEXTS}
    return Shown("settings", "Settings", values, section="settings")
