"""A reader of pages: follows forms and links of one installation, and looks at the HTML as a parser sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from werkzeug.test import Client, TestResponse

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]


@dataclass
class Html(HTMLParser):
    """A page, parsed."""

    elements: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag == "option" or "option" in self.open:
            while self.open and self.open[-1] == "option":
                self.open.pop()
            if self.open and self.open[-1] == tag:
                self.open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Return the elements of a tag that have some attributes (`_` stands for `-`)."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            each
            for each in self.elements
            if each.tag == tag and all(each.attributes.get(name) == value for name, value in wanted.items())
        ]

    @property
    def text(self) -> str:
        """What is read."""
        return " ".join(" ".join(self.texts).split())


def parsed(response: TestResponse) -> Html:
    """Return a page as a parser sees it; every element that was opened is closed."""
    found = Html()
    found.feed(response.get_data(as_text=True))
    found.close()
    assert not found.unbalanced, found.unbalanced
    left = [tag for tag in found.open if tag not in ("option", "html", "body")]
    assert not left, left
    return found


@dataclass
class Reader:
    """Somebody at a browser."""

    client: Client

    def get(self, path: str, status: int = 200, **kwargs: Any) -> Html:
        """Return a page."""
        response = self.client.get(path, **kwargs)
        assert response.status_code == status, response.get_data(as_text=True)[-2000:]
        return parsed(response)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        """Send a form as a browser does from a page of the same site."""
        headers = {"Sec-Fetch-Site": "same-origin", **kwargs.pop("headers", {})}
        return self.client.post(path, headers=headers, **kwargs)

    def moves(self, path: str, **kwargs: Any) -> str:
        """Send a form that must lead to another page; return its address."""
        response = self.post(path, **kwargs)
        assert response.status_code == 303, response.get_data(as_text=True)[-3000:]
        return response.headers["Location"]
