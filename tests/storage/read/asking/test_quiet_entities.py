"""Affiliates and codes that have fallen silent are found, those that were loudest first."""

from datetime import timedelta

import pytest

from storage.read.asking.asker import open_asker
from storage.read.asking.question import Filter, Range
from storage.read.asking.quiet_entities import QuietEntity, find_quiet_entities
from tests.storage.read.asking.reference import derive, names_of
from tests.storage.read.asking.world import DAYS, World

pytestmark = pytest.mark.servers


async def test_who_had_clicks_and_has_none_now_is_found(berlin: World) -> None:
    begin = berlin.begin.date()
    before, since = Range(begin, begin + timedelta(days=DAYS)), Range(berlin.now - timedelta(minutes=30), berlin.now)
    async with open_asker(berlin.connection, berlin.now) as asker:
        found = await find_quiet_entities(asker, "code", before, since)
    have = {click["code"] for click in berlin.clicks if click["clicked_at"] >= berlin.now - timedelta(minutes=30)}

    assert isinstance(found, list)
    assert {one.entity for one in found} == {click["code"] for click in berlin.clicks} - have
    assert [one.clicks for one in found] == sorted((one.clicks for one in found), reverse=True)


async def test_bots_of_a_program_count_too_and_others_do_not(berlin: World) -> None:
    begin = berlin.begin.date()
    before, since = (
        Range(begin, begin + timedelta(days=DAYS)),
        Range(begin + timedelta(days=80), begin + timedelta(days=81)),
    )
    where = (Filter("program", ("hats",)),)
    async with open_asker(berlin.connection, berlin.now) as asker:
        found = await find_quiet_entities(asker, "affiliate", before, since, where)
    names = [
        names_of(click)
        for click in berlin.clicks
        if click["affiliate_id"] == "busy"
        and click["program_id"] == "hats"
        and click["day"] < begin + timedelta(days=DAYS)
    ]
    counts = {name: sum(name in one for one in names) for name in ("people", "bots", "app_fetches", "prefetches")}

    assert isinstance(found, list)
    assert found[0] == QuietEntity("busy", derive(counts, "gross"))
    assert len(found) == 4
