"""Every filter; importing this registers them.

Promise: a filter never changes its input.
"""

from tiercel.expressions.filters import collections, dates, formats, numbers, text

__all__ = ["collections", "dates", "formats", "numbers", "text"]
