"""An execution's page: what can be done by its state, what is known of each task run, files as what they are."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from struct import pack
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from browser.installation import Installation
from browser.test_running import CORE, ends, opened
from serving import until

SPACE = "company.page"
CALLED = f"""id: called
namespace: {SPACE}
tasks:
  - {{id: hello, type: {CORE}.log.Log, message: said by the called one}}
  - {{id: wait, type: {CORE}.flow.Sleep, duration: "{{{{ kv('nap', errorOnMissing=false) ?? 'PT0S' }}}}"}}
"""
CALL = f"  - {{id: call, type: {CORE}.flow.Subflow, namespace: {SPACE}, flowId: called, wait: true}}\n"
CALLS = f"""id: calls
namespace: {SPACE}
labels: {{team: audit}}
inputs: [{{id: name, type: STRING, defaults: Ada}}]
tasks:
  - id: each
    type: {CORE}.flow.ForEach
    values: "{{{{ range(1, 300) }}}}"
    concurrencyLimit: 0
    tasks: [{{id: inner, type: {CORE}.debug.Return, format: "no {{{{ taskrun.value }}}} for {{{{ inputs.name }}}}"}}]
{CALL}  - id: tried
    type: {CORE}.execution.Fail
    errorMessage: "it fails"
    retry: {{type: constant, interval: PT0.01S, maxAttempts: 2}}
    allowFailure: true
"""
STUCK = f"""id: stuck
namespace: {SPACE}
tasks:
  - {{id: before, type: {CORE}.debug.Return, format: revision ONE}}
  - {{id: wait, type: {CORE}.flow.Sleep, duration: "{{{{ kv('long', errorOnMissing=false) ?? 'PT10M' }}}}"}}
"""
LIMITED = f"""id: limited
namespace: {SPACE}
concurrency: {{limit: 1, behavior: QUEUE}}
tasks: [{{id: wait, type: {CORE}.flow.Sleep, duration: PT10M}}]
"""
BROKEN = f"""id: broken
namespace: {SPACE}
tasks:
  - {{id: crash, type: {CORE}.execution.Fail, errorMessage: it breaks}}
  - {{id: after, type: {CORE}.log.Log, message: it goes on}}
"""


@pytest.fixture(scope="module")
def calls(there: Installation) -> str:
    """Run a flow with a large loop, a subflow and a task that is tried twice; return the execution's id."""
    there.deploy(f"{CALLED}---\n{CALLS}")
    return there.run(f"{SPACE}/calls", end="WARNING")


def of_row(page: Page, task: str, choice: str) -> None:
    """Choose something from the menu of a task run's row."""
    page.get_by_role("button", name=f"What can be done with {task}").click()
    page.get_by_role("menuitem", name=choice).click()


def test_a_subflow_is_opened_in_the_gantt_with_its_log_and_the_page_stays_that_of_the_caller(
    page: Page, there: Installation, calls: str
) -> None:
    opened(page, there, f"{SPACE}/calls", calls, "/gantt")
    rows = page.get_by_role("treeitem")
    expect(rows).to_have_count(4)
    expect(rows.filter(has_text="inner")).to_contain_text("✓ 300")
    expect(rows.filter(has_text="tried")).to_contain_text("(2 attempts)")
    of_row(page, "call", "Show the subflow here")
    expect(rows).to_have_count(6)
    rows.filter(has_text="hello").click()
    expect(page.get_by_text("said by the called one")).to_be_visible()
    expect(page.locator("[data-live-state]")).to_contain_text("WARNING")
    of_row(page, "call", "Fold the subflow")
    expect(rows).to_have_count(4)


def test_logs_are_read_below_their_tasks_and_deleted(page: Page, there: Installation) -> None:
    there.deploy(BROKEN)
    execution = there.run(f"{SPACE}/broken", end="FAILED")
    opened(page, there, f"{SPACE}/broken", execution, "/logs")
    page.get_by_role("button", name="By task").click()
    page.get_by_role("treeitem").filter(has_text="crash").click()
    expect(page.locator(".i-gantt .i-log-text").first).to_contain_text("it breaks")
    page.reload()
    expect(page.get_by_role("treeitem").filter(has_text="crash")).to_be_visible()
    page.get_by_role("button", name="By task").click()
    expect(page.locator(".i-log-lines")).to_contain_text("it breaks")
    page.get_by_role("button", name="Delete").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".i-log-note")).to_contain_text("No line matches")
    assert there.ask("GET", f"/logs/{execution}") == []


