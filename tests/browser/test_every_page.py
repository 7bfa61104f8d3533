"""Every page as a browser has it: nothing that the policy refuses, no barrier that axe knows, room at 360 pixels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import need
from browser.installation import Installation
from browser.stage import BUILT, Stage

AXE = BUILT.parent / "node_modules" / "axe-core" / "axe.min.js"
FLOW, SPACE = "/ui/flows/edit/company.sales/daily-orders", "/ui/namespaces/edit/company.sales"
GOOD = "/ui/executions/company.sales/daily-orders/{good}"
FLOW_TABS = ("", "/topology", "/executions", "/edit", "/revisions", "/triggers", "/logs", "/metrics", "/dependencies")
PAGES = (
    "/ui/dashboards",
    "/ui/flows",
    "/ui/flows?group=namespace",
    "/ui/flows/search?q=order",
    "/ui/flows/new",
    *(f"{FLOW}{tab}" for tab in FLOW_TABS),
    f"{FLOW}/triggers?backfill=each_morning",
    "/ui/flows/execute/company.team/every-input",
    "/ui/executions",
    "/ui/executions?q=nobody-has-this-name",
    *(f"{GOOD}{tab}" for tab in ("", "/gantt", "/logs", "/topology", "/outputs", "/metrics", "/replay")),
    f"{GOOD}/file/preview?path={{file}}",
    "/ui/executions/company.sales/sync-customers/{bad}",
    "/ui/executions/company.sales/sync-customers/{bad}/restart",
    "/ui/executions/company.plant/watch-sensors/{running}",
    "/ui/executions/company.finance/approve-invoice/{paused}/resume",
    "/ui/logs",
    "/ui/admin/triggers",
    "/ui/admin/stats",
    "/ui/namespaces",
    *(f"{SPACE}{tab}" for tab in ("", "/flows", "/executions", "/kv?key=rate", "/secrets", "/variables")),
    f"{SPACE}/files?path=/queries&file=/queries/orders.sql",
    "/ui/plugins",
    "/ui/plugins/io.kestra.plugin.core.flow.ForEach",
    "/ui/blueprints",
    "/ui/blueprints/after-another-flow",
    "/ui/settings",
    "/ui/welcome",
    "/ui/login",
)
BARRIERS = """async (only) => {
    const rules = only ? {runOnly: {type: "rule", values: only}} : {};
    const found = await axe.run(document, {resultTypes: ["violations"], ...rules});
    const grave = found.violations.filter((each) => ["serious", "critical"].includes(each.impact));
    return grave.map((each) => `${each.id}: ${each.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} `
        + `${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`).join("; ")}`);
}"""
REPORT = """addEventListener("securitypolicyviolation", (event) =>
    tiercelRefused(`${event.effectiveDirective} ${event.blockedURI} ${event.target?.outerHTML?.slice(0, 200)}`))"""


def mounted(page: Page) -> None:
    """Wait until all islands stand."""
    expect(page.locator("[data-island]:not([data-mounted])")).to_have_count(0)


def barriers(page: Page, *only: str) -> list[str]:
    """Return what axe finds serious or critical: by all its rules, or by some."""
    found: list[str] = page.evaluate(BARRIERS, list(only) or None)
    return found


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the program that finds barriers."""
    need(AXE.is_file(), "axe-core is not installed: make ui")
    return AXE.read_text()


@dataclass(frozen=True)
class Window:
    """A browser's window, in which one page after the other is opened."""

    page: Page
    refused: list[str]
    """What the policy has refused, and what went wrong, since the page was opened."""


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Window]:
    """Open a window in the light theme."""
    refused: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.expose_function("tiercelRefused", lambda what: refused.append(what))
    context.add_init_script(f"localStorage.setItem('theme', 'light'); {REPORT}")
    page = context.new_page()
    page.on("pageerror", lambda error: refused.append(str(error)))
    yield Window(page, refused)
    context.close()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_barrier_in_either_theme_and_fits_a_phone(
    window: Window, there: Installation, ids: dict[str, str], axe: str, address: str
) -> None:
    page = window.page
    window.refused.clear()
    page.set_viewport_size({"width": 1200, "height": 800})
    file = there.ask("GET", f"/executions/{ids['good']}")["outputs"]["orders"] if "{file}" in address else ""
    page.goto(there.url + address.format(**ids, file=quote(file, safe="")))
    mounted(page)
    page.evaluate(axe)
    assert barriers(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert barriers(page, "color-contrast") == []
    page.set_viewport_size({"width": 360, "height": 740})
    expect(page.locator("h1").first).to_be_visible()
    expect(page.locator("html")).to_have_js_property("scrollWidth", 360)
    assert not window.refused


def test_a_write_that_another_sites_page_causes_is_refused(page: Page, there: Installation, stage: Stage) -> None:
    there.deploy_all("every-input")
    before = there.ask("GET", "/executions/search", params={"flowId": "every-input"})["total"]
    for place in ("/ui/act/POST", "/api/v1/main"):
        path = f"{place}/executions/company.team/every-input"
        how = f"method='post' enctype='multipart/form-data' action='{there.url}{path}'"
        form = f"<form {how}><button>Win</button></form>"
        page.goto(stage.show(form).replace("127.0.0.1", "localhost"))
        with page.expect_response(f"{there.url}{path}") as answer:
            page.get_by_role("button", name="Win").click()
        assert answer.value.status == 403
    assert there.ask("GET", "/executions/search", params={"flowId": "every-input"})["total"] == before
