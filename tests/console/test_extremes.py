"""What a stranger can write into a record, the oddest values that the contract's types allow, through the console."""

import pytest
from prometheus_client import CollectorRegistry

from console.clicks.click_page import make_click_context
from console.clicks.filters import Filters
from console.clicks.picks import Picks
from console.live.broadcast import Broadcast
from console.live.consumer import decode_event
from console.metrics import ConsoleMetrics
from console.view.view import View
from console.web.assets import load_assets
from console.web.rendering import open_templates, render
from schemas import CLICKS_ENRICHED, CLICKS_REJECTED, Topic
from tests.schemas.extremes import NOW, STAMPS, extremes_of
from tests.sink.builders import Source

PICKS = Picks(View())
TEMPLATES = open_templates(load_assets())


def name(topic: Topic) -> str:
    return topic.name


def show(source: Source, *, rejected: bool) -> bool:
    """Show a record in the live list and on its own page; tell whether it was one."""
    broadcast = Broadcast("epoch", ConsoleMetrics(CollectorRegistry()))
    event = decode_event(source, rejected=rejected)
    if event is not None:
        broadcast.publish(event)
        render(TEMPLATES, "clicks/rows.html", picks=PICKS, anchor=None, lines=broadcast.recent(Filters()), now=NOW)
        render(
            TEMPLATES,
            "clicks/click_part.html",
            picks=PICKS,
            around="",
            zone=None,
            missing=None,
            event=event,
            now=NOW,
            **make_click_context(event),
        )
    return event is not None


@pytest.mark.slow
@pytest.mark.parametrize("topic", [CLICKS_ENRICHED, CLICKS_REJECTED], ids=name)
def test_every_value_of_every_field_is_shown_or_passed_over(topic: Topic) -> None:
    shown = [show(Source(topic.name, value), rejected=topic is CLICKS_REJECTED) for value in extremes_of(topic)]

    assert any(shown)


@pytest.mark.parametrize("timestamp", STAMPS)
@pytest.mark.parametrize("topic", [CLICKS_ENRICHED, CLICKS_REJECTED], ids=name)
def test_the_time_of_a_record_itself_may_be_anything(topic: Topic, timestamp: int) -> None:
    source = Source(topic.name, next(extremes_of(topic)), timestamp=timestamp)

    show(source, rejected=topic is CLICKS_REJECTED)
