"""The strip of totals: numbers, changes, how each is counted, and where each leads. Pure."""

from datetime import timedelta
from typing import Final

import msgspec

from console.analytics.changes import Delta, compare
from console.clicks.log_address import LIVE
from console.view.measures import MAIN, MEASURE_WORDS, QUALITY, Tone
from console.view.toolbar_ranges import ToolbarWriter
from console.view.view import View, write_view
from storage.read.asking.answer import Answer
from storage.read.asking.question import Span

MEASURES: Final = (*MAIN, *QUALITY)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
BY_HOUR: Final = timedelta(days=2)
MOST_REJECTED: Final = 50_000
REJECTION_FIELDS: Final = ("program", "affiliate", "code")


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """A total. `address` makes it the measure of the page; `clicks` are those behind it."""

    name: str
    title: str
    value: str
    how: str
    tone: Tone
    clicks: str
    address: str = ""
    delta: Delta | None = None
    is_current: bool = False


def make_totals(view: View, answer: Answer, writer: ToolbarWriter, names: tuple[str, ...]) -> list[Total]:
    """Make the totals of these measures."""
    before = find_before(answer)
    return [
        make_total(view, name, answer.total(name), None if before is None else before.total(name), writer)
        for name in names
    ]


def find_before(answer: Answer) -> Answer | None:
    """Return the answer for the other range; null if there is none, or if it has no clicks at all."""
    before = answer.before
    return before if isinstance(before, Answer) and any(before.totals) else None


def make_total(view: View, name: str, count: int, before: int | None, writer: ToolbarWriter) -> Total:
    words = MEASURE_WORDS[name]
    return Total(
        name=name,
        title=words.title,
        value=f"{count:,}",
        how=words.how,
        tone=words.tone,
        clicks=find_clicks(view, name),
        address=writer.address(measure="" if name == "people" else name),
        delta=None if before is None else compare(count, before, is_good=words.is_good),
        is_current=name == (view.measure or "people"),
    )


def find_clicks(view: View, measure: str, **rest: str) -> str:
    """Write the address of the clicks behind a number."""
    shown = msgspec.structs.replace(view, measure=measure, compare=None, by=(), sort="", rest=(), usual=LIVE)
    query = write_view(shown, **rest)
    return f"/clicks?{query}" if query else "/clicks"


def make_rate(view: View, answer: Answer, span: Span) -> Total:
    """Give the people's clicks in an hour or day, on average over what is over of the range."""
    unit, name = (HOUR, "hour") if span.length <= BY_HOUR else (DAY, "day")
    length = span.length / unit
    people = answer.total("people")
    rate = people / length if length > 0 else 0.0
    return Total(
        name="rate",
        title=f"People an {name}" if name == "hour" else f"People a {name}",
        value=f"{rate:,.1f}" if rate < 100 else f"{rate:,.0f}",  # noqa: PLR2004 - three digits are enough
        how=f"Clicks of people, {people:,}, divided by the {name}s of the range that are over: {length:,.1f}.",
        tone="accepted",
        clicks=find_clicks(view, "people"),
    )


def make_rejected(view: View, count: int | None) -> Total:
    """Give the rejections; null where they cannot be counted."""
    is_more = count is not None and count > MOST_REJECTED
    how = (
        "Requests for codes that are unknown, paused or over, and others that made no click: each has a reason."
        if count is not None
        else "A rejection has no such value: remove the filters by other things than program, affiliate and code."
    )
    return Total(
        name="rejected",
        title="Rejected",
        value="–" if count is None else f"{min(count, MOST_REJECTED):,}{'+' if is_more else ''}",  # noqa: RUF001 - a dash
        how=how,
        tone="rejected",
        clicks=find_clicks(view, "", outcome="rejected"),
    )
