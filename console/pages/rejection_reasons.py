"""Rejections by their numbers, with what each number means and what to do about it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from schemas.reasons import REASONS, Reason
from storage.read.counts import ReasonCount

LIMITS: Final = "limits"
GROUPS: Final = {
    "code": "Codes",
    "paused": "Paused or archived",
    "purpose": "Not a visit",
    LIMITS: "Rate limiting",
    "outage": "Outages",
}
UNKNOWN: Final = "This number is of a newer version of Clickrail than this page."


class ReasonLine(msgspec.Struct, frozen=True):
    """A reason and how often it was given; `latest_at` is null where it was not. `share` is in thousandths."""

    reason: Reason
    count: int
    latest_at: datetime | None
    share: int


class ReasonGroup(msgspec.Struct, frozen=True):
    title: str
    count: int
    lines: tuple[ReasonLine, ...]


def group_reasons(counts: Sequence[ReasonCount]) -> list[ReasonGroup]:
    """Give every reason there is, those that nobody met as well, in the groups people know them by."""
    known = {
        **REASONS,
        **{count.reason: make_unknown_reason(count.reason) for count in counts if count.reason not in REASONS},
    }
    by_number = {count.reason: count for count in counts}
    most = max((count.count for count in counts), default=0)
    groups: dict[str, list[ReasonLine]] = {group: [] for group in GROUPS}
    for number, reason in sorted(known.items()):
        count = by_number.get(number)
        share = round(count.count * 1000 / most) if count else 0
        line = ReasonLine(reason, count.count if count else 0, count.latest_at if count else None, share)
        groups.setdefault(reason.group, []).append(line)
    return [
        ReasonGroup(GROUPS.get(group, group.capitalize()), sum(line.count for line in lines), tuple(lines))
        for group, lines in groups.items()
        if lines
    ]


def make_unknown_reason(number: str) -> Reason:
    return Reason(number, "other", number, UNKNOWN, "Update the console.")
