"""Descriptions as markup: Markdown without raw HTML, without pictures from elsewhere, with links of the web only."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

LARGEST = 100_000
"""Characters of a text that are read."""


def markdown(text: object) -> Markup:
    """Return a Markdown text as markup; what looks like HTML in it is shown as text."""
    return Markup(_reader().render(str(text)[:LARGEST]))  # noqa: S704 - raw HTML is off: the reader escapes it


@cache
def _reader() -> MarkdownIt:
    from markdown_it import MarkdownIt  # only pages with a description need it

    reader = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")
    reader.validateLink = _is_harmless  # type: ignore[method-assign]
    return reader


def _is_harmless(url: str) -> bool:
    return url.lower().startswith(("https://", "http://", "/ui/", "#", "mailto:"))
