"""The page of an affiliate: what its clicks of the last 12 hours and of its last days are like."""

from datetime import date, timedelta
from typing import Final

import msgspec
from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.pages.affiliate_measures import TEXTS, Measure, measure_affiliate
from console.view.filters import is_storable
from console.web.responses import reply
from storage.read.affiliates import AffiliateCounts, count_affiliate, read_affiliate_days

RECENT: Final = timedelta(hours=12)
DAYS: Final = timedelta(days=14)


class Measured(msgspec.Struct, frozen=True):
    """The measures of an affiliate on one program, of a day if `day` is set."""

    program_id: str
    clicks: int
    measures: tuple[Measure, ...]
    day: date | None = None


async def show_affiliate(request: web.Request) -> web.Response:
    """Show what an affiliate's clicks are like. An unknown affiliate is one without clicks."""
    affiliate_id = request.match_info["affiliate_id"]
    if not is_storable(affiliate_id):
        raise web.HTTPNotFound
    environment: Environment = request.app[ENVIRONMENT]
    since = environment.now() - RECENT
    days = await environment.database.read(
        lambda reader: read_affiliate_days(reader, affiliate_id, (environment.now() - DAYS).date())
    )
    recent = await environment.database.try_to_read(lambda reader: count_affiliate(reader, affiliate_id, since))
    return reply(
        request,
        "affiliate.html",
        affiliate_id=affiliate_id,
        since=since,
        recent=None if recent is None else [describe(counts) for counts in recent],
        days=[describe(one.counts, one.day) for one in days],
        titles=[text.title for text in TEXTS],
    )


def describe(counts: AffiliateCounts, day: date | None = None) -> Measured:
    return Measured(counts.program_id, counts.clicks, measure_affiliate(counts), day)
