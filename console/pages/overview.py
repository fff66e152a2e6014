"""Reads the figures of the overview from the tables."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from console.database import Database
from console.pages.charts import find_chart_start
from console.view.today import read_today
from storage.read.asking.periods import start_of_day
from storage.read.counts import (
    MinuteCount,
    Share,
    Totals,
    clicks_per_minute,
    count_totals,
    newest_click_at,
    top_codes,
    top_countries,
)

NOW: Final = timedelta(seconds=60)
TOP: Final = 6
AHEAD: Final = timedelta(hours=2)
"""So far after the beginning of the hour clicks are counted: clocks differ, and whole hours are counted at once."""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """`minute` is the last 60 seconds, `today` since midnight in `zone`, the others are of the last hour.

    Null means that counting took too long.
    """

    as_of: datetime
    newest_at: datetime | None
    minute: Totals
    today: Totals | None
    minutes: list[MinuteCount] | None
    codes: list[Share] | None
    countries: list[Share] | None
    zone: str = "UTC"


async def read_overview(database: Database, now: datetime) -> Overview:
    """Run the counts one after the other, to spare a busy database.

    Raises DatabaseAway.
    """
    hour = find_chart_start(now)
    day = await database.read(lambda reader: read_today(reader, now))
    midnight = start_of_day(day.day, day.zone)
    until = now.replace(minute=0, second=0, microsecond=0) + AHEAD
    return Overview(
        as_of=now,
        newest_at=await database.read(newest_click_at),
        minute=await database.read(lambda reader: count_totals(reader, now - NOW, until)),
        today=await database.try_to_read(lambda reader: count_totals(reader, midnight, until)),
        minutes=await database.try_to_read(lambda reader: clicks_per_minute(reader, hour, until)),
        codes=await database.try_to_read(lambda reader: top_codes(reader, hour, until, TOP)),
        countries=await database.try_to_read(lambda reader: top_countries(reader, hour, until, TOP)),
        zone=day.zone.key,
    )
