"""YAML text of an input as plain JSON values, read from the parser's events.

Promise: nesting costs no recursion, aliases count as what they stand for, and what is wrong raises ValueError. Dates
and sexagesimal numbers stay texts, as in flows.
"""

from __future__ import annotations

from typing import Any

from tiercel.model.structures import MAX_DEPTH, plain, well_formed
from tiercel.model.yaml_scalars import resolve, tagged


def parse_yaml(text: str) -> object:
    """Return what a YAML text says, None for an empty one.

    Raises:
        ValueError: It is not one YAML document, or is too deep or too large.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return plain(_Reader().read(loader(well_formed(text))))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None


class _Reader:
    """Builds the value of one document; aliases share what they stand for."""

    def __init__(self) -> None:
        self.around: list[tuple[Any, str | None]] = []
        """The lists and maps around, each with its anchor."""
        self.keys: list[str | None] = []
        """The key that waits for its value, for each of them."""
        self.anchors: dict[str, object] = {}
        self.documents = 0
        self.value: object = None

    def read(self, loader: Any) -> object:
        """Return the value of the loader's only document."""
        while (event := loader.get_event()) is not None:
            act = getattr(self, "on_" + type(event).__name__, None)
            if act is not None:
                act(event)
        return self.value

    def on_DocumentStartEvent(self, _: Any) -> None:  # noqa: N802 - the parser's word
        """Count the documents."""
        self.documents += 1
        if self.documents > 1:
            raise ValueError("one YAML document is wanted, and a second one begins")

    def on_ScalarEvent(self, event: Any) -> None:  # noqa: N802
        """Place a scalar; a key stays text."""
        if self.wants_key():
            self.keys[-1] = event.value
        elif event.tag is not None:
            self.put(tagged(event.tag, event.value), event.anchor)
        else:
            self.put(resolve(event.value) if event.implicit[0] else event.value, event.anchor)

    def on_MappingStartEvent(self, event: Any) -> None:  # noqa: N802
        """Begin a map."""
        self.enter({}, event.anchor)

    def on_SequenceStartEvent(self, event: Any) -> None:  # noqa: N802
        """Begin a list."""
        self.enter([], event.anchor)

    def on_MappingEndEvent(self, _: Any) -> None:  # noqa: N802
        """End a map or list."""
        container, anchor = self.around.pop()
        self.keys.pop()
        self.put(container, anchor)

    on_SequenceEndEvent = on_MappingEndEvent  # noqa: N815

    def on_AliasEvent(self, event: Any) -> None:  # noqa: N802
        """Place what an anchor stands for."""
        if event.anchor not in self.anchors or self.wants_key():
            raise ValueError(f"the alias '*{event.anchor}' has no value before it, or stands for a key; write it out")
        self.put(self.anchors[event.anchor], None)

    def wants_key(self) -> bool:
        """Tell whether the next scalar is a key."""
        return bool(self.keys) and self.keys[-1] is None and isinstance(self.around[-1][0], dict)

    def enter(self, container: object, anchor: str | None) -> None:
        """Begin a list or map."""
        if self.wants_key():
            raise ValueError("a map's key must be a scalar")
        if len(self.around) >= MAX_DEPTH:
            raise ValueError(f"it is nested more than {MAX_DEPTH} deep")
        self.around.append((container, anchor))
        self.keys.append(None)

    def put(self, value: object, anchor: str | None) -> None:
        """Place a finished value in what is around it."""
        if anchor is not None:
            self.anchors[anchor] = value
        if not self.around:
            self.value = value
            return
        container = self.around[-1][0]
        if isinstance(container, list):
            container.append(value)
        else:
            container[self.keys[-1]] = value
            self.keys[-1] = None


def parse_yaml_documents(text: str) -> list[object]:
    """Return what each YAML document of a text says; ValueError as `parse_yaml`."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    reader = _Documents()
    try:
        reader.read(loader(well_formed(text)))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    return [plain(document) for document in reader.found]


class _Documents(_Reader):
    """Builds the values of all documents, each with anchors of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[object] = []

    def on_DocumentStartEvent(self, _: Any) -> None:  # noqa: N802 - the parser's word
        """Begin a document."""
        self.anchors, self.value = {}, None

    def on_DocumentEndEvent(self, _: Any) -> None:  # noqa: N802
        """Keep a document."""
        self.found.append(self.value)
