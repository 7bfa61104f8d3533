"""One headless Chromium for all tests of this folder, and a stage on which each puts its island."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser.installation import Installation, populate
from browser.stage import BUILT, Stage, serve
from serving import serving

ON_CI = "CI" in os.environ


def need(found: object, what: str) -> None:
    """Skip a test on a laptop where something is missing; fail on CI."""
    if not found and not ON_CI:
        pytest.skip(what)
    assert found, what


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the machine's Chromium; without one tests are skipped on a laptop, and fail on CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    need(chromium, "there is no chromium on this machine: apt-get install chromium")
    need((BUILT / "manifest.json").is_file(), "what the pages load is not built: make ui")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="session")
def _served() -> Iterator[Stage]:
    stage = Stage()
    server = serve(stage)
    yield stage
    server.shutdown()
    server.server_close()


@pytest.fixture
def stage(_served: Stage) -> Stage:
    """Return an empty stage."""
    _served.clear()
    return _served


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of its own; what goes wrong in it unasked fails the test, refusals by the policy too."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(8000)
    shown = context.new_page()
    wrong: list[str] = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on(
        "console",
        lambda said: wrong.append(said.text) if said.type == "error" and "Failed to load" not in said.text else None,
    )
    yield shown
    context.close()
    assert not wrong


@pytest.fixture(scope="session")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Run a server of its own, with nothing in it."""
    with serving(tmp_path_factory.mktemp("pages") / "store") as server:
        client = Installation(server)
        yield client
        client.close()


@pytest.fixture(scope="session")
def ids(there: Installation) -> dict[str, str]:
    """Put flows and executions into the server, as people have them; return some executions' ids."""
    return populate(there)
