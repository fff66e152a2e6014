"""What an address of the log asks for: read with what only the tables know, its days and its names."""

from datetime import datetime
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec
from multidict import MultiMapping

from console.clicks.filters import Filters
from console.clicks.log_address import is_live, is_over, make_filters, read_log
from console.database import DatabaseAway
from console.view.names import find_named
from console.view.ranges import Today
from console.view.today import read_today
from console.view.view import IgnoredParameter, View
from storage.read.queries import Connection

if TYPE_CHECKING:
    from console.environment import Environment

UTC_ZONE: Final = ZoneInfo("UTC")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A view of the log and its filters. `problem` says that the tables could not be read: `today` is then in UTC."""

    view: View
    ignored: tuple[IgnoredParameter, ...]
    filters: Filters
    today: Today
    problem: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether new clicks belong to the list."""
        return not is_over(self.filters, self.today.now)


async def find_asked(connection: Connection, query: MultiMapping[str], now: datetime) -> Asked:
    """Read what is asked for. Raises asyncpg's errors."""
    view, ignored = read_log(query)
    today, named = await read_today(connection, now), await find_named(connection, view.filters)
    return Asked(view=view, ignored=tuple(ignored), filters=make_filters(view, today, named), today=today)


async def read_asked(environment: "Environment", query: MultiMapping[str]) -> Asked:
    """Read what is asked for. While the tables are away, ranges are in UTC and names find nothing."""
    now = environment.now()
    try:
        return await environment.database.read(lambda connection: find_asked(connection, query, now))
    except DatabaseAway as error:
        view, ignored = read_log(query)
        today = Today(now, UTC_ZONE, now.date())
        filters = make_filters(view, today, {})
        return Asked(view=view, ignored=tuple(ignored), filters=filters, today=today, problem=str(error))


async def read_stream_filters(environment: "Environment", query: MultiMapping[str]) -> tuple[View, Filters]:
    """Read what a stream shows. What arrives is newer than the beginning of any range."""
    view, _ = read_log(query)
    needs_tables = any(one.operator == "has" for one in view.filters) or not is_live(view)
    if not needs_tables:
        return view, make_filters(view, None)
    asked = await read_asked(environment, query)
    return view, msgspec.structs.replace(asked.filters, since=None)
