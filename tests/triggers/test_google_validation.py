"""What triggers on Google's services must be: accepted with all their properties, or refused with the reason."""

from __future__ import annotations

import pytest

from tiercel.errors import FlowError
from tiercel.flowfile import parse_flow
from triggers.happening import GCS, PUBSUB, REALTIME
from triggers.test_validation import flow_with

GOOD = [
    f"type: {GCS}\nfrom: gs://b/in/\naction: NONE",
    "type: gcp.gcs.Trigger\nfrom: gs://b\naction: DELETE",
    f"""type: {GCS}
description: d
interval: PT30S
projectId: p
serviceAccount: "{{{{ secret('KEY') }}}}"
impersonatedServiceAccount: a@b
scopes: [https://www.googleapis.com/auth/cloud-platform]
from: "gs://{{{{ envs.bucket }}}}/in/"
action: MOVE
moveDirectory: gs://b/archive/
listingType: RECURSIVE
regExp: ".*[.]csv"
maxFiles: 10
on: CREATE
stateKey: k
stateTtl: P1D
stopAfter: [FAILED]
logLevel: WARN
allowConcurrent: true
failOnTriggerError: true
inputs: {{file: "{{{{ trigger.blobs[0].uri }}}}"}}
labels: {{of: "{{{{ trigger.blobs[0].name }}}}"}}
when: "{{{{ trigger.blobs | length > 0 }}}}\"""",
    f"type: {GCS}\nfrom: gs://b/in/\naction: MOVE\nmoveDirectory: gs://b/in/archive/",
    f"type: {GCS}\nfrom: gs://b/in/\naction: '{{{{ vars.action }}}}'",
    f"type: {PUBSUB}\ntopic: t\nsubscription: s\ninterval: PT30S\nmaxRecords: 10\nmaxDuration: PT5S",
    f"type: {PUBSUB}\ntopic: projects/p/topics/t\nserdeType: JSON\nautoCreateSubscription: false",
    f"type: {REALTIME}\nprojectId: p\ntopic: t\nsubscription: s\nserdeType: BINARY",
    "type: gcp.pubsub.RealtimeTrigger\nsubscription: projects/p/subscriptions/s",
]


@pytest.mark.parametrize("trigger", GOOD)
def test_a_right_trigger_is_taken_without_a_word(trigger: str) -> None:
    assert parse_flow(flow_with(trigger)).notices == ()


REFUSED = [
    (f"type: {GCS}\naction: NONE", r"triggers\[0\].from: must not be null"),
    (f"type: {GCS}\nfrom: gs://b/", r"triggers\[0\].action: must not be null"),
    (f"type: {GCS}\nfrom: b/in\naction: NONE", "expected gs://bucket/path"),
    (f"type: {GCS}\nfrom: s3://b/in\naction: NONE", "expected gs://bucket/path"),
    (f"type: {GCS}\nfrom: gs:///in\naction: NONE", "expected gs://bucket/path"),
    (f"type: {GCS}\nfrom: gs://b\naction: KEEP", "NONE"),
    (f"type: {GCS}\nfrom: gs://b\naction: MOVE", "'moveDirectory' must not be null"),
    (f"type: {GCS}\nfrom: gs://b\naction: MOVE\nmoveDirectory: archive", "expected gs://bucket/path"),
    (f"type: {GCS}\nfrom: gs://b/in/\naction: MOVE\nmoveDirectory: gs://b/in", "would start the flow again"),
    (
        f"type: {GCS}\nfrom: gs://b/in/\naction: MOVE\nmoveDirectory: gs://b/in/archive/\nlistingType: RECURSIVE",
        "would start the flow again",
    ),
    (f"type: {GCS}\nfrom: gs://b\naction: NONE\nregExp: '('", "invalid pattern"),
    (f"type: {GCS}\nfrom: gs://b\naction: NONE\non: DELETE", "CREATE_OR_UPDATE"),
    (f"type: {GCS}\nfrom: gs://b\naction: NONE\ninterval: soon", "not a duration"),
    (f"type: {GCS}\nfrom: gs://b\naction: NONE\nfilter: FILES", 'Unrecognized field "filter"'),
    (f"type: {PUBSUB}\ninterval: PT1S", "'topic' or 'subscription' must not be null"),
    (f"type: {PUBSUB}\ntopic: projects/p/t", "expected projects/P/topics/NAME"),
    (f"type: {REALTIME}\nsubscription: projects/p/topics/s", "expected projects/P/subscriptions/NAME"),
    (f"type: {REALTIME}\ntopic: t\nserdeType: AVRO", "STRING"),
    ("type: io.kestra.plugin.gcp.pubsub.RealTimeTrigger\ntopic: t", "nearest is .*pubsub.RealtimeTrigger"),
]


@pytest.mark.parametrize(("trigger", "reason"), REFUSED)
def test_a_wrong_trigger_is_refused_with_the_reason(trigger: str, reason: str) -> None:
    with pytest.raises(FlowError, match=reason):
        parse_flow(flow_with(trigger))


def test_defaults_of_all_of_google_bring_only_what_a_trigger_has() -> None:
    text = flow_with(f"type: {GCS}\naction: NONE\nfrom: gs://b/in/")
    text += "pluginDefaults:\n  - {type: io.kestra.plugin.gcp, values: {projectId: p, location: EU, bucket: b}}\n"
    [trigger] = parse_flow(text).triggers
    assert trigger["projectId"] == "p"
    assert "location" not in trigger
