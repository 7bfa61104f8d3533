"""The settings of a browser: each does what it says, on the pages that it is about."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from browser.installation import Installation


def test_each_setting_does_what_it_says(page: Page, there: Installation, ids: dict[str, str]) -> None:
    shown = f"{there.url}/ui/executions/company.sales/daily-orders/{ids['good']}"
    page.goto(f"{there.url}/ui/settings")
    page.get_by_label("Form of dates").select_option("DD.MM.YYYY HH:mm:ss")
    zone = page.get_by_label("Time zone of dates")
    zone.fill("Mars/Phobos")
    zone.blur()
    assert "is no time zone" in zone.evaluate("field => field.validationMessage")
    zone.fill("Asia/Tokyo")
    page.get_by_label("Default namespace").fill("company.sales")
    page.get_by_label("Name of this environment").fill("Staging")
    page.get_by_label("Its colour").fill("rgb(1, 2, 3)")
    page.get_by_label("Order of an execution's log").select_option("by task")
    page.get_by_label("Editor's font size").fill("19")
    page.get_by_label("Editor's font size").blur()
    page.goto(f"{there.url}/ui/admin/stats")
    time = page.locator("#vitals time").last
    wanted = time.evaluate(
        "time => new Intl.DateTimeFormat('de', {timeZone: 'Asia/Tokyo', dateStyle: 'medium', timeStyle: 'medium'})"
        ".format(new Date(time.dataset.time)).replace(',', '')"
    )
    expect(time).to_have_text(wanted)
    expect(page.locator("[data-env]")).to_have_text("Staging")
    assert page.locator("html").evaluate("html => html.style.getPropertyValue('--env')") == "rgb(1, 2, 3)"
    page.get_by_role("link", name="Flows", exact=True).click()
    expect(page).to_have_url(f"{there.url}/ui/flows?namespace=company.sales")
    expect(page.get_by_role("searchbox", name="Namespace")).to_have_value("company.sales")
    page.get_by_role("link", name="Create").click()
    expect(page.locator(".cm-content")).to_contain_text("namespace: company.sales")
    assert page.locator(".cm-scroller").evaluate("text => getComputedStyle(text).fontSize") == "19px"
    page.goto(f"{shown}/logs")
    expect(page.get_by_role("button", name="By task")).to_have_attribute("aria-pressed", "true")


def test_the_menu_stays_as_narrow_as_it_was_and_a_star_leads_back(page: Page, there: Installation) -> None:
    page.goto(f"{there.url}/ui/plugins")
    page.get_by_role("button", name="Star this page").click()
    expect(page.locator(".starred a")).to_have_text("★ Plugins")
    page.get_by_role("button", name="Collapse").click()
    page.goto(f"{there.url}/ui/flows")
    expect(page.locator("html")).to_have_attribute("data-menu", "narrow")
    assert page.locator(".menu").evaluate("menu => menu.offsetWidth") < 80
    page.get_by_role("link", name="Namespaces").click()
    page.get_by_role("button", name="Collapse").click()
    page.locator(".starred a").click()
    expect(page).to_have_url(f"{there.url}/ui/plugins")
    page.get_by_role("button", name="Star this page").click()
    expect(page.locator(".starred a")).to_have_count(0)
    page.get_by_role("button", name="Help").click()
    expect(page.get_by_role("dialog")).to_contain_text("search everything")
