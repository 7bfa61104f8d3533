"""What happens outside, heard by a function's own engine on the emulators: one execution each, the object moved."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from emulators import fresh_project, running, storage
from tiercel.adapters.gcp.objects import connect as open_storage
from tiercel.cloud.handling import DONE
from tiercel.cloud.runtime import Cloud, connect
from tiercel.cloud.settings import Settings
from tiercel.flowfile import parse_flow
from tiercel.model.execution import decode_execution

FLOW = """id: f
namespace: n
inputs:
  - {id: text, type: STRING, required: false}
tasks:
  - {id: t, type: io.kestra.plugin.core.log.Log, message: m}
triggers:
  - id: object
    type: io.kestra.plugin.gcp.gcs.Trigger
    from: gs://BUCKET-in/in/
    action: MOVE
    moveDirectory: gs://BUCKET-in/done/
    inputs: {text: "{{ read(trigger.blobs[0].uri) }}"}
  - id: message
    type: io.kestra.plugin.gcp.pubsub.RealtimeTrigger
    topic: "{{ 'orders' }}"
    inputs: {text: "{{ trigger.data }}"}
"""


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Give an engine of a project of its own, with a flow and a user's bucket."""
    project = fresh_project()
    firestore, pubsub = (each.host for each in running())
    settings = Settings(
        project, project, firestore_host=firestore, pubsub_host=pubsub, storage_host=f"http://{storage()}"
    )
    made = connect(settings, {})
    for topic in (settings.events_topic, settings.tasks_topic, settings.dead_topic):
        made.publisher.client.create_topic(name=settings.topic(topic))
    client = open_storage(storage())
    for bucket in (project, f"{project}-in"):
        client.create_bucket(bucket)
    made.parts.flows.deploy(parse_flow(FLOW.replace("BUCKET", project)))
    yield made
    client.close()
    made.close()


def push(data: bytes, **attributes: str) -> bytes:
    """Return the body of a push."""
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes, "messageId": "7"}
    return json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()


def texts(cloud: Cloud) -> list[object]:
    """Return the input of every execution."""
    found = [decode_execution(each.body) for each in cloud.store.query("execution")]
    return [each.inputs and each.inputs.get("text") for each in found]


def test_an_object_and_a_message_start_a_flow_once(cloud: Cloud) -> None:
    name = f"{cloud.settings.project}-in"
    client = open_storage(storage())
    blob = client.bucket(name).blob("in/a.csv")
    blob.upload_from_string(b"content")
    said = {"eventType": "OBJECT_FINALIZE", "bucketId": name, "objectId": "in/a.csv"}
    body = push(b"{}", **said, objectGeneration=str(blob.generation))
    assert [cloud.on_object({}, body), cloud.on_object({}, body)] == [DONE, DONE]
    assert texts(cloud) == ["content"]
    assert [each.name for each in client.list_blobs(name)] == ["done/a.csv"]
    client.close()

    topic = cloud.settings.topic("orders")
    assert [cloud.on_message(topic, {}, push(b"hello")) for _ in range(2)] == [DONE, DONE]
    assert texts(cloud) == ["content", "hello"]

    wish = push(b'{"namespace": "n", "flowId": "f", "inputs": {"text": "wished"}}')
    executions = cloud.settings.topic(cloud.settings.executions_topic)
    assert [cloud.on_message(executions, {}, wish) for _ in range(2)] == [DONE, DONE]
    assert texts(cloud) == ["content", "hello", "wished"]
