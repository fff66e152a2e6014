"""What connections ask of the redirect, and what it gives them: a response, at once or after a lookup in the stores."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

from aiohttp.http import RawRequestMessage

from ingest.http.response import Response


class DeferredResponse(NamedTuple):
    """Two ways to respond once the lookup is done. Exactly one of them is called.

    `accept` records the click. `show_target` records nothing and sets no cookie: it is for a visitor who has closed
    their half of the connection, as browsers do when the visitor leaves the page. A visitor who still reads is sent on.
    """

    accept: Callable[[], Response]
    show_target: Callable[[], Response]


Handled = Response | Awaitable[DeferredResponse]


class RequestHandler(Protocol):
    """Handles requests: the redirect."""

    def handle(self, request: RawRequestMessage, peer: str | None, /) -> Handled:
        """Respond to a request without a body: at once, or with an awaitable when the code must be looked up."""

    def flush_journal(self) -> None:
        """Write the clicks that were accepted. Call it before any of their responses is sent."""

    def trace_refused(self, request: RawRequestMessage, peer: str | None, /) -> None:
        """Note a request that is refused for its body."""

    def record_traces(self) -> None:
        """Record requests that were no visits. Call it after responses were sent, so that none waits for it."""
