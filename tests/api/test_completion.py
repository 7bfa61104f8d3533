"""Completion of a flow's text: what fits at the place of the mark `^`."""

from __future__ import annotations

import pytest

from api.driving import LOG, Api
from tiercel.authoring import plugindocs
from tiercel.authoring.completing import Completion, Known, complete
from tiercel.authoring.shapes import kind_of

FLOW = f"""id: daily
namespace: company.team
inputs:
  - id: who
    type: STRING
variables:
  home: x
tasks:
  - id: first
    type: {LOG}
"""
LOOP = "  - id: loop\n    type: io.kestra.plugin.core.flow.ForEach\n    values: [1]\n    tasks:\n"


def at(text: str, known: Known | None = None) -> Completion:
    """Return what fits at the mark."""
    head, _, tail = text.partition("^")
    return complete(head + tail, head.count("\n") + 1, len(head.rpartition("\n")[2]) + 1, known or Known())


def labels(text: str, known: Known | None = None) -> list[str]:
    return [option.label for option in at(text, known).options]


def test_properties_of_the_type_come_with_the_required_first_and_what_they_are_for() -> None:
    found = at(f"{FLOW}    mes^")
    assert found.word == "mes"
    first = found.options[0]
    assert (first.label, first.required, first.type) == ("message", True, "property")
    assert first.info
    names = [option.label for option in found.options]
    assert "level" in names
    assert "id" not in names, "it is written already"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("^", "namespace"),
        ("id: a\ninp^", "inputs"),
        (FLOW + LOOP + "      - ^", "id"),
        (FLOW + LOOP + f"      - id: inner\n        type: {LOG}\n        ^", "message"),
        (f"{FLOW}    retry:\n      ^", "maxAttempts"),
        ("id: a\nconcurrency:\n  ^", "limit"),
        ("tasks:\n- id: a\n  type: core.log.Log\n  ^", "message"),
        ("tasks:\n  - id: [broken\n    type: core.log.Log\n    ^\nx: {", "message"),
        ("tasks:\n  - ^\n    type: core.log.Log", "message"),
        ("id: a\ntasks:\n  - id: x\n    type: io.kestra.core.tasks.debugs.Return\n    ^", "format"),
    ],
)
def test_properties_fit_the_place_also_in_a_text_that_is_no_yaml(text: str, wanted: str) -> None:
    assert wanted in labels(text)


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        (f"{FLOW}    level: ^", {"DEBUG", "ERROR"}, {"message"}),
        (FLOW.replace("STRING", "^"), {"STRING", "FILE"}, {LOG}),
        (f"{FLOW}  - id: b\n    type: ^", {LOG}, {"io.kestra.plugin.core.trigger.Schedule"}),
        (f"{FLOW}triggers:\n  - id: s\n    type: io.^", {"io.kestra.plugin.core.trigger.Schedule"}, {LOG}),
        (f"{FLOW}    disabled: ^", {"true", "false"}, set()),
        (f"{FLOW}    retry:\n      type: ^", {"constant", "random"}, {LOG}),
    ],
)
def test_values_are_those_of_the_property(text: str, wanted: set[str], unwanted: set[str]) -> None:
    found = set(labels(text))
    assert wanted <= found
    assert not unwanted & found


def test_expressions_are_completed_with_what_the_flow_holds() -> None:
    message = f'{FLOW}    message: "{{{{ '
    assert labels(f'{message}outputs.^ }}}}"') == ["first"]
    assert labels(f"{message}inputs.w^") == ["who"]
    assert labels(f"{message}vars.^") == ["home"]
    assert labels(f"{message}taskrun.^")[0] == "id"
    assert {"outputs", "secret", "now"} <= set(labels(f"{message}^"))
    filters = at(f"{message}now() | da^")
    assert {option.type for option in filters.options} == {"filter"}
    assert next(option.detail for option in filters.options if option.label == "dateAdd").startswith(
        "(amount, unit, [format]"
    )
    assert "first" in labels(f"{FLOW}    message: |\n      a\n      {{{{ outputs.^ }}}}\n"), (
        "in a text of several lines"
    )
    assert labels(f"{FLOW}    message: |\n      a\n      ^\n") == []


