"""The live strip has 60 minutes, the current one last."""

from datetime import timedelta

import pytest

from storage.read.asking.answer import Answer
from storage.read.asking.live_strip import read_live_strip
from storage.read.asking.question import Filter
from tests.storage.read.asking.reference import names_of
from tests.storage.read.asking.world import World

pytestmark = pytest.mark.servers


async def test_the_last_hour_is_counted_by_minutes_pending_or_not(berlin: World) -> None:
    now = berlin.now - timedelta(hours=1)
    strip = await read_live_strip(berlin.connection, now, ("people",), (Filter("program", ("shoes",)),))

    assert isinstance(strip, Answer)
    assert len(strip.groups) == 60
    assert strip.groups[-1].keys == (now.replace(second=0, microsecond=0),)
    expected = [
        click["minute"]
        for click in berlin.clicks
        if click["program_id"] == "shoes" and "people" in names_of(click)
        and strip.plan.span.begin <= click["clicked_at"] < strip.plan.span.end
    ]  # fmt: skip
    assert {group.keys[0]: group.counts[0] for group in strip.groups if group.counts[0]} == {
        minute: expected.count(minute) for minute in expected
    }
    assert expected
    assert {source.kind for source in strip.plan.sources} == {"minutes"}
