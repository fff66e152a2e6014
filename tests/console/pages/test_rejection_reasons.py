"""Rejections by their numbers."""

from console.pages.rejection_reasons import group_reasons
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


def test_a_number_of_a_newer_version_is_counted_all_the_same() -> None:
    groups = group_reasons([ReasonCount("R999", 3, NOW)])

    assert (groups[-1].title, groups[-1].count) == ("Other", 3)
