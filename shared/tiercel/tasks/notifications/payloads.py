"""What a webhook is sent: JSON as its author wrote it, or made of a text."""

from __future__ import annotations

import json
import re

from tiercel.errors import TaskError

_SHOWN = 40
"""How many characters on each side of a mistake an error shows."""
_CONTROLS = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
_ITALIC = re.compile(r"__(.+?)__", re.DOTALL)
_LINK = re.compile(r"\[([^\]\n]+)\]\(([^)\s]+)\)")


def checked(payload: str | None) -> str:
    """Return a payload that is JSON: as it is, or with the line breaks inside its texts escaped.

    An expression inside a text of the payload may give line breaks, which JSON does not allow there.

    Raises:
        TaskError: It is missing, or no JSON either way; the text shows where.
    """
    if payload is None:
        raise TaskError("payload is missing; wanted the JSON that the service takes", retryable=False)
    if _mistake(payload) is None:
        return payload
    repaired = escape_controls(payload)
    mistake = _mistake(repaired)
    if mistake is None:
        return repaired
    at = mistake.pos
    excerpt = repaired[max(0, at - _SHOWN) : at + _SHOWN]
    raise TaskError(
        f"payload is not JSON: {mistake.msg} in line {mistake.lineno}, column {mistake.colno}, near {excerpt!r}; a "
        "text from an expression may hold a quote: write {{ ... | json }} without quotes around it",
        retryable=False,
    )


def _mistake(text: str) -> json.JSONDecodeError | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error
    return None


def escape_controls(text: str) -> str:
    """Return JSON whose texts hold no bare line breaks and tabs."""
    parts: list[str] = []
    inside = escaped = False
    for char in text:
        parts.append(_CONTROLS.get(char, char) if inside else char)
        if char == '"' and not escaped:
            inside = not inside
        escaped = inside and char == "\\" and not escaped
    return "".join(parts)


def slack_text(text: str) -> str:
    """Return the payload of a message: a JSON object as it is, other text in Slack's own marks of Markdown's."""
    try:
        if isinstance(json.loads(text), dict):
            return text
    except ValueError:
        pass
    for pattern, wanted in ((_BOLD, r"*\1*"), (_ITALIC, r"_\1_"), (_LINK, r"<\2|\1>")):
        text = pattern.sub(wanted, text)
    return json.dumps({"text": text}, ensure_ascii=False)
