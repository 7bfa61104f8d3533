"""`taskCache`: an equal run that has succeeded before is not run again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flows.scenes import Place, messages, outputs, place, states
from tiercel.errors import TransientError
from tiercel.intake import Request
from tiercel.taskcache import TaskCache

NS = "team.a"
HEAD = f"id: cached\nnamespace: {NS}\n"
HOUR = "taskCache: {enabled: true, ttl: PT1H}"
REUSED = "the task did not run"
GET = f"{HEAD}tasks:\n  - {{id: get, type: core.kv.Get, key: k, {HOUR}}}\n"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with place(tmp_path) as found:
        yield found


def put(here: Place, value: object) -> None:
    here.rt.services.keys.set(NS, "k", value)


def got(here: Place, source: str = GET, **inputs: object) -> object:
    return outputs(here.run(source, Request(inputs)), "get")["value"]


def reused(shown: dict[str, Any]) -> int:
    return sum(REUSED in line for line in messages(shown))


def test_an_equal_run_gives_what_was_given_and_says_so(here: Place) -> None:
    put(here, "old")
    first = here.run(GET)
    put(here, "new")
    second = here.run(GET)
    assert outputs(second, "get") == outputs(first, "get") == {"value": "old"}
    assert states(second) == {"get": "SUCCESS"}
    [line] = messages(second, "get")
    assert REUSED in line
    assert first["id"] in line
    assert reused(first) == 0


def test_what_was_kept_is_good_until_its_time_is_over(here: Place) -> None:
    put(here, "old")
    got(here)
    put(here, "new")
    here.clock.advance(3599)
    assert got(here) == "old"
    here.clock.advance(1)
    assert got(here) == "new"
    here.clock.advance(3599)
    assert got(here) == "new"


def test_without_a_time_it_is_good_for_ever(here: Place) -> None:
    flow = GET.replace(", ttl: PT1H", "")
    put(here, "old")
    got(here, flow)
    put(here, "new")
    here.clock.advance(10 * 365 * 86400)
    assert got(here, flow) == "old"


@pytest.mark.parametrize(
    "other",
    [
        GET.replace("enabled: true", "enabled: false"),
        GET.replace("id: cached", "id: another"),
        GET.replace(f"namespace: {NS}", f"namespace: {NS}.below").replace("key: k", f"key: k, namespace: {NS}"),
        GET.replace("key: k", f"key: k, namespace: {NS}"),
        GET.replace("{id: get", "{id: fetch"),
    ],
    ids=["switched off", "another flow", "another namespace", "another property", "another task"],
)
def test_what_is_not_equal_runs(here: Place, other: str) -> None:
    put(here, "old")
    got(here)
    put(here, "new")
    [found] = [run["outputs"]["value"] for run in here.run(other)["taskRunList"]]
    assert found == "new"


def test_a_run_that_failed_is_not_kept(here: Place) -> None:
    flow = GET.replace("key: k", "key: k, errorOnMissing: true")
    assert states(here.run(flow)) == {"get": "FAILED"}
    put(here, "there")
    assert got(here, flow) == "there"


def test_properties_that_a_task_renders_itself_are_compared_as_they_are_rendered(here: Place) -> None:
    flow = f"""{HEAD}
inputs: [{{id: x, type: INT}}]
tasks:
  - {{id: set, type: core.kv.Set, key: k, value: "{{{{ inputs.x }}}}", {HOUR}}}
"""
    for x in (1, 2):
        assert reused(here.run(flow, Request({"x": x}))) == 0
    assert reused(here.run(flow, Request({"x": 1}))) == 1
    found = here.rt.services.keys.get(NS, "k")
    assert found is not None
    assert found.value == 2


def test_a_property_that_only_the_running_task_can_render_is_a_warning_and_the_task_runs(here: Place) -> None:
    flow = f"""{HEAD}
tasks:
  - id: count
    type: core.execution.Count
    namespaces: [{NS}]
    expression: "{{{{ count > 0 }}}}"
    {HOUR}
"""
    assert outputs(here.run(flow), "count")["total"] == 1
    shown = here.run(flow)
    assert outputs(shown, "count")["total"] == 2
    assert [(line["level"], "not cached" in line["message"]) for line in shown["logs"]] == [("WARN", True)]


def test_each_value_of_a_loop_has_its_own(here: Place) -> None:
    flow = f"""{HEAD}
