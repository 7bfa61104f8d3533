"""The sample context of the acceptance vectors, and a world to read from."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from tiercel.errors import ExpressionError
from tiercel.expressions import Context, Float32, Instant, NoWorld, evaluate, render

ZONED = datetime(2013, 9, 8, 16, 19, 12, 123456, tzinfo=timezone(timedelta(hours=1)))
KEY = "I6EGNzRESu3X3pKZidrqCGOHQFUFC0yK"


class FakeWorld(NoWorld):
    """A world that stands still."""

    def __init__(self) -> None:
        self.random = random.Random(1)
        self.requests: list[dict[str, object]] = []

    def now(self) -> datetime:
        return datetime(2024, 5, 1, 10, 0, 0, 123000, tzinfo=UTC)

    def secret(self, key: str, namespace: str | None, subkey: str | None) -> str:
        if key == "absent":
            raise ExpressionError(f"Cannot find secret for key '{key}'.")
        return f"secret-{key}-{namespace}-{subkey}"

    def kv(self, key: str, namespace: str | None, error_on_missing: bool) -> object:
        if key == "my-key":
            return {"field": "value"}
        if error_on_missing:
            raise ExpressionError(f"The key '{key}' does not exist in the namespace '{namespace or 'n'}'.")
        return None

    def read_file(self, path: str, namespace: str | None) -> str:
        return f"{{{{ not rendered }}}} {path} {namespace}"

    def file_size(self, path: str) -> int:
        return 0 if path == "empty" else 12

    def file_exists(self, path: str) -> bool:
        return path != "absent"

    def error_logs(self) -> Sequence[object]:
        return [{"taskId": "t", "message": "boom"}]

    def tasks_with_state(self, state: str) -> Sequence[object]:
        return [{"taskId": "t", "state": state}]

    def random_bytes(self, count: int) -> bytes:
        return self.random.randbytes(count)

    def http(
        self,
        uri: str,
        *,
        method: str,
        query: Mapping[str, object],
        body: object,
        content_type: str,
        headers: Mapping[str, object],
        options: Mapping[str, object],
        accept: str,
    ) -> object:
        self.requests.append({"uri": uri, "method": method, "query": query, "body": body, "headers": headers})
        return [{"slug": "a"}]

    def subflow(
        self,
        namespace: str,
        flow_id: str,
        *,
        inputs: Mapping[str, object],
        revision: int | None,
        labels: Mapping[str, object],
        timeout: str | None,
    ) -> Mapping[str, object]:
        return {
            "id": "e1",
            "state": "SUCCESS",
            "outputs": {"flow": f"{namespace}.{flow_id}", **inputs},
            "labels": labels,
        }


class LazyMap(Mapping[str, object]):
    """A map that fetches a value only when asked, and cannot be listed unless that is allowed."""

    def __init__(self, values: dict[str, object], *, listable: bool = False) -> None:
        self.values_ = values
        self.listable = listable
        self.asked: list[str] = []

    def __getitem__(self, key: str) -> object:
        self.asked.append(key)
        return self.values_[key]

    def __iter__(self) -> Iterator[str]:
        if not self.listable:
            raise AssertionError("a lazy map was iterated")
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def sample(**more: object) -> Context:
    """Return the context of section 14, with more variables."""
    variables: dict[str, object] = {
        "string": "string",
        "int": 1,
        "float": Float32(1.123),
        "list": ["string", 1, Float32(1.123)],
        "bool": True,
        "date": datetime(2013, 9, 8, 16, 19, tzinfo=timezone(timedelta(hours=2))),
        "map": {"string": "string", "int": 1, "float": Float32(1.123)},
        "block": {"test": {"child": "awesome"}},
        "inner": "test",
        "emptymap": {},
        "nm": {"a": None},
        "m": {"test": [1, 2, 3], "second": [1, 2, 3], "k": "v"},
        "nothing": None,
        "zoned": ZONED,
        "instant": Instant.of(ZONED),
        "local": datetime(2013, 9, 8, 16, 19, 12, 123456),  # noqa: DTZ001
        "flow": {"id": "f", "namespace": "my.namespace"},
        "outputs": {"t": {"value": "v"}, "my-task": {"value": 7}},
        "envs": {"home": "/root"},
        "key": KEY,
    }
    return Context({**variables, **more}, FakeWorld())


def text_of(template: str, **more: object) -> str:
    """Return what a template renders to in the sample context."""
    return render(template, sample(**more))


def object_of(template: str, **more: object) -> object:
    """Return what a template evaluates to in the sample context."""
    return evaluate(template, sample(**more))
