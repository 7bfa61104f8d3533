"""The namespaces as a tree."""

from __future__ import annotations

from tiercel.ui.visit import Shown, Visit

MOST = 1000
"""Namespaces of the tree."""


def show(visit: Visit) -> Shown:
    """Show the namespaces that the address asks for, those above before those below."""
    query = {"q": visit.given("q"), "size": MOST, "sort": "id:asc"}
    found = [str(each["id"]) for each in visit.api.get("/namespaces/search", query=query)["results"]]
    rows = [(name.count(".") if not visit.given("q") else 0, name) for name in found]
    return Shown("namespaces", "Namespaces", {"rows": rows}, section="namespaces")
