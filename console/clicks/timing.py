"""Waterfall charts of one click: the steps inside ingest, and its way through the services. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Final

import msgspec

from console.clicks.events import ClickOrRejection
from console.clicks.lines import TOTAL
from console.web.text import humanize
from console.web.times import describe_duration, microseconds_between
from storage.read.records import StoredClick

SCALE: Final = 1000
"""The width of a chart, in the units of its bars."""
LEAST: Final = 4
"""The smallest width of a bar, so that it can be seen."""

# jsonb does not keep the order of steps: this is the order of the hot path.
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
    """A span of time: `start` and `width` in thousandths of the chart, `length` as text."""

    label: str
    start: int
    width: int
    length: str


class Chart(msgspec.Struct, frozen=True):
    bars: tuple[Bar, ...]
    total: str


def chart_steps(steps_us: Mapping[str, int]) -> Chart | None:
    """Chart ingest's steps in order; null if none were stored."""
    names = sorted((name for name in steps_us if name != TOTAL), key=lambda name: (ORDER.get(name, len(ORDER)), name))
    if not names:
        return None
    stretches = [(STEPS.get(name, humanize(name)), steps_us[name]) for name in names]
    return lay_out(stretches, steps_us.get(TOTAL, sum(length for _, length in stretches)))


def chart_journey(event: ClickOrRejection) -> Chart | None:
    """Chart the way from the request to the row; null while only the first time is known."""
    stages = list_stages(event)
    stretches = [(label, microseconds_between(start, end)) for (_, start), (label, end) in pairwise(stages)]
    return lay_out(stretches, microseconds_between(stages[0][1], stages[-1][1])) if stretches else None


def list_stages(event: ClickOrRejection) -> list[tuple[str, datetime]]:
    """List the stages a record has passed, and when. The times come from different clocks."""
    if isinstance(event, StoredClick):
        stages: list[tuple[str, datetime | None]] = [
            ("Clicked", event.click.clicked_at),
            ("Ingest and Kafka", event.click.published_at),
            ("Enricher", event.enriched_at),
            ("Sink", event.stored_at),
        ]
    else:
        stages = [
            ("Asked", event.rejection.rejected_at),
            ("Ingest and Kafka", event.published_at),
            ("Sink", event.stored_at),
        ]
    return [(label, time) for label, time in stages if time is not None]


def lay_out(stretches: Sequence[tuple[str, int]], total_us: int) -> Chart:
    # Clocks of machines may disagree: a negative span gets the least width, and its text shows the negative length.
    whole = max(1, total_us, sum(max(0, length) for _, length in stretches))
    bars = []
    elapsed = 0
    for label, length in stretches:
        width = max(LEAST, round(max(0, length) * SCALE / whole))
        start = min(round(elapsed * SCALE / whole), SCALE - width)
        bars.append(Bar(label, start, width, describe_duration(length)))
        elapsed += max(0, length)
    return Chart(tuple(bars), describe_duration(total_us))
