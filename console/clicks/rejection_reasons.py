"""Rejections grouped by reason: what each number means, what to do about it, and how often it occurred. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from schemas.reasons import REASONS, TRACES, Reason
from storage.read.counts import ReasonCount

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
    """A reason and its count; `latest_at` is null if it never occurred. `share` is per mille of the largest count."""

    reason: Reason
    count: int
    latest_at: datetime | None
    share: int


class ReasonGroup(msgspec.Struct, frozen=True):
    title: str
    count: int
    lines: tuple[ReasonLine, ...]


def group_reasons(counts: Sequence[ReasonCount]) -> list[ReasonGroup]:
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
        line = ReasonLine(reason, count.count if count else 0, count.latest_at if count else None, share)
        groups.setdefault(reason.group, []).append(line)
    return [
        ReasonGroup(GROUPS.get(group, group.capitalize()), sum(line.count for line in lines), tuple(lines))
        for group, lines in groups.items()
        if lines
    ]


def make_unknown_reason(number: str) -> Reason:
    return Reason(number, "other", number, UNKNOWN, "Update the console.")
