"""A Cloud Storage emulator that tells of its objects: `gcp-storage-emulator`, with notifications to Pub/Sub."""

from __future__ import annotations

import json
import logging
from typing import Any

_log = logging.getLogger("tiercel.emulation")

CONFIG = "1"
"""The number of the notification, as the service counts them for each bucket."""


class StorageServer:
    """The emulator in this process; every bucket notifies one topic."""

    def __init__(self, port: int, pubsub_host: str, topic: str) -> None:
        """Prepare the server.

        Args:
            port: Where it is to listen on 127.0.0.1.
            pubsub_host: The Pub/Sub emulator's `host:port`.
            topic: The topic that is told of objects, `projects/{project}/topics/{name}`.
        """
        from gcp_storage_emulator.server import create_server

        from tiercel.emulation.topics import publisher

        logging.getLogger("gcp_storage_emulator").setLevel(logging.WARNING)
        self.url = f"http://127.0.0.1:{port}"
        self._topic = topic
        self._silent: set[str] = set()
        self._publisher = publisher(pubsub_host)
        self._server = create_server("127.0.0.1", port, in_memory=True)
        _tell(self)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def make(self, bucket: str, *, silent: bool = False) -> None:
        """Make a bucket, if it is not there; nobody is told of the objects of a silent one."""
        import httpx

        if silent:
            self._silent.add(bucket)
        answer = httpx.post(f"{self.url}/storage/v1/b", json={"name": bucket}, timeout=10)
        if not answer.is_success and answer.status_code != 409:
            answer.raise_for_status()

    def stop(self) -> None:
        """End."""
        self._server.stop()

    def notify(self, kind: str, bucket: str, name: str, resource: dict[str, Any] | None) -> None:
        """Tell of an object, as the service does (Cloud Storage: Pub/Sub notifications, attributes)."""
        if bucket in self._silent:
            return
        found = resource or {"bucket": bucket, "name": name}
        attributes = {
            "eventType": kind,
            "payloadFormat": "JSON_API_V1",
            "bucketId": bucket,
            "objectId": name,
            "objectGeneration": str(found.get("generation", "")),
            "eventTime": str(found.get("updated", "")),
            "notificationConfig": f"projects/_/buckets/{bucket}/notificationConfigs/{CONFIG}",
        }
        message = {"data": json.dumps(found, default=str).encode(), "attributes": attributes}
        try:
            self._publisher.publish(topic=self._topic, messages=[message], retry=None, timeout=10)
        except Exception as error:  # noqa: BLE001 - the object is stored, whoever is not told of it
            _log.warning("nobody is told of gs://%s/%s: %s", bucket, name, error)


def _tell(server: StorageServer) -> None:
    """Have the emulator tell of every object that is written or removed: everything passes through two methods."""
    storage = server._server._storage
    create, delete = storage.create_file, storage.delete_file

    def created(bucket: str, name: str, content: bytes, resource: dict[str, Any], *more: Any) -> None:
        create(bucket, name, content, resource, *more)
        server.notify("OBJECT_FINALIZE", bucket, name, resource)

    def deleted(bucket: str, name: str) -> None:
        resource = storage.objects.get(bucket, {}).get(name)
        delete(bucket, name)
        server.notify("OBJECT_DELETE", bucket, name, resource)

    storage.create_file, storage.delete_file = created, deleted
