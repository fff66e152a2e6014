"""What a connection needs from the process: its turn, its responses, its time limits, and somebody who counts."""

from typing import TYPE_CHECKING, Protocol

from aiohttp.http import RawRequestMessage

from ingest.http.handler import Handled

if TYPE_CHECKING:
    from ingest.http.connection import Connection


class ConnectionOwner(Protocol):
    """Owns connections. While it is draining, each connection closes after its next response. Times are in seconds."""

    is_draining: bool
    head_s: float
    keepalive_s: float

    def schedule_turn(self, connection: "Connection", /) -> None:
        """Call `read_requests`, `handle_requests` and `send_responses` of a connection soon, in this order."""

    def handle(self, request: RawRequestMessage, peer: str | None, /) -> Handled:
        """Respond to a request without a body: at once, or with an awaitable when the code must be looked up."""

    def trace_refused(self, request: RawRequestMessage, peer: str | None, /) -> None:
        """Note a request that is refused for its body."""

    def observe(self, nanoseconds: int, /) -> None:
        """Note how long a response took."""

    def count_invalid(self, status: int, /) -> None:
        """Count a request that is refused for its form."""

    def count_refused(self) -> None:
        """Count a request that is refused because too many wait."""

    def count_abandoned(self) -> None:
        """Count a request whose visitor left before the response."""

    def count_failure(self, error: Exception, /) -> None:
        """Count a request that failed because of a bug."""

    def admit(self, connection: "Connection", /) -> bool:
        """Register a connection; false when there are too many."""

    def discard(self, connection: "Connection", /) -> None:
        """Forget a connection that is closed."""
