"""Starting a flow when an object comes into a bucket: `gcp.gcs.Trigger` (plugin specification, 5.2).

The bucket tells of each object by itself, so each starts an execution of its own, with a list of one blob.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from tiercel.model.addresses import Address, Version, last_part, read_address
from tiercel.model.durations import Duration
from tiercel.model.patterns import compile_java, full_match
from tiercel.model.plugin import Outputs, Rendered
from tiercel.triggers.google import GoogleTrigger

_TEXTS = {
    "generatedId": "id",
    "selfLink": "selfLink",
    "etag": "etag",
    "md5": "md5Hash",
    "crc32c": "crc32c",
    "contentType": "contentType",
    "contentEncoding": "contentEncoding",
    "contentDisposition": "contentDisposition",
    "contentLanguage": "contentLanguage",
    "cacheControl": "cacheControl",
    "metadata": "metadata",
    "createTime": "timeCreated",
    "updateTime": "updated",
}
"""A blob's values, each with its name in the service's own record of an object (Cloud Storage JSON API)."""

_NUMBERS = {"size": "size", "generation": "generation", "metageneration": "metageneration"}


@dataclass(frozen=True)
class SeenObject:
    """An object that came into a bucket."""

    bucket: str
    name: str
    generation: str = ""
    """Which content of this name it is; empty where nobody says it."""
    is_new: bool = True
    """Whether there was no object of this name before."""
    resource: Mapping[str, Any] = field(default_factory=dict)
    """The service's record of it, as far as it is known."""

    @property
    def address(self) -> str:
        """Its `gs://` address."""
        return Address(self.bucket, self.name).uri

    @property
    def version(self) -> Version:
        """Which content it is."""
        return Version(self.bucket, self.name, self.generation)

    def blob(self, uri: str) -> dict[str, object]:
        """Return what an execution sees of it.

        Args:
            uri: Where its content can be read.
        """
        found: dict[str, object] = {"uri": uri, "bucket": self.bucket, "name": self.name}
        found.update((ours, self.resource[theirs]) for ours, theirs in _TEXTS.items() if theirs in self.resource)
        resource = {**self.resource, "generation": self.generation or self.resource.get("generation")}
        for ours, theirs in _NUMBERS.items():
            text = str(resource.get(theirs, ""))
            if text.isascii() and text.isdigit():
                found[ours] = int(text)
        return {**found, "isDirectory": False, "changeType": "CREATE" if self.is_new else "UPDATE"}


class Blobs(Outputs):
    """What an object's execution sees."""

    blobs: list[dict[str, Any]]
    """The object, alone in a list: the `uri` of the execution's copy, `bucket`, `name` and what else is known of it."""


class ObjectTrigger(GoogleTrigger):
    """Start an execution for each object that comes into a bucket."""

    gives = Blobs

    from_: Rendered[str] = Field(alias="from")
    """What the objects' addresses begin with: `gs://bucket/path/`."""
    action: Rendered[Literal["NONE", "MOVE", "DELETE"]]
    """What becomes of the object once the execution has its copy of it."""
    move_directory: Rendered[str | None] = None
    """Whereto an object is moved: `gs://bucket/path/`."""
    listing_type: Rendered[Literal["DIRECTORY", "RECURSIVE"]] = "DIRECTORY"
    """Whether only objects directly in `from` count, or those in folders below it too."""
    reg_exp: Rendered[str | None] = None
    """What the whole `gs://` address of an object must match."""
    on: Rendered[Literal["CREATE", "UPDATE", "CREATE_OR_UPDATE"]] = "CREATE_OR_UPDATE"
    """Whether new objects count, changed ones, or both."""
    max_files: Rendered[int] = 25
    """Accepted; each object starts an execution of its own."""
    state_key: Rendered[str | None] = None
    """Accepted; no state is needed: each change of an object is told once."""
    state_ttl: Rendered[Duration | None] = None
    """Accepted, as `stateKey` is."""

    @field_validator("from_", "move_directory")
    @classmethod
    def _is_address(cls, text: str | None) -> str | None:
        if text is not None and "{" not in text:
            read_address(text)
        return text

    @field_validator("reg_exp")
    @classmethod
    def _is_pattern(cls, pattern: str | None) -> str | None:
        if pattern is not None and "{{" not in pattern:
            compile_java(pattern)
        return pattern

    @model_validator(mode="after")
    def _moves_away(self) -> ObjectTrigger:
        if self.action == "MOVE" and not self.move_directory:
            raise ValueError("'moveDirectory' must not be null with action MOVE: say whereto, as gs://bucket/path/")
        texts = f"{self.from_}{self.move_directory}"
        if self.action == "MOVE" and self.reg_exp is None and "{" not in texts:
            target = self.target(SeenObject("", "object"))
            if self._is_within(target.bucket, target.path):
                found = f"'moveDirectory' ({self.move_directory}) lies in what the trigger watches ({self.from_})"
                raise ValueError(f"{found}: a moved object would start the flow again; choose a folder outside")
        return self

    def matches(self, seen: SeenObject) -> bool:
        """Tell whether an object is one that the trigger waits for; all its values must be rendered.

        Raises:
            ValueError: `from` is no address, or `regExp` no pattern.
        """
        change = "CREATE" if seen.is_new else "UPDATE"
        if change not in self.on or not self._is_within(seen.bucket, seen.name):
            return False
        return self.reg_exp is None or full_match(self.reg_exp, seen.address)

    def _is_within(self, bucket: str, name: str) -> bool:
        """Tell whether an object lies where the trigger looks; folders (`name/`) are no objects."""
        place = read_address(self.from_)
        if bucket != place.bucket or not name.startswith(place.path) or name.endswith("/"):
            return False
        rest = name[len(place.path) :].removeprefix("/")
        return self.listing_type == "RECURSIVE" or "/" not in rest

    def target(self, seen: SeenObject) -> Address:
        """Return whereto an object is moved.

        Raises:
            ValueError: `moveDirectory` is no address.
        """
        bucket, path = read_address(self.move_directory or "")
        folder = path.rstrip("/")
        return Address(bucket, f"{folder}/{last_part(seen.name)}" if folder else last_part(seen.name))


def told_object(event: Mapping[str, Any], bucket: str) -> SeenObject:
    """Return the object that a person tells of.

    Args:
        event: Its `name`, perhaps its `bucket`, `generation` and `changeType`; and what else the service's record of an
            object may say, such as `size` and `contentType`.
        bucket: The bucket, where they do not name it.

    Raises:
        ValueError: It has no name.
    """
    name = event.get("name")
    if not isinstance(name, str) or not name:
        raise ValueError('a gcs.Trigger sees an object: give it as {"name": "folder/file.csv"}, perhaps with "content"')
    is_new = event.get("changeType") != "UPDATE"
    return SeenObject(str(event.get("bucket", bucket)), name, str(event.get("generation", "")), is_new, event)
