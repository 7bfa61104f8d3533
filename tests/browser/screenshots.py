"""Take the pictures of the pages for the documentation, from a real server: `make screenshots`.

They are written into `docs/screenshots`, each in the theme and the size that it is named with here.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zlib
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from browser.installation import Installation, populate
from serving import serving

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
LARGEST = 120_000
"""Bytes of a picture."""

WIDE, PHONE = (1200, 750), (360, 740)
FLOW, GOOD = "/ui/flows/edit/company.sales/daily-orders", "/ui/executions/company.sales/daily-orders/{good}"
SHOTS: tuple[tuple[str, str, tuple[int, int], str], ...] = (
    ("dashboard", "light", WIDE, "/ui/dashboards"),
    ("executions", "dark", (1200, 700), "/ui/executions?size=10"),
    ("failure", "light", WIDE, "/ui/executions/company.sales/sync-customers/{bad}"),
    ("gantt", "dark", WIDE, f"{GOOD}/gantt"),
    ("editor", "light", (1120, 640), f"{FLOW}/edit"),
    ("topology", "dark", WIDE, f"{GOOD}/topology"),
    ("execute", "light", WIDE, "/ui/flows/execute/company.sales/daily-orders"),
    ("phone", "light", PHONE, "/ui/executions"),
    ("phone-execution", "dark", PHONE, GOOD),
)
"""Name, theme, size in pixels, and address."""


def take(browser: Browser, url: str, name: str, theme: str, size: tuple[int, int]) -> Path:
    """Take one picture; return its file."""
    with browser.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=size == PHONE) as context:
        context.add_init_script(f"localStorage.setItem('theme', '{theme}')")
        page = context.new_page()
        page.goto(url)
        expect(page.locator("[data-island]:not([data-mounted])")).to_have_count(0)
        page.wait_for_load_state("networkidle" if "/executions/" not in url else "load")
        page.wait_for_timeout(400)
        file = FOLDER / f"{name}.png"
        file.write_bytes(packed(page.screenshot()))
    return file


def packed(png: bytes) -> bytes:
    """Return a PNG whose pixels are compressed as well as can be: browsers do it in a hurry."""
    place, before, pixels, after = 8, png[:8], b"", b""
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        kind, whole = png[place + 4 : place + 8], png[place : place + 12 + length]
        if kind == b"IDAT":
            pixels += whole[8:-4]
        elif pixels:
            after += whole
        else:
            before += whole
        place += 12 + length
    content = b"IDAT" + zlib.compress(zlib.decompress(pixels), 9)
    chunk = (len(content) - 4).to_bytes(4, "big") + content + zlib.crc32(content).to_bytes(4, "big")
    return before + chunk + after


def main() -> int:
    """Take all pictures; return 1 where one is too large."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "store") as server,
        sync_playwright() as running,
    ):
        there = Installation(server)
        ids = populate(there)
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        files = [take(browser, there.url + path.format(**ids), name, theme, size) for name, theme, size, path in SHOTS]
        browser.close()
        there.close()
    large = [each for each in files if each.stat().st_size > LARGEST]
    for each in large:
        print(f"{each} has {each.stat().st_size} bytes, wanted at most {LARGEST}", file=sys.stderr)
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main())
