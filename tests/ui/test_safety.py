"""What a browser is told to load, who is let in, and which writes are refused."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from api.driving import RETURN
from tiercel.api import sessions
from tiercel.api.site import Site
from tiercel.ui.markdown import markdown
from tiercel.ui.signin import safe_next
from ui.browsing import Reader
from ui.conftest import World

PASSWORD = "correct horse"


@pytest.fixture
def closed(world: World) -> Site:
    """Return the installation behind a password."""
    return replace(world.site, credentials=("ada", PASSWORD), token="token-1")


@pytest.fixture
def outsider(world: World, closed: Site) -> Reader:
    """Return somebody who has not signed in."""
    return world.reader(closed)


def sign_in(reader: Reader, **form: str) -> str:
    """Sign in; return where that leads."""
    return reader.moves("/ui/login", data={"user": "ada", "password": PASSWORD, **form})


@pytest.mark.parametrize("path", ["/ui/flows", "/ui/nothing", "/ui/login"])
def test_pages_may_load_nothing_from_elsewhere_or_from_their_text(reader: Reader, path: str) -> None:
    headers = reader.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    nonces = {re.search(r"'nonce-([^']+)'", reader.client.get(path).headers["Content-Security-Policy"]) for _ in "ab"}
    assert len({found[1] for found in nonces if found}) == 2


def test_an_outsider_is_led_to_the_door_and_back(outsider: Reader) -> None:
    response = outsider.client.get("/ui/executions?state=FAILED")
    assert response.status_code == 303
    door = response.headers["Location"]
    assert door.startswith("/ui/login?next=")
    html = outsider.get(door)
    (field,) = html.all("input", name="next")
    assert sign_in(outsider, next=field.attributes["value"]) == "/ui/executions?state=FAILED"
    outsider.get("/ui/executions?state=FAILED")


def test_a_session_is_a_cookie_that_scripts_cannot_read(outsider: Reader, closed: Site) -> None:
    response = outsider.post("/ui/login", data={"user": "ada", "password": PASSWORD})
    cookie = response.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert outsider.client.get("/api/v1/main/flows/search").status_code == 200
    outsider.moves("/ui/logout")
    assert outsider.client.get("/ui/flows").status_code == 303
    assert outsider.client.get("/api/v1/main/flows/search").status_code == 401


@pytest.mark.parametrize("form", [{"user": "ada", "password": "no"}, {"user": "x", "password": PASSWORD}, {}])
def test_wrong_credentials_open_nothing(outsider: Reader, form: dict[str, str]) -> None:
    response = outsider.post("/ui/login", data=form)
    assert response.status_code == 401
    assert "Set-Cookie" not in response.headers
    assert "WWW-Authenticate" not in response.headers


def test_the_token_is_as_good_as_the_password(outsider: Reader) -> None:
    assert outsider.moves("/ui/login", data={"user": "", "password": "token-1"}) == "/ui/"


def test_a_session_ends_with_its_time_with_the_password_and_with_a_changed_letter(closed: Site) -> None:
    cookie = sessions.issue(closed, now=1000.0)
    assert sessions.holds(closed, cookie, now=1001.0)
    assert not sessions.holds(closed, cookie, now=1001.0 + sessions.LASTS)
    assert not sessions.holds(replace(closed, credentials=("ada", "other")), cookie, now=1001.0)
    assert not sessions.holds(closed, f"9{cookie}", now=1001.0)
    for wrong in ("", "x", "1.2", f"{cookie}0", None):
        assert not sessions.holds(closed, wrong, now=1001.0)


FOREIGN = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://evil.test"}]


@pytest.mark.parametrize("headers", [*FOREIGN, {"Origin": "null"}])
def test_a_write_that_another_site_causes_is_refused(
    world: World, reader: Reader, outsider: Reader, headers: dict[str, str]
) -> None:
    sign_in(outsider)
    before = world.api.get("/executions/search")["total"]
    for somebody in (reader, outsider):
        for path in ("/ui/flows/execute/company.team/shown", "/ui/act/POST/executions/company.team/shown?_as=form"):
            assert somebody.client.post(path, data={}, headers=headers).status_code == 403, path
        assert somebody.client.post("/api/v1/main/executions/company.team/shown", headers=headers).status_code == 403
    assert outsider.client.post("/ui/logout", headers=headers).status_code == 403
    assert world.api.get("/executions/search")["total"] == before


def test_a_write_that_rides_on_a_cookie_must_say_where_it_comes_from(outsider: Reader) -> None:
    sign_in(outsider)
    path = "/api/v1/main/flows/validate"
    assert outsider.client.post(path, data="id: a").status_code == 403
    assert outsider.client.post(path, data="id: a", headers={"Origin": "http://localhost"}).status_code == 200


def test_clients_that_are_no_browsers_write_as_before(world: World) -> None:
    assert world.reader().client.post("/api/v1/main/flows/validate", data="id: a").status_code == 200


@pytest.mark.parametrize(
    "address", ["//evil.test", "https://evil.test", "/ui//evil.test", "/ui/\\evil", "/api", "", "x"]
)
def test_a_form_leads_to_our_own_pages_only(address: str) -> None:
    assert safe_next(address) == "/ui/"


def test_descriptions_are_markdown_without_html() -> None:
    found = markdown(
        "**b** <b onclick=x>c</b> [d](javascript:alert(1)) ![e](http://evil.test/i.png) [f](https://f.test)"
    )
    assert "<strong>b</strong>" in found
    assert '<a href="https://f.test">f</a>' in found
    for bad in ("<b ", 'href="javascript', "<img"):
        assert bad not in found


def test_a_file_that_is_a_page_is_shown_as_text(world: World, reader: Reader) -> None:
    world.api.deploy(
        "id: page\nnamespace: company.team\ntasks: [{id: w, type: io.kestra.plugin.core.storage.Write, "
        "content: '<script>alert(3)</script>', extension: .html}, "
        f"{{id: g, type: {RETURN}, format: x}}]"
    )
    execution = world.api.run("/executions/company.team/page")
    uri = world.api.get(f"/executions/{execution}")["taskRunList"][0]["outputs"]["uri"]
    page = f"/ui/executions/company.team/page/{execution}/file/preview"
    html = reader.get(page, query_string={"path": uri})
    assert "<script>alert(3)</script>" in html.text
