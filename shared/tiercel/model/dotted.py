"""Values under dotted ids: placed into nested maps, and found there however they are nested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tiercel.model.inputs import path_of


@dataclass(slots=True)
class Tree:
    """Puts values of dotted ids into nested maps."""

    root: dict[str, object]
    branches: dict[tuple[str, ...], dict[str, object]] = field(default_factory=dict)
    """The maps that were made for ids, which values are not."""

    def put(self, identifier: str, value: object) -> bool:
        """Place a value; return False, changing nothing, where another one is in its way."""
        *above, name = path_of(identifier)
        paths = [tuple(above[: size + 1]) for size in range(len(above))]
        old = [path for path in paths if path in self.branches]
        around = self.branches[old[-1]] if old else self.root
        new = paths[len(old) :]
        if (new[0][-1] if new else name) in around:
            return False
        for path in new:
            branch: dict[str, object] = {}
            around[path[-1]] = self.branches[path] = branch
            around = branch
        around[name] = value
        return True


def look_up(supplied: Mapping[str, object], path: tuple[str, ...]) -> object:
    """Return what was supplied under a path, its dots written out or nested in any way."""
    found = supplied.get(".".join(path))
    if found is not None:
        return found
    for size in range(1, len(path)):
        inner = supplied.get(".".join(path[:size]))
        if isinstance(inner, Mapping) and (found := look_up(inner, path[size:])) is not None:
            return found
    return None


def unknown_ids(
    supplied: Mapping[str, object], known: set[tuple[str, ...]], above: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield the dotted ids of what was supplied for no known path."""
    for key, value in supplied.items():
        path = above + path_of(key)
        if path in known:
            continue
        if isinstance(value, Mapping) and any(name[: len(path)] == path for name in known):
            yield from unknown_ids(value, known, path)
        else:
            yield ".".join(path)
