"""What the tests of crashes share."""

from __future__ import annotations

import pytest

from tiercel.tasks.core.debug import Return
from tiercel.tasks.core.execution import Fail
from tiercel.tasks.core.log import Log


@pytest.fixture
def with_effects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the tasks of golden flows treated as tasks with an effect: claimed, handed over, never folded."""
    for plugin in (Return, Fail, Log):
        monkeypatch.setattr(plugin, "inline", False)