tasks:
  - id: loop
    type: core.flow.ForEach
    values: [x, y]
    tasks:
      - {{id: get, type: core.kv.Get, key: k, {HOUR}}}
"""
    assert [reused(here.run(flow)) for _ in range(2)] == [0, 2]


# ---------------------------------------------------------------- files


FILES = f"""{HEAD}
tasks:
  - {{id: files, type: core.namespace.DownloadFiles, files: a.txt, {HOUR}}}
  - {{id: size, type: core.storage.Size, uri: "{{{{ outputs.files.files['/a.txt'] }}}}", {HOUR}}}
  - {{id: text, type: core.debug.Return, format: "{{{{ read(outputs.files.files['/a.txt']) }}}}"}}
"""


def write(here: Place, text: str) -> None:
    here.rt.services.files.write(NS, "a.txt", text.encode())


def uri(shown: dict[str, Any]) -> str:
    return str(outputs(shown, "files")["files"]["/a.txt"])


def test_files_are_copied_to_where_the_execution_may_read_them(here: Place) -> None:
    write(here, "old")
    first = here.run(FILES)
    write(here, "newer")
    second = here.run(FILES)
    assert outputs(second, "text") == {"value": "old"}
    assert second["id"] in uri(second)
    here.rt.services.objects.delete(uri(first))
    assert here.text(uri(second)) == "old"


def test_a_copy_of_a_file_is_the_same_file_to_the_tasks_that_take_it(here: Place) -> None:
    write(here, "old")
    assert [reused(here.run(FILES)) for _ in range(3)] == [0, 2, 2]


def test_a_run_whose_files_are_gone_is_run_again(here: Place) -> None:
    write(here, "old")
    first = here.run(FILES)
    write(here, "newer")
    here.rt.services.objects.delete(uri(first))
    second = here.run(FILES)
    assert outputs(second, "text") == {"value": "newer"}
    assert any("are gone" in line for line in messages(second, "files"))


def test_large_outputs_are_reused_too(here: Place) -> None:
    put(here, "x" * 10_000)
    got(here)
    put(here, "new")
    assert got(here) == "x" * 10_000


def test_a_file_inside_a_text_is_copied_too(here: Place) -> None:
    flow = f"""{HEAD}
tasks:
  - {{id: files, type: core.namespace.DownloadFiles, files: a.txt, {HOUR}}}
  - id: said
    type: core.debug.Return
    format: "see {{{{ outputs.files.files['/a.txt'] }}}}, please"
    {HOUR}
"""
    write(here, "old")
    here.run(flow)
    said = outputs(here.run(flow), "said")["value"]
    assert here.text(said.removeprefix("see ").removesuffix(", please")) == "old"


def test_the_folder_of_a_working_directory_does_not_count(here: Place) -> None:
    flow = f"""{HEAD}
tasks:
  - id: together
    type: core.flow.WorkingDirectory
    tasks:
      - {{id: where, type: core.debug.Return, format: "{{{{ workingDir }}}}/x", {HOUR}}}
"""
    assert [reused(here.run(flow)) for _ in range(2)] == [0, 1]


# ---------------------------------------------------------------- the store


def test_a_key_shows_nothing_of_the_properties(here: Place) -> None:
    flow = f"{HEAD}tasks:\n  - {{id: set, type: core.kv.Set, key: k, value: hush-hush, {HOUR}}}\n"
    here.run(flow)
    [entry] = here.rt.store.scan("taskcache/")
    assert b"hush" not in entry.key.encode() + entry.body


def test_entries_whose_time_is_over_go_with_the_next(here: Place) -> None:
    for key in ("k1", "k2", "k3"):
        here.run(GET.replace("key: k", f"key: {key}"))
    here.clock.advance(timedelta(hours=2).total_seconds())
    got(here)
    assert len(list(here.rt.store.scan("taskcache/"))) == 1


def test_trouble_with_the_cache_is_a_warning_and_the_task_runs(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def trouble(*_: object) -> None:
        raise TransientError("the store is busy")

    put(here, "there")
    monkeypatch.setattr(TaskCache, "find", trouble)
    monkeypatch.setattr(TaskCache, "keep", trouble)
    shown = here.run(GET)
    assert outputs(shown, "get") == {"value": "there"}
    assert [line["level"] for line in shown["logs"]] == ["WARN", "WARN"]
