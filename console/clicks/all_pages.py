"""Reads the log page by page, to its end: no statement is longer than that of a page."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec

from console.clicks.filters import Filters
from console.clicks.lines import Line
from console.clicks.past_clicks import PastClicks

PAGE: Final = 1000


async def read_all(
    read_page: Callable[[Filters], Awaitable[PastClicks]], filters: Filters, most_searches: int | None = None
) -> AsyncIterator[tuple[list[Line], bool]]:
    """Give the lines of each page, newest first, and whether it is the last search that is made though there is more.

    `read_page` gives PAGE lines at most. Raises as it does.
    """
    searches = 0
    while True:
        past = await read_page(filters)
        searches += 1
        before = past.lines[-1].id if len(past.lines) == PAGE else past.further
        is_last = searches == most_searches
        yield past.lines, bool(before) and is_last
        if not before or is_last:
            return
        filters = msgspec.structs.replace(filters, before=before)
