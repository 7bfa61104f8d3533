"""What the OpenAPI document says is what the API does: requests made from it find no error of ours, and no answer that
contradicts it.

`TIERCEL_DOCUMENT_EXAMPLES` sets how many requests each operation gets; a long run by hand takes another seed
(`TIERCEL_DOCUMENT_SEED`) each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.driving import PAUSE, Api
from tiercel.api.catalogue import all_routes
from tiercel.api.site import Site
from tiercel.runtime import embedded

EXAMPLES = int(os.environ.get("TIERCEL_DOCUMENT_EXAMPLES", "3"))
SEED = int(os.environ.get("TIERCEL_DOCUMENT_SEED", "1"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
TAGS = sorted({route.segments[0] for route in all_routes().all})
PLAIN = {"Accept-Encoding": "identity"}
"""The client in process does not unpack what it gets."""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the document of an installation with two flows, one execution that has ended and one that is paused."""
    with embedded(tmp_path_factory.mktemp("document")) as runtime:
        api = Api(runtime, Site(runtime, longest_wait=0.2))
        api.deploy("")
        api.deploy(f"id: p\nnamespace: t\ntasks:\n  - {{id: p, type: {PAUSE}}}\n")
        executions = [api.run("/executions/t/f"), api.run("/executions/t/p")]
        found = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", api.client.application)
        found.hook(map_path_parameters(executions))
        yield found


def map_path_parameters(executions: Sequence[str]) -> Any:
    """Return a hook that has every other path name something that is there."""
    there = {
        "namespace": ["t"],
        "id": ["f", "p", *executions],
        "flowId": ["f", "p"],
        "executionId": executions,
        "taskId": ["log", "p"],
    }

    def map_path_parameters(_context: object, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
        return path_parameters and {name: _named(there, name, value) for name, value in path_parameters.items()}

    return map_path_parameters


def _named(there: Mapping[str, Sequence[str]], name: str, value: object) -> object:
    length = len(str(value))
    return there[name][length // 2 % len(there[name])] if name in there and length % 2 else value


@pytest.mark.parametrize("tag", TAGS)
def test_what_the_document_says_is_so(schema: Any, tag: str) -> None:
    failures: list[str] = []
    for operation in schema.include(tag=tag).get_all_operations():
        failures += _failures(operation.ok())
    assert not failures, "\n\n".join(failures)


def _failures(operation: Any) -> Iterator[str]:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    takes = operation.body or list(operation.query) or list(operation.path_parameters)
    strategies = [operation.as_strategy(generation_mode=mode) for mode in (modes if takes else modes[:1])]

    @hypothesis.seed(SEED)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=hypothesis.strategies.one_of(*strategies))
    def ask(case: Any) -> None:
        case.call_and_validate(headers=PLAIN, checks=CHECKS)

    try:
        ask()
    except (AssertionError, BaseExceptionGroup) as error:
        yield f"{operation.method.upper()} {operation.path}: {error}"