def test_a_click_on_a_task_shows_its_log_what_it_gave_and_what_it_was_given(
    page: Page, there: Installation, calls: str
) -> None:
    opened(page, there, f"{SPACE}/calls", calls, "/topology")
    expect(page.locator(".i-progress")).to_have_text(" 300/300")
    page.locator(".i-node[data-state]").filter(has_text="inner").click()
    panel = page.get_by_role("dialog", name="inner")
    panel.get_by_label("Iteration").select_option("7")
    expect(panel).to_contain_text('"value": "no 7 for Ada"')
    expect(panel.locator(".i-log-text")).to_have_text("no 7 for Ada")
    expect(panel.locator("pre").last).to_contain_text('"name": "Ada"')
    expect(panel.get_by_role("link", name="Replay from here")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    assert page.evaluate("document.getAnimations().length") == 0, "nothing moves where nothing runs"


def test_a_replay_begins_at_a_task_on_a_revision_of_choice(page: Page, there: Installation) -> None:
    there.deploy(STUCK.replace("stuck", "again").replace("PT10M", "PT0S"))
    execution = there.run(f"{SPACE}/again")
    there.deploy(STUCK.replace("stuck", "again").replace("PT10M", "PT0S").replace("ONE", "TWO"))
    opened(page, there, f"{SPACE}/again", execution, "/gantt")
    of_row(page, "wait", "Replay from here")
    expect(page.locator("form.filters")).to_contain_text("begins at task wait")
    page.get_by_label("Revision of the flow").select_option("2")
    page.get_by_role("button", name="Show its inputs").click()
    page.wait_for_url("**revision=2**")
    page.get_by_role("button", name="With the same inputs").click()
    page.wait_for_url(lambda address: "/replay" not in address and execution not in address)
    ends(page, "SUCCESS")
    after = there.ask("GET", f"/executions/{page.url.rpartition('/')[2]}")
    assert (after["flowRevision"], after["originalId"]) == (2, execution)
    assert after["taskRunList"][0]["outputs"]["value"] == "revision ONE", "what came before is taken over"


def test_what_is_stuck_is_killed_first_and_then_goes_on(page: Page, there: Installation) -> None:
    there.deploy(STUCK)
    execution = there.start(f"{SPACE}/stuck")
    opened(page, there, f"{SPACE}/stuck", execution)
    ends(page, "RUNNING")
    there.send("PUT", f"/namespaces/{SPACE}/kv/long", content='"PT0S"')
    page.get_by_label("More").click()
    page.get_by_role("link", name="Kill and restart").click()
    expect(page.locator("form .notice")).to_contain_text("It is RUNNING: it is killed first")
    page.get_by_role("button", name="Kill and restart").click()
    ends(page, "SUCCESS")
    states = [each["state"] for each in there.ask("GET", f"/executions/{execution}")["state"]["histories"]]
    assert states.index("KILLED") < states.index("RESTARTED")


def test_a_task_run_gets_another_state_after_the_page_has_said_what_happens(page: Page, there: Installation) -> None:
    there.deploy(BROKEN)
    execution = there.run(f"{SPACE}/broken", end="FAILED")
    opened(page, there, f"{SPACE}/broken", execution, "/gantt")
    of_row(page, "crash", "Change its state")
    expect(page.locator("form.card")).to_contain_text("what comes after it runs, as if it had succeeded")
    expect(page.locator("form.card")).to_contain_text("it is restarted and goes on from this task")
    page.get_by_role("button", name="Change state").click()
    ends(page, "SUCCESS")
    expect(page.get_by_role("treeitem").filter(has_text="after")).to_be_visible()


def test_a_queued_execution_leaves_the_queue_into_a_state_of_choice_or_runs_at_once(
    page: Page, there: Installation
) -> None:
    there.deploy(LIMITED)
    first = there.start(f"{SPACE}/limited")
    there.reaches(first, "RUNNING")
    second, third = there.start(f"{SPACE}/limited"), there.start(f"{SPACE}/limited")
    for each in (second, third):
        there.reaches(each, "QUEUED")
    opened(page, there, f"{SPACE}/limited", second)
    page.get_by_label("More").click()
    page.get_by_label("Out of the queue, to").select_option("CANCELLED")
    page.get_by_role("button", name="Unqueue").last.click()
    ends(page, "CANCELLED")
    opened(page, there, f"{SPACE}/limited", third)
    page.get_by_role("button", name="Force run").click()
    ends(page, "RUNNING")
    for each in (first, third):
        there.send("DELETE", f"/executions/{each}/kill")


def test_what_it_has_called_can_be_spared_when_it_is_killed(page: Page, there: Installation) -> None:
    there.send("PUT", f"/namespaces/{SPACE}/kv/nap", content='"PT10M"')
    there.deploy(f"{CALLED}---\nid: caller\nnamespace: {SPACE}\ntasks:\n{CALL}")
    execution = there.start(f"{SPACE}/caller")
    found = until(lambda: there.ask("GET", "/executions/search", params={"triggerExecutionId": execution})["results"])
    opened(page, there, f"{SPACE}/caller", execution)
    page.get_by_label("More").click()
    page.get_by_role("button", name="Kill, but not what it has called").click()
    ends(page, "KILLED")
    assert there.state(found[0]["id"]) == "RUNNING"
    there.send("DELETE", f"/executions/{found[0]['id']}/kill")
    there.send("DELETE", f"/namespaces/{SPACE}/kv/nap")


def picture() -> bytes:
    """Return a PNG of one dark point."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    head = pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


NOTHING = f"tasks: [{{id: x, type: {CORE}.log.Log, message: x}}]\n"
EVIL = "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>"
FILES: dict[str, tuple[bytes, Callable[[Page], None]]] = {
    "a.txt": (b"plain text", lambda page: expect(page.locator("pre.block")).to_have_text("plain text")),
    "a.json": (b'{"k": [1, 2]}', lambda page: expect(page.locator("pre.block")).to_contain_text('"k"')),
    "a.csv": (b"x,y\n1,2\n3,4\n", lambda page: expect(page.locator("tbody tr")).to_have_count(2)),
    "a.ion": (b'{x: 1, y: "two"}\n{x: 3}\n', lambda page: expect(page.locator("th")).to_have_text(["x", "y"])),
    "a.jsonl": (b'{"x": 1}\n{"x": 2}\n', lambda page: expect(page.locator("tbody tr")).to_have_count(2)),
    "a.png": (picture(), lambda page: expect(page.locator("main img")).to_have_js_property("naturalWidth", 1)),
    "a.md": (f"# Head\n{EVIL}".encode(), lambda page: expect(page.locator(".prose h1")).to_have_text("Head")),
    "a.svg": (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'>{EVIL[:31]}</svg>".encode(),
        lambda page: expect(page.locator("main img")).to_have_js_property("naturalWidth", 9),
    ),
    "a.html": (EVIL.encode(), lambda page: expect(page.locator("pre.block")).to_have_text(EVIL)),
    "a.pdf": (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n",
        lambda page: expect(page.locator("object[type='application/pdf']")).to_have_count(1),
    ),
    f"{EVIL[:31].replace('/', '')}.txt": (b"named so", lambda page: expect(page.locator("pre.block")).to_be_visible()),
}


def test_a_file_is_shown_as_what_it_is_and_what_is_in_it_never_runs(page: Page, there: Installation) -> None:
    names = {f"f{number}": name for number, name in enumerate(FILES)}
    inputs = "".join(f"  - {{id: {name}, type: FILE}}\n" for name in names)
    there.deploy(f"id: files\nnamespace: {SPACE}\ninputs:\n{inputs}{NOTHING}")
    sent = {name: (file, FILES[file][0]) for name, file in names.items()}
    execution = there.ask("POST", f"/executions/{SPACE}/files", files=sent)["id"]
    there.reaches(execution, "SUCCESS")
    given = there.ask("GET", f"/executions/{execution}")["inputs"]
    refused: list[str] = []
    page.expose_function("tiercelRefused", lambda what: refused.append(what))
    said = "(event) => tiercelRefused(event.violatedDirective)"
    page.add_init_script(f"addEventListener('securitypolicyviolation', {said})")
    for name, file in names.items():
        opened(page, there, f"{SPACE}/files", execution, f"/file/preview?path={quote(given[name], safe='')}")
        FILES[file][1](page)
        assert page.evaluate("window.hit") is None, file
    assert not refused
    opened(page, there, f"{SPACE}/files", execution)
    expect(page.locator(".tree a").filter(has_text=".txt")).to_have_count(2)
    assert page.evaluate("window.hit") is None


def test_a_preview_has_a_limit_of_rows_and_an_encoding(page: Page, there: Installation) -> None:
    there.deploy(f"id: one\nnamespace: {SPACE}\ninputs: [{{id: f, type: FILE}}]\n{NOTHING}")
    text = "straße\n" * 300
    execution = there.ask("POST", f"/executions/{SPACE}/one", files={"f": ("a.txt", text.encode("latin-1"))})["id"]
    uri = there.ask("GET", f"/executions/{execution}")["inputs"]["f"]
    opened(page, there, f"{SPACE}/one", execution, f"/file/preview?path={quote(uri, safe='')}")
    expect(page.get_by_text("Only the beginning is shown.")).to_be_visible()
    page.get_by_label("Rows").fill("3")
    page.get_by_label("Encoding").fill("latin-1")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("pre.block")).to_have_text("straße\n" * 3)
    other = there.run(f"{SPACE}/called")
    opened(page, there, f"{SPACE}/called", other, f"/file/preview?path={quote(uri, safe='')}")
    expect(page.get_by_text("Only the beginning is shown.")).to_be_visible()
