"""The example flows that come with the pages: YAML files, whose first lines say what they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "blueprints"


@dataclass(frozen=True)
class Example:
    """A flow to begin with."""

    id: str
    title: str
    tags: tuple[str, ...]
    source: str


@cache
def examples() -> Mapping[str, Example]:
    """Return the examples by id: the first line of a file is `# title`, the second one `# tag, tag`."""
    return {path.stem: _read(path) for path in sorted(FOLDER.glob("*.yaml"))}


def _read(path: Path) -> Example:
    title, tags, source = path.read_text().split("\n", 2)
    return Example(
        path.stem, title.strip("# "), tuple(tag.strip() for tag in tags.strip("# ").split(",")), source.lstrip("\n")
    )
