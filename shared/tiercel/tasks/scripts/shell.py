"""Shell tasks: commands and scripts for `/bin/sh`."""

from __future__ import annotations

from tiercel.tasks.scripts import base
from tiercel.tasks.scripts.room import Room


class Commands(base.Commands):
    """Run commands in a shell."""


class Script(base.Script):
    """Run a shell script; its text is the command itself, so a `#!` line is a comment."""

    def commands_of(self, room: Room) -> list[str]:
        """Return the script's text."""
        return [room.render(self.script)]
