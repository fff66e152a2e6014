"""Clicks per minute, drawn."""

from datetime import timedelta

import pytest

from console.pages.charts import MINUTES, Segment, chart_minutes, find_chart_start, round_up
from storage.read.counts import MinuteCount
from tests.console.builders import NOW

MINUTE = NOW.replace(second=0, microsecond=0)


def test_an_hour_ends_with_the_minute_that_is_not_over() -> None:
    assert find_chart_start(NOW) == MINUTE - timedelta(minutes=59)


def test_people_stand_below_bots_and_bots_below_rejections() -> None:
    chart = chart_minutes([MinuteCount(MINUTE, people=5, bots=3, rejected=2)], NOW)

    assert len(chart.columns) == MINUTES
    assert chart.columns[-1].segments == (
        Segment("accepted", 500, 500),
        Segment("bot", 200, 300),
        Segment("rejected", 0, 200),
    )
    assert chart.columns[-1].title == "09:30 UTC: 5 people, 3 bots, 2 rejected"


def test_an_hour_in_which_nothing_came_is_drawn_too() -> None:
    chart = chart_minutes([], NOW)

    assert chart.is_empty
    assert chart.ticks == (2, 1, 0)
    assert {column.segments for column in chart.columns} == {()}


def test_what_is_older_than_the_chart_is_left_out() -> None:
    assert chart_minutes([MinuteCount(MINUTE - timedelta(hours=2), 9, 9, 9)], NOW).is_empty


@pytest.mark.parametrize(
    ("most", "top"), [(0, 2), (1, 2), (3, 4), (10, 10), (11, 20), (41, 60), (100, 100), (12_345, 20_000)]
)
def test_a_scale_ends_at_a_round_number(most: int, top: int) -> None:
    assert round_up(most) == top
