"""Traces sent to the real redirect over HTTP give the clicks that `record_trace` writes without it."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas import RawClick
from simulate.planned import DEMO_CODES
from simulate.send import SendOptions, send
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.model import TraceParameters
from simulate.traces.raw_clicks import record_trace
from simulate.traces.sending import plan_trace
from tests.ingest.builders import found
from tests.ingest.serving import serving

SAME = (
    "code", "path", "query", "referrer", "user_agent", "accept_language", "client_hints", "fetch", "sub1", "sub2",
    "external_id", "utm", "ad_ids", "cookie_state", "privacy", "prefetch", "is_test", "unique_window_s", "limit",
    "truncated",
)  # fmt: skip
"""Not the same are ids and times, the host, and what the program says."""


def compare(clicks: Sequence[RawClick]) -> list[tuple[Any, ...]]:
    """Give what must be the same of each click; clicks before are named by their place."""
    places = {click.click_id: place for place, click in enumerate(clicks)}
    return [
        (
            *(getattr(click, name) for name in SAME),
            places.get(click.previous_click_id or ""),
            places.get(click.lease_click_id or ""),
        )
        for click in clicks
    ]


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "double-taps"])
async def test_a_trace_sent_to_ingest_gives_the_clicks_that_are_written(name: str) -> None:
    trace = make_trace(name, TraceParameters(size=12, background=8))
    codes = {code: found(of_code={"code": code}) for code in DEMO_CODES}
    async with serving(codes, https=False) as served:
        sending = SendOptions(url=f"http://127.0.0.1:{served.port}", rate=None, connections=1)
        ledger = await send(plan_trace(trace), sending)
        topics = await served.published()
    written = [one.click for one in record_trace(trace) if one.click is not None]
    assert (ledger.sent, ledger.unexpected) == (len(trace.requests), {})
    assert compare(topics.clicks()) == compare(written)