def test_outputs_are_those_of_the_task_s_type() -> None:
    text = f"""{FLOW}  - id: by-hand
    type: "core.http.Request"
  - id: odd
    type: no.Such
  - id: say
    type: {LOG}
    message: "{{{{ """
    found = at(f"{text}outputs['by-hand'].co^")
    assert [option.label for option in found.options] == ["uri", "code", "headers", "body", "encryptedBody"]
    assert (found.word, found.options[1].detail) == ("co", "integer")
    assert "status" in found.options[1].info
    assert labels(f"{text}outputs.first.^") == [], "a Log gives nothing"
    assert labels(f"{text}outputs.odd.^") == labels(f"{text}outputs.nobody.^") == []
    assert labels(f"{text}outputs['by-hand'].headers.^") == []
    looped = f'{FLOW}{LOOP}      - id: get\n        type: core.kv.Get\n  - id: b\n    type: {LOG}\n    message: "{{{{ '
    assert labels(f"{looped}outputs.get[taskrun.value].^") == ["value"]


def test_the_trigger_s_variables_are_those_of_the_flow_s_triggers() -> None:
    message = f'{FLOW}    message: "{{{{ trigger.^ }}}}"'
    assert "body" in labels(message), "whatever may start it"
    dated = "triggers:\n  - id: day\n    type: io.kestra.plugin.core.trigger.Schedule\n    cron: '@daily'\n"
    assert labels(f"{message}\n{dated}") == ["date", "next", "previous"]


def test_what_is_written_on_one_line_is_known_too() -> None:
    short = f"""id: daily
namespace: company.team
inputs:
  - {{id: who, type: STRING}}
  - {{broken
variables: {{home: x, "far": y}}
tasks:
  - {{id: first, type: {LOG}, message: "{{{{ inputs.who }}}}"}}
  - id: second
    type: {LOG}
    message: "{{{{ """
    assert labels(f"{short}inputs.^") == ["who"]
    assert labels(f"{short}vars.^") == ["home", "far"]
    assert labels(f"{short}outputs.^") == ["first", "second"]


def test_names_of_the_installation_are_offered() -> None:
    known = Known([("demo", "one"), ("other", "two")], secrets=["TOKEN"], keys=["mykey"])
    call = f"{FLOW}  - id: sub\n    type: io.kestra.plugin.core.flow.Subflow\n"
    assert labels(f"{call}    namespace: ^", known) == ["demo", "other"]
    assert labels(f"{call}    namespace: demo\n    flowId: ^", known) == ["one"]
    assert labels(f"{FLOW}    message: \"{{{{ secret('^", known) == ["TOKEN"]
    assert labels(f"{FLOW}    message: \"{{{{ kv('^", known) == ["mykey"]


def test_every_place_of_a_text_is_answered() -> None:
    text = FLOW + LOOP + "      - id: x\n        - - y: [\n  \t: :\n&a *b {{ }\n\"'"
    for line, content in enumerate(text.split("\n"), 1):
        for column in range(1, len(content) + 3):
            complete(text, line, column, Known())


def test_the_kind_of_a_type_is_known_without_loading_it() -> None:
    wrong = {name for name, (_, kind) in plugindocs.plugins().items() if kind_of(name) != kind}
    assert wrong == set()


def test_the_route_answers_with_columns(api: Api) -> None:
    body = {"source": f"{FLOW}    mes", "line": 11, "column": 8}
    found = api.post("/flows/complete", json=body)
    assert (found["kind"], found["from"], found["to"]) == ("key", 5, 8)
    assert found["options"][0]["label"] == "message"
    assert found["options"][0]["required"] is True
    api.fails(422, "POST", "/flows/complete", json={"source": 1})
