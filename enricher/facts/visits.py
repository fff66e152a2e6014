"""What the windows read of a click that is being enriched. Pure."""

from datetime import UTC, datetime, timedelta
from typing import Final

from enricher.click_facts import ClickFacts
from quality.window_visits import NO_HASHES, Visit, make_visit

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)


def read_visit(facts: ClickFacts) -> Visit:
    return make_visit(
        facts.click,
        facts.hashes or NO_HASHES,
        (facts.published_at - EPOCH) // MILLISECOND,
        is_bot=facts.bot.is_bot,
    )
