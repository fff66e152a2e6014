"""Where the time went: the steps of one click, and its way through the services, as bars one behind the other. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec

from console.pages.lines import TOTAL, ClickOrRejection, speak
from console.web.times import describe_duration, microseconds_between
from storage.read.records import StoredClick

SCALE: Final = 1000
"""The width of a chart, in the units of its bars."""
LEAST: Final = 4
"""The width of a bar that would be too thin to be seen."""

# The table keeps steps as jsonb, which forgets their order: this is the one of the hot path.
STEPS: Final[Mapping[str, str]] = {
    "match": "Match code",
    "client_ip": "Client address",
    "client_limit": "Client limit",
    "lookup": "Look up",
    "code_limit": "Code limit",
    "cookie_open": "Open cookie",
    "cookie_seal": "Seal cookie",
    "target": "Fill target",
}
ORDER: Final = {name: place for place, name in enumerate(STEPS)}


class Bar(msgspec.Struct, frozen=True):
    """A stretch of time: `start` and `width` in thousandths of the chart, `length` in words."""

    label: str
    start: int
    width: int
    length: str


class Chart(msgspec.Struct, frozen=True):
    bars: tuple[Bar, ...]
    total: str


def chart_steps(steps_us: Mapping[str, int]) -> Chart | None:
    """Chart what ingest did, in its order; null where no steps were kept."""
    names = sorted((name for name in steps_us if name != TOTAL), key=lambda name: (ORDER.get(name, len(ORDER)), name))
    if not names:
        return None
    stretches = [(STEPS.get(name, speak(name)), steps_us[name]) for name in names]
    return lay_out(stretches, steps_us.get(TOTAL, sum(length for _, length in stretches)))


def chart_way(sighted: ClickOrRejection) -> Chart | None:
    """Chart the way from the request to the row; null while nothing but the first place is known."""
    points = list_points(sighted)
    stretches = [(label, microseconds_between(start, end)) for (_, start), (label, end) in pairwise(points)]
    return lay_out(stretches, microseconds_between(points[0][1], points[-1][1])) if stretches else None


def list_points(sighted: ClickOrRejection) -> list[tuple[str, datetime]]:
    """Give the places a record has passed, and when; the times are of different clocks."""
    if isinstance(sighted, StoredClick):
        points: list[tuple[str, datetime | None]] = [
            ("Clicked", sighted.click.clicked_at),
            ("Ingest and Kafka", sighted.click.published_at),
            ("Enricher", sighted.enriched_at),
            ("Sink", sighted.stored_at),
        ]
    else:
        points = [
            ("Asked", sighted.rejection.rejected_at),
            ("Ingest and Kafka", sighted.published_at),
            ("Sink", sighted.stored_at),
        ]
    return [(label, time) for label, time in points if time is not None]


def lay_out(stretches: Sequence[tuple[str, int]], total_us: int) -> Chart:
    # Clocks of two machines may disagree: what would run backwards has no width, and its length says so.
    whole = max(1, total_us, sum(max(0, length) for _, length in stretches))
    bars = []
    gone = 0
    for label, length in stretches:
        width = max(LEAST, round(max(0, length) * SCALE / whole))
        start = min(round(gone * SCALE / whole), SCALE - width)
        bars.append(Bar(label, start, width, describe_duration(length)))
        gone += max(0, length)
    return Chart(tuple(bars), describe_duration(total_us))
