"""Rejections by their numbers."""

from datetime import timedelta

from console.clicks.rejection_reasons import group_reasons
from schemas.reasons import REASONS
from storage.read.counts import ReasonCount
from tests.console.builders import NOW


def test_every_reason_there_is_is_shown_with_what_to_do() -> None:
    lines = [line for group in group_reasons([]) for line in group.lines]

    assert sorted(line.reason.number for line in lines) == sorted(REASONS)
    assert all(line.reason.remedy and line.count == 0 and line.latest_at is None for line in lines)


def test_a_group_counts_its_reasons_and_compares_them_to_the_most_frequent() -> None:
    groups = group_reasons([ReasonCount("R102", 40, NOW), ReasonCount("R101", 10, NOW)])
    codes = groups[0]

    assert (codes.title, codes.count) == ("Codes", 50)
    assert [(line.reason.number, line.count, line.share) for line in codes.lines] == [
        ("R101", 10, 250),
        ("R102", 40, 1000),
    ]


def test_rate_limiting_is_shown_only_where_there_are_reasons_of_it() -> None:
    limits = [reason for reason in REASONS.values() if reason.group == "limits"]
    titles = [group.title for group in group_reasons([])]

    assert ("Rate limiting" in titles) == bool(limits)


def test_requests_that_were_no_visits_are_counted_apart_and_make_nothing_else_look_small() -> None:
    counts = [ReasonCount("R102", 4, NOW), ReasonCount("R101", 1, NOW), ReasonCount("R601", 4000, NOW)]
    groups = {group.title: group for group in group_reasons(counts)}
    traces = groups["No visits, and no errors"]

    assert traces.count == 4000
    assert [(line.reason.number, line.count, line.share) for line in traces.lines] == [
        ("R601", 4000, 1000),
        ("R602", 0, 0),
    ]
    assert [line.share for line in groups["Codes"].lines] == [250, 1000]
    assert [line.share for group in group_reasons(counts[2:]) for line in group.lines if line.count] == [1000]


def test_the_trend_of_a_reason_is_its_last_24_hours_with_the_running_one_last() -> None:
    hour = NOW.replace(minute=0, second=0, microsecond=0)
    hours = {hour: 3, hour - timedelta(hours=1): 12, hour - timedelta(hours=23): 6, hour - timedelta(hours=24): 99}
    count = ReasonCount("R102", 120, NOW, "01KAT301V8C3Q9GZ2F5B7N4M6P", hours)
    line = next(line for group in group_reasons([count], NOW) for line in group.lines if line.count)

    assert line.bars == (500, *[0] * 21, 1000, 250)
    assert line.latest_id == "01KAT301V8C3Q9GZ2F5B7N4M6P"


def test_a_number_of_a_newer_version_is_counted_all_the_same() -> None:
    groups = group_reasons([ReasonCount("R999", 3, NOW)])

    assert (groups[-1].title, groups[-1].count) == ("Other", 3)
