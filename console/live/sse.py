"""Server-sent events, as bytes. Pure."""

import re
from typing import Final

# What ends a line of an event stream; Python's own idea of a line knows more of them.
LINE_END: Final = re.compile(r"\r\n|\r|\n")


def frame(event: str, data: str, event_id: str | None = None) -> bytes:
    """Give one event. A line end in the data begins another `data:` line, so that no text can end the event."""
    lines = [f"event: {event}", *(f"data: {line}" for line in LINE_END.split(data))]
    if event_id is not None:
        lines.insert(0, f"id: {event_id}")
    return ("\n".join(lines) + "\n\n").encode()


def ask_to_retry_after(milliseconds: int) -> bytes:
    """Tell the browser how long to wait before it connects again."""
    return f"retry: {milliseconds}\n\n".encode()
