"""Names of Google's things as flows write them: `gs://bucket/path`, `projects/P/topics/T`."""

from __future__ import annotations

from typing import NamedTuple

SCHEME = "gs://"


class Address(NamedTuple):
    """A place in Cloud Storage."""

    bucket: str
    path: str
    """An object's name, or what names begin with; empty for the whole bucket."""

    @property
    def uri(self) -> str:
        """The address as it is written."""
        return f"{SCHEME}{self.bucket}/{self.path}"


class Version(NamedTuple):
    """One content of a name in a bucket."""

    bucket: str
    name: str
    generation: str = ""
    """The service's number of it; empty for whatever is there."""


def read_address(text: str) -> Address:
    """Return the place that a `gs://` address names.

    Raises:
        ValueError: It has another scheme, or no bucket.
    """
    bucket, _, path = text.removeprefix(SCHEME).partition("/")
    if not text.startswith(SCHEME) or not bucket:
        raise ValueError(f"'{text[:200]}' is no address in Cloud Storage; expected gs://bucket/path")
    return Address(bucket, path)


def last_part(name: str) -> str:
    """Return an object's file name: what stands after the last slash."""
    return name.rpartition("/")[2]


class Resource(NamedTuple):
    """A thing of a project."""

    project: str
    """Empty where the name does not say it."""
    id: str


def read_resource(name: str, collection: str) -> Resource:
    """Return the project and the id of a topic or a subscription, from its full name or its id alone.

    Args:
        name: `projects/P/topics/T`, or `T`.
        collection: `topics` or `subscriptions`.

    Raises:
        ValueError: It is neither.
    """
    parts = name.split("/")
    if len(parts) == 1 and name:
        return Resource("", name)
    if len(parts) == 4 and all(parts) and (parts[0], parts[2]) == ("projects", collection):
        return Resource(parts[1], parts[3])
    raise ValueError(f"'{name[:200]}' is no name in Pub/Sub; expected projects/P/{collection}/NAME, or NAME alone")
