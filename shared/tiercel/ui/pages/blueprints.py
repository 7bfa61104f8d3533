"""Example flows: what each shows, its text, and a new flow from it."""

from __future__ import annotations

from tiercel.ui.lists import fetched
from tiercel.ui.visit import Shown, Visit

COMMUNITY = "/blueprints/community"


def show(visit: Visit) -> Shown:
    """Show the examples, or one of them."""
    return _one(visit, visit.path["id"]) if visit.path.get("id") else _all(visit)


def _all(visit: Visit) -> Shown:
    found, place = fetched(visit, COMMUNITY, size=100)
    tags = [(str(each["id"]), f"{each['name']} ({each['count']})") for each in visit.api.get(f"{COMMUNITY}/tags")]
    return Shown("blueprints", "Blueprints", {"examples": found, "pages": place, "tags": tags}, section="blueprints")


def _one(visit: Visit, wanted: str) -> Shown:
    found = visit.api.get(f"{COMMUNITY}/flow/{{}}", wanted)
    values = {"example": found, "source": source_of(visit, wanted)}
    return Shown("blueprint", str(found["title"]), values, (("Blueprints", "/ui/blueprints"),), "blueprints")


def source_of(visit: Visit, wanted: str) -> str:
    """Return the text of an example.

    Raises:
        NotFoundError: There is no such example.
    """
    return str(visit.api.get(f"{COMMUNITY}/flow/{{}}/source", wanted))
