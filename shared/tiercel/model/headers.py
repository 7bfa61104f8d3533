"""The headers of an HTTP message, as expressions see them."""

from __future__ import annotations


class Headers(dict[str, object]):
    """Values by the headers' names; a name is found however it is written, as HTTP has it.

    What a server hands over has lost the sender's own writing: `X-GitHub-Event` comes as `X-Github-Event`.
    """

    def __missing__(self, name: object) -> object:
        """Return the value of a name that is written otherwise."""
        wanted = str(name).lower()
        for own, value in self.items():
            if own.lower() == wanted:
                return value
        raise KeyError(name)

    def get(self, name: object, otherwise: object = None) -> object:
        """Return the value of a name, else the other value."""
        try:
            return self[str(name)]
        except KeyError:
            return otherwise


def with_headers(variables: object) -> object:
    """Return what a trigger has seen, its `headers`, where it has some, found however they are written."""
    if isinstance(variables, dict) and isinstance(variables.get("headers"), dict):
        return {**variables, "headers": Headers(variables["headers"])}
    return variables
