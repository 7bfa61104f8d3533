"""The topics and subscriptions of an installation, as Terraform makes them, on the Pub/Sub emulator."""

from __future__ import annotations

from typing import Any

LEASE = 600
"""Seconds that a function has to answer (Pub/Sub: the longest acknowledgement deadline)."""

MOST_ATTEMPTS = 100
"""Deliveries before a message goes to the dead-letter topic: they follow in seconds here, and a claim holds longer."""


def _channel(host: str) -> Any:
    import grpc

    return grpc.insecure_channel(host, options=[("grpc.max_receive_message_length", -1)])


def subscriber(host: str) -> Any:
    """Return a client for subscriptions."""
    from google.pubsub_v1.services.subscriber import SubscriberClient
    from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

    return SubscriberClient(transport=SubscriberGrpcTransport(channel=_channel(host)))


def publisher(host: str) -> Any:
    """Return a client for topics."""
    from google.pubsub_v1.services.publisher import PublisherClient
    from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

    return PublisherClient(transport=PublisherGrpcTransport(channel=_channel(host)))


def make_topic(host: str, topic: str) -> None:
    """Make a topic, if it is not there."""
    from google.api_core.exceptions import AlreadyExists

    try:
        publisher(host).create_topic(name=topic, retry=None, timeout=10)
    except AlreadyExists:
        return


def subscribe(host: str, topic: str, subscription: str, dead: str | None) -> None:
    """Subscribe to a topic, with a dead-letter topic for what nobody acknowledges."""
    from google.api_core.exceptions import AlreadyExists
    from google.pubsub_v1.types import DeadLetterPolicy, Subscription

    policy = DeadLetterPolicy(dead_letter_topic=dead, max_delivery_attempts=MOST_ATTEMPTS) if dead else None
    wanted = Subscription(name=subscription, topic=topic, ack_deadline_seconds=LEASE, dead_letter_policy=policy)
    try:
        subscriber(host).create_subscription(wanted, retry=None, timeout=10)
    except AlreadyExists:
        return
