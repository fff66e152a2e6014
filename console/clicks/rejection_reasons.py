"""Rejections grouped by reason: what each number means, what to do about it, and how often it occurred. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from schemas.reasons import REASONS, TRACES, Reason
from storage.read.counts import ReasonCount

HOURS: Final = 24
LIMITS: Final = "limits"
GROUPS: Final = {
    "code": "Codes",
    "paused": "Paused or archived",
    "purpose": "Not a visit",
    LIMITS: "Rate limiting",
    "outage": "Outages",
    "method": "No visits, and no errors",
}
UNKNOWN: Final = "This number comes from a newer version of Clickrail than this console."


class ReasonLine(msgspec.Struct, frozen=True):
    """A reason and its count; `latest_at` is null if it never occurred. `share` is per mille of the largest count.

    `latest_id` is that of the latest rejection. `bars` are counts by hour, the running one last, per mille of the
    busiest one; without a time they are empty.
    """

    reason: Reason
    count: int
    latest_at: datetime | None
    share: int
    latest_id: str = ""
    bars: tuple[int, ...] = ()


class ReasonGroup(msgspec.Struct, frozen=True):
    title: str
    count: int
    lines: tuple[ReasonLine, ...]


def group_reasons(counts: Sequence[ReasonCount], now: datetime | None = None) -> list[ReasonGroup]:
    """Group all reasons, including those that did not occur."""
    known = {
        **REASONS,
        **{count.reason: make_unknown_reason(count.reason) for count in counts if count.reason not in REASONS},
    }
    by_number = {count.reason: count for count in counts}
    # There may be many more traces than rejections: they do not set the scale.
    most = max((count.count for count in counts if count.reason not in TRACES), default=0)
    groups: dict[str, list[ReasonLine]] = {group: [] for group in GROUPS}
    for number, reason in sorted(known.items()):
        count = by_number.get(number)
        share = min(1000, round(count.count * 1000 / (most or count.count))) if count else 0
        line = ReasonLine(reason, 0, None, 0)
        if count:
            bars = scale_hours(count, now) if now else ()
            line = ReasonLine(reason, count.count, count.latest_at, share, count.latest_id, bars)
        groups.setdefault(reason.group, []).append(line)
    return [
        ReasonGroup(GROUPS.get(group, group.capitalize()), sum(line.count for line in lines), tuple(lines))
        for group, lines in groups.items()
        if lines
    ]


def scale_hours(count: ReasonCount, now: datetime) -> tuple[int, ...]:
    """Give the last 24 hours, the running one last, per mille of the busiest."""
    last = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    counts = [count.hours.get(last - timedelta(hours=ago), 0) for ago in range(HOURS - 1, -1, -1)]
    most = max(counts) or 1
    return tuple(round(one * 1000 / most) for one in counts)


def make_unknown_reason(number: str) -> Reason:
    return Reason(number, "other", number, UNKNOWN, "Update the console.")
