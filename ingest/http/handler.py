"""What the redirect gives a connection: a response, or a response that depends on a lookup in the stores."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from ingest.http.response import Response


class DeferredResponse(NamedTuple):
    """Two ways to respond once the lookup is done. Exactly one of them is called.

    `accept` records the click. `show_target` records nothing and sets no cookie: it is for a visitor who has closed
    their half of the connection, as browsers do when the visitor leaves the page. A visitor who still reads is sent on.
    """

    accept: Callable[[], Response]
    show_target: Callable[[], Response]


Handled = Response | Awaitable[DeferredResponse]
