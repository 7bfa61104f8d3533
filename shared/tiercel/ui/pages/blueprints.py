"""Example flows: what each shows, its text, and a new flow from it."""

from __future__ import annotations

from tiercel.errors import NotFoundError
from tiercel.ui.examples import examples
from tiercel.ui.visit import Shown, Visit


def show(visit: Visit) -> Shown:
    """Show the examples, or one of them."""
    wanted = visit.path.get("id", "")
    if wanted:
        found = examples().get(wanted)
        if found is None:
            raise NotFoundError(f"there is no example '{wanted}'; there are {', '.join(examples())}")
        return Shown("blueprint", found.title, {"example": found}, (("Blueprints", "/ui/blueprints"),), "blueprints")
    part, tag = visit.given("q").lower(), visit.given("tag")
    listed = [
        each
        for each in examples().values()
        if part in f"{each.title} {each.source}".lower() and (not tag or tag in each.tags)
    ]
    tags = sorted({tag for each in examples().values() for tag in each.tags})
    return Shown(
        "blueprints", "Blueprints", {"examples": listed, "pairs": [(each, each) for each in tags]}, section="blueprints"
    )
