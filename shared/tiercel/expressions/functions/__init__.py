"""Every function; importing this registers them.

Promise: what a function reads of the world it reads through the context's `World`.
"""

from tiercel.expressions.functions import calendar, context, numbers, parsing, randomness, rendering, storage

__all__ = ["calendar", "context", "numbers", "parsing", "randomness", "rendering", "storage"]
