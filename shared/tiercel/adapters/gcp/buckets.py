"""The buckets of others, whose objects start flows: copied, moved and removed by the service itself.

Promise: each verb speaks of one content of a name (its generation), so what was written over it meanwhile stays; what
is gone already is no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.adapters.gcp.objects import TIMEOUT, BucketObjects
from tiercel.adapters.gcp.trying import tried
from tiercel.errors import TiercelError

if TYPE_CHECKING:
    from google.cloud.storage import Blob

    from tiercel.model.addresses import Address, Version


class GcsBuckets:
    """Implements `tiercel.firing.happenings.Buckets`."""

    def __init__(self, objects: BucketObjects) -> None:
        """Take the internal storage, and its connections; nothing is asked of the service yet."""
        self._objects = objects

    def copy(self, source: Version, uri: str) -> bool:
        """Make a file of the internal storage of an object; False when that content is gone."""
        return self._copied(source, self._objects.blob(uri))

    def move(self, source: Version, to: Address) -> None:
        """Give an object another place; nothing happens when that content is gone."""
        if self._copied(source, self._objects.elsewhere(to.bucket, to.path)):
            self.delete(source)

    def delete(self, source: Version) -> None:
        """Remove an object; nothing happens when that content is gone."""
        from google.api_core.exceptions import NotFound, PreconditionFailed

        blob = self._objects.elsewhere(source.bucket, source.name)

        def remove() -> None:
            try:
                blob.delete(if_generation_match=_number(source), retry=None, timeout=TIMEOUT)
            except (NotFound, PreconditionFailed):
                return

        tried(remove, f"the bucket {source.bucket}")

    def _copied(self, source: Version, target: Blob) -> bool:
        """Copy an object, however large, without reading it here; tell whether its content was there."""
        from google.api_core.exceptions import NotFound

        blob = self._objects.elsewhere(source.bucket, source.name, _number(source))
        token: str | None = None

        def step() -> tuple[bool, str | None]:
            try:
                return True, target.rewrite(blob, token=token, retry=None, timeout=TIMEOUT)[0]
            except NotFound:
                if blob.exists(retry=None, timeout=TIMEOUT):
                    raise TiercelError(f"there is no bucket {target.bucket.name} to copy an object to") from None
                return False, None

        while True:
            is_there, token = tried(step, f"the bucket {source.bucket}")
            if not is_there or token is None:
                return is_there


def _number(source: Version) -> int | None:
    return int(source.generation) if source.generation else None
