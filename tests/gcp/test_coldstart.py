"""What a function's process loads before its first work, and with its first commit: no more than it needs."""

from __future__ import annotations

import statistics

import pytest

from bench.coldstart import first_commit, imported, names
from emulators import running

LOADED = {"main", "tiercel", "tiercel.cloud", "tiercel.cloud.process"}
OF_THE_DOOR = {"main", "tiercel", "tiercel.api", "tiercel.api.function", "tiercel.ui", "tiercel.ui.mounting"}

NOT_YET = {
    "babel",
    "croniter",
    "google.cloud.secretmanager_v1",
    "google.cloud.storage",
    "google.cloud.tasks_v2",
    "google.pubsub_v1",
    "holidays",
    "httpx",
    "psycopg",
    "pyarrow",
    "sqlite3",
    "tiercel.api",
    "tiercel.cli",
    "tiercel.tasks.http",
    "tiercel.tasks.jdbc",
    "werkzeug.debug",
    "yaml",
}
"""What the first commit does not load: each waits until something asks for it."""


@pytest.mark.parametrize("name", names())
def test_a_function_imports_nothing_before_its_first_request(name: str) -> None:
    rounds = [imported(name) for _ in range(3)]
    assert set(rounds[0][2]) == (OF_THE_DOOR if name == "api" else LOADED)
    assert statistics.median(took for took, _, _ in rounds) < 0.1
    assert max(resident for _, resident, _ in rounds) < 100


def test_the_first_commit_loads_firestore_and_no_other_service() -> None:
    commit = first_commit(running()[0].host)
    assert "google.cloud.firestore_v1" in commit.modules
    assert commit.modules & NOT_YET == set()
    assert commit.resident < 100
