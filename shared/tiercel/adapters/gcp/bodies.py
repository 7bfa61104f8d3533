"""How documents and maps stand in Firestore: the body as one field that nobody indexes, a few scalars beside it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from google.cloud.firestore_v1.types import document as documents
from google.cloud.firestore_v1.types import write as writes

from tiercel.adapters.gcp.names import key_of
from tiercel.ports import Index, ObjectStore, Stored

Pb = Any
"""A protocol buffer: the generated classes say nothing of their types."""

BODY, PACKED, APART = "b", "z", "u"
"""The fields of a document's body: as it is, compressed, or the address of the object in which it lies."""

NONCE = "w"
"""The field with the number of the write: it tells one's own write from another's, and makes no write empty."""

ENTRIES, COUNT = "e", "n"
"""The fields of a map: its entries, and how often one was written (at least as often as there are entries)."""

SCALARS = ("namespace", "flow_id", "state", "owner")
DATE = "date"
WITHIN = "within"
"""The field with the namespace and all those above it."""
UNTIL = "until"
"""The field with the time from when on Firestore removes the document, as a rule within a day (a TTL policy)."""

LONGEST_PLAIN = 16 * 1024
"""Bytes of a body that is stored as it is; longer ones are compressed (a body is JSON, it shrinks to some 15 %)."""

LONGEST = 900_000
"""Bytes of a body in its document (a document may take 1 MiB: Firestore, Quotas and limits)."""

FOLDER = "kestra:///_state/"
"""Where the bodies lie that are too long."""

new_document = documents.Document.pb()
new_value = documents.Value.pb()
new_write = writes.Write.pb()


class Bodies:
    """Turns bodies into fields and back."""

    def __init__(self, root: str, objects: ObjectStore) -> None:
        """Open the translation.

        Args:
            root: The path of the database's documents, without a slash at its end.
            objects: Takes the bodies that are too long for a document.
        """
        self.root = root
        self._objects = objects

    def write_of(self, path: str, body: bytes, index: Index | None, nonce: int) -> Pb:
        """Return the write of a whole document."""
        write = new_write()
        write.update.name = f"{self.root}/{path}"
        fields = write.update.fields
        self.fill(fields, body)
        fields[NONCE].integer_value = nonce
        if index is not None:
            for scalar in SCALARS:
                fields[scalar].string_value = getattr(index, scalar)
            fields[DATE].double_value = index.date
            if index.until is not None:
                fields[UNTIL].timestamp_value.FromMicroseconds(int(index.until * 1e6))
            if index.namespace:
                above = fields[WITHIN].array_value.values
                above.extend(new_value(string_value=each) for each in _upwards(index.namespace))
        return write

    def fill(self, fields: Pb, body: bytes) -> None:
        """Put a body into a document's fields: as it is, compressed, or the address of the object that takes it."""
        name, value = self._kept(body)
        fields[name].bytes_value = value

    def _kept(self, body: bytes) -> tuple[str, bytes]:
        if len(body) <= LONGEST_PLAIN:
            return BODY, body
        packed = zlib.compress(body, 1)
        if len(packed) <= LONGEST:
            return PACKED, packed
        uri = FOLDER + hashlib.sha256(body).hexdigest()
        self._objects.write(uri, body)
        return APART, uri.encode()

    def merge_of(self, path: str, entries: Mapping[str, bytes]) -> Pb:
        """Return the write that sets some entries of a map and counts them, whether the map is there or not."""
        write = new_write()
        write.update.name = f"{self.root}/{path}"
        kept = write.update.fields[ENTRIES].map_value.fields
        for entry, body in entries.items():
            kept["k" + entry].bytes_value = body
            write.update_mask.field_paths.append(f"{ENTRIES}.{_quoted('k' + entry)}")
        count = write.update_transforms.add()
        count.field_path = COUNT
        count.increment.integer_value = len(entries)
        return write

    def stored(self, document: Pb) -> Stored:
        """Return a document as the port gives it."""
        return Stored(self.key(document.name), self.body_of(document), version_of(document.update_time))

    def body_of(self, document: Pb) -> bytes:
        """Return a document's body, wherever it lies."""
        fields = document.fields
        if APART in fields:
            with self._objects.open(fields[APART].bytes_value.decode()) as file:
                return file.read()
        if PACKED in fields:
            return zlib.decompress(fields[PACKED].bytes_value)
        return bytes(fields[BODY].bytes_value)

    def key(self, name: str) -> str:
        """Return the key of a document's full name."""
        return key_of(name.removeprefix(self.root + "/"))


def entries_of(document: Pb) -> dict[str, bytes]:
    """Return the entries of a map, in their order."""
    kept = document.fields[ENTRIES].map_value.fields if ENTRIES in document.fields else {}
    return {entry[1:]: kept[entry].bytes_value for entry in sorted(kept)}


def _upwards(namespace: str) -> list[str]:
    parts = namespace.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _quoted(segment: str) -> str:
    """Return a field's name as a segment of a field path (Firestore: quoted with backticks)."""
    escaped = segment.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def version_of(time: Pb) -> int:
    """Return a time of the service as a version: microseconds since the epoch, which is as fine as it counts."""
    return int(time.seconds) * 1_000_000 + int(time.nanos) // 1000
