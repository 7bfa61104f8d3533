"""How an installation on Google's services fares, as far as its own records say it.

Promise: reading writes nothing, and costs three reads. What lies in Pub/Sub and Cloud Tasks, and how often processes
begin, only Cloud Monitoring tells: that stays None.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from tiercel.adapters.gcp.firestore import FirestoreStore
from tiercel.cloud.settings import Settings
from tiercel.ports import Clock, Put
from tiercel.vitals import Readings

KEY = "vitals/sweep"


class Swept(msgspec.Struct):
    """The record of the last sweep that has found something."""

    at: float
    """Seconds since the epoch."""
    found: int
    """How many messages it has sent again."""


_decode = msgspec.json.Decoder(Swept).decode


@dataclass(frozen=True)
class CloudVitals:
    """Tells how the installation fares."""

    settings: Settings
    store: FirestoreStore
    clock: Clock
    began: float
    """When this process has begun, in seconds since the epoch."""

    def read(self) -> Readings:
        """Read the outbox, and what the last sweep has left behind."""
        stored = self.store.get([KEY])[0]
        swept = Swept(0.0, 0) if stored is None else _decode(stored.body)
        notes, oldest = self.store.noted()
        return Readings(
            runtime="google",
            began=self.began,
            outbox=notes,
            oldest=oldest,
            swept=swept.at or None,
            found=swept.found,
            project="" if self.settings.is_emulated else self.settings.project,
            region=self.settings.region,
        )

    def sweep_found(self, messages: int) -> None:
        """Remember that a sweep has found messages: one that finds none leaves nothing behind, and writes nothing."""
        swept = Swept(self.clock.now().timestamp(), messages)
        self.store.commit([Put(KEY, msgspec.json.encode(swept))])
