"""Server-sent events as bytes. Pure."""

import re
from typing import Final

# The line ends of the event stream format; str.splitlines() would also split at others.
LINE_END: Final = re.compile(r"\r\n|\r|\n")


def frame(event: str, data: str, event_id: str | None = None) -> bytes:
    """Encode one event. Each line of the data gets its own `data:`, so no text can end the event early."""
    lines = [f"event: {event}", *(f"data: {line}" for line in LINE_END.split(data))]
    if event_id is not None:
        lines.insert(0, f"id: {event_id}")
    return ("\n".join(lines) + "\n\n").encode()


def ask_to_retry_after(milliseconds: int) -> bytes:
    """Set how long the browser waits before it reconnects."""
    return f"retry: {milliseconds}\n\n".encode()
