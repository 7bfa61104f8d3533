"""What dead processes have left in an outbox, sent again as a tick does it."""

from __future__ import annotations

from tiercel.adapters.gcp.firestore import FirestoreStore

MOST = 300


def send_left(store: FirestoreStore) -> int:
    """Send again what is noted and due; return how many messages there were."""
    return sum(store.send_again(due.notes) for due in store.due(MOST))
