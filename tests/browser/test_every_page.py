"""Every page as a browser has it: nothing that the policy refuses, no barrier that axe knows, room enough at 360 pixels."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

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
    "/ui/flows/search?q=order",
    "/ui/flows/new",
    *(f"{FLOW}{tab}" for tab in FLOW_TABS),
    "/ui/flows/execute/company.team/every-input",
    "/ui/executions",
    "/ui/executions?q=nobody-has-this-name",
    *(f"{GOOD}{tab}" for tab in ("", "/gantt", "/logs", "/topology", "/outputs", "/metrics", "/replay")),
    f"{GOOD}/file/preview?path={{file}}",
    "/ui/executions/company.sales/sync-customers/{bad}",
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


@pytest.fixture
def refused(page: Page) -> list[str]:
    """Return what the policy refuses, filled as pages are opened."""
    found: list[str] = []
    page.expose_function("tiercelRefused", lambda what: found.append(what))
    page.add_init_script(REPORT)
    return found


@pytest.mark.parametrize("address", PAGES)
def test_a_page_has_no_barrier_in_either_theme_and_fits_a_phone(
    page: Page, there: Installation, ids: dict[str, str], axe: str, refused: list[str], address: str
) -> None:
    page.add_init_script("localStorage.setItem('theme', 'light')")
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
    assert not refused


def test_a_write_that_another_sites_page_causes_is_refused(page: Page, there: Installation, stage: Stage) -> None:
    there.deploy_all("every-input")
    before = there.ask("GET", "/executions/search", params={"flowId": "every-input"})["total"]
    for path in ("/ui/act/POST/executions/company.team/every-input", "/api/v1/main/executions/company.team/every-input"):
        form = f"<form method='post' enctype='multipart/form-data' action='{there.url}{path}'><button>Win</button></form>"
        page.goto(stage.show(form).replace("127.0.0.1", "localhost"))
        with page.expect_response(lambda answer, path=path: path in answer.url) as answer:
            page.get_by_role("button", name="Win").click()
        assert answer.value.status == 403
    assert there.ask("GET", "/executions/search", params={"flowId": "every-input"})["total"] == before
