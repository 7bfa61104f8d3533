"""The topology: laid out at once, foldable, with the states of an execution, by mouse and by keys."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page, expect

from browser.examples import chain, execution, loop, looped, run
from browser.stage import Stage


def test_300_tasks_are_laid_out_within_half_a_second(page: Page, stage: Stage) -> None:
    stage.on("GET /flows/demo/flow/graph", chain(300))
    page.goto(stage.island("graph", namespace="demo", flow="flow"))
    expect(page.locator(".i-graph")).to_have_attribute("data-drawn", "300")
    took = page.locator(".i-graph").get_attribute("data-layout")
    assert took is not None
    assert int(took) < 500
    tops = page.locator(".i-node").evaluate_all("all => all.map(each => each.getBoundingClientRect().top)")
    assert tops == sorted(tops)
    assert len(set(tops)) == 300


def test_an_execution_shows_states_and_progress_and_a_cluster_folds(page: Page, stage: Stage) -> None:
    stage.on("GET /executions/e1/graph", looped())
    stage.on("GET /executions/e1", execution(runs=loop(10, 3)))
    page.goto(stage.island("graph", execution="e1"))
    cluster = page.locator(".i-cluster")
    expect(cluster.locator(".i-cluster-name")).to_have_text("▾ each 3/10")
    inner = page.locator(".i-node[data-id=inner]")
    expect(inner).to_have_attribute("data-state", "RUNNING")
    page.locator(".i-fold-button").focus()
    page.keyboard.press("Enter")
    expect(inner).to_have_count(0)
    expect(page.locator(".i-edge")).to_have_count(2)
    page.keyboard.press("Enter")
    expect(inner).to_have_count(1)


def test_only_what_has_changed_is_drawn_anew(page: Page, stage: Stage) -> None:
    page.add_init_script("globalThis.tiercelTimes = {soonest: 20, lived: 0, poll: 50}")
    shown = [execution("CREATED", "RUNNING", runs=[run("task0"), run("task1", "CREATED", "RUNNING")])]
    stage.on("GET /executions/e1/graph", chain(3))
    stage.on("GET /executions/e1/follow", (502, {}))
    stage.on("GET /executions/e1", lambda _asked: shown[0])
    page.goto(stage.island("graph", execution="e1"))
    expect(page.locator(".i-node[data-id=task1]")).to_have_attribute("data-state", "RUNNING")
    page.evaluate("window.before = [...document.querySelectorAll('.i-node')]")
    shown[0] = execution("CREATED", "RUNNING", runs=[run("task0"), run("task1"), run("task2", "CREATED", "RUNNING")])
    expect(page.locator(".i-node[data-id=task2]")).to_have_attribute("data-state", "RUNNING")
    kept = "[...document.querySelectorAll('.i-node')].filter((each) => before.includes(each))"
    assert page.evaluate(f"{kept}.map(({{dataset}}) => dataset.id)") == ["task0"]


def test_a_node_has_a_menu_that_keys_reach(page: Page, stage: Stage) -> None:
    stage.on("GET /flows/demo/flow/graph", looped())
    page.goto(stage.island("graph", namespace="demo", flow="flow"))
    node = page.locator(".i-node[data-id=inner]")
    node.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu", name="inner")
    expect(menu.get_by_role("menuitem", name="Edit the task")).to_be_focused()
    expect(menu.get_by_role("menuitem", name="Documentation of Log")).to_have_attribute(
        "href", "/ui/plugins/io.kestra.plugin.core.log.Log"
    )
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(page.locator(".i-node[data-id=inner]")).to_be_focused()


def test_the_orientation_is_remembered_and_the_sheet_is_saved(page: Page, stage: Stage) -> None:
    stage.on("GET /flows/demo/flow/graph", chain(4))
    address = stage.island("graph", namespace="demo", flow="flow")
    page.goto(address)
    expect(page.locator(".i-node")).to_have_count(4)
    page.get_by_role("button", name="Turn").click()
    page.reload()
    expect(page.locator(".i-node")).to_have_count(4)
    tops = page.locator(".i-node").evaluate_all("all => all.map(each => Math.round(each.getBoundingClientRect().top))")
    assert len(set(tops)) == 1
    with page.expect_download() as saved:
        page.get_by_role("button", name="SVG").click()
    text = saved.value.path().read_text()
    assert text.startswith("<svg")
    assert "task3" in text
    assert 'fill="rgb' in text


def test_flows_that_depend_on_each_other_are_drawn(page: Page, stage: Stage) -> None:
    nodes = [{"uid": f"main_demo_{name}", "namespace": "demo", "id": name} for name in ("one", "two")]
    edges = [{"source": "main_demo_one", "target": "main_demo_two", "relation": "FLOW_TASK"}]
    stage.on("GET /flows/demo/one/dependencies", {"nodes": nodes, "edges": edges})
    page.goto(stage.island("graph", namespace="demo", flow="one", dependencies=True))
    expect(page.locator(".i-flow")).to_have_count(2)
    page.locator(".i-flow").last.click()
    expect(page.get_by_role("menuitem", name="Open the flow")).to_have_attribute("href", "/ui/flows/edit/demo/two")


def test_a_subflow_is_shown_in_place_edited_where_it_is_and_folded_again(page: Page, stage: Stage) -> None:
    task = {"id": "call", "type": "io.kestra.plugin.core.flow.Subflow", "namespace": "other", "flowId": "child"}
    kinds = "io.kestra.core.models.hierarchies."
    call = {"uid": "call", "type": f"{kinds}SubflowGraphTask", "task": task}
    say = {"uid": "call.say", "type": f"{kinds}GraphTask", "task": {"id": "say", "type": "x.Log"}}
    cluster = {"uid": "cluster_call", "type": f"{kinds}SubflowGraphCluster", "taskNode": call}
    opened = {"nodes": [say], "edges": [], "clusters": [{"cluster": cluster, "nodes": ["call.say"], "parents": []}]}
    folded: dict[str, Any] = {"nodes": [call], "edges": [], "clusters": []}
    stage.on("GET /flows/demo/flow/graph", lambda asked: opened if asked.query.get("subflows") == "call" else folded)
    page.goto(stage.island("graph", namespace="demo", flow="flow"))
    page.locator(".i-node[data-id=call]").click()
    page.get_by_role("menuitem", name="Show the subflow here").click()
    page.locator(".i-node[data-id='call.say']").click()
    edit = page.get_by_role("menuitem", name="Edit the task")
    expect(edit).to_have_attribute("href", "/ui/flows/edit/other/child/edit?task=say")
    page.get_by_role("menuitem", name="Fold the subflow").click()
    expect(page.locator(".i-node[data-id=call]")).to_be_visible()
