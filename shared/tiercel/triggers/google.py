"""What every trigger on Google's services has (plugin specification, 5.1)."""

from __future__ import annotations

from typing import Any

from tiercel.model.durations import Duration, parse_duration
from tiercel.model.plugin import Rendered
from tiercel.triggers.base import Trigger


class GoogleTrigger(Trigger):
    """Base of the triggers on Google's services.

    The service tells us what happens, with the rights of the installation: nothing is polled, no key is needed.
    """

    project_id: Rendered[str | None] = None
    """The project; that of the installation by default."""
    service_account: Rendered[str | None] = None
    """Accepted; events come, and objects are read, with the rights of the installation."""
    impersonated_service_account: Rendered[str | None] = None
    """Accepted, as `serviceAccount` is."""
    scopes: Rendered[list[str] | None] = None
    """Accepted, as `serviceAccount` is."""
    interval: Duration = parse_duration("PT60S")
    """Accepted; nothing is polled: the service tells us at once."""
    inputs: Rendered[dict[str, Any] | None] = None
    """The execution's inputs; they see what the trigger saw as `trigger`."""
