"""Traces sent to the real redirect over HTTP give the clicks that `record_trace` writes without it."""

from collections.abc import Sequence
from typing import Any

import pytest

from schemas import RawClick
from simulate.planned import DEMO_CODES
from simulate.send import SendOptions, send
from simulate.traces.catalogue import RECIPES, make_trace
from simulate.traces.model import Trace, TraceParameters
from simulate.traces.raw_clicks import TracedProgram, record_trace
from simulate.traces.sending import plan_trace
from tests.ingest.builders import found
from tests.ingest.serving import serving

DIFFERENT = {"click_id", "clicked_at", "host", "handled", "ip_sealed"}
"""What depends on when and where a click is recorded. Clicks before are compared by their places."""
EARLIER = ("previous_click_id", "lease_click_id")
SAME = [name for name in RawClick.__struct_fields__ if name not in DIFFERENT.union(EARLIER)]
STRICT: dict[str, Any] = {
    "unique_window_s": 3600,
    "unique_basis": "cookie",
    "quality_rules": {"client_rate_limit_60s": 5.0},
}


def compare(clicks: Sequence[RawClick]) -> list[tuple[Any, ...]]:
    """Give what must be the same of each click; clicks before are named by their place."""
    places = {click.click_id: place for place, click in enumerate(clicks)}
    return [
        (
            *(getattr(click, name) for name in SAME),
            *(places.get(getattr(click, name) or "") for name in EARLIER),
        )
        for click in clicks
    ]


async def send_trace(trace: Trace, **of_program: Any) -> list[RawClick]:
    """Send a trace to ingest, where all its codes are of one program; give the clicks it made."""
    codes = {
        code: found(of_code={"code": code}, of_affiliate={"id": code}, id="demo", **of_program) for code in DEMO_CODES
    }
    async with serving(codes, https=False) as served:
        sending = SendOptions(url=f"http://127.0.0.1:{served.port}", rate=None, connections=1)
        ledger = await send(plan_trace(trace), sending)
        topics = await served.published()
    assert (ledger.sent, ledger.unexpected) == (len(trace.requests), {})
    return topics.clicks()


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "double-taps"])
async def test_a_trace_sent_to_ingest_gives_the_clicks_that_are_written(name: str) -> None:
    trace = make_trace(name, TraceParameters(size=12, background=8))
    written = [one.click for one in record_trace(trace) if one.click is not None]
    assert compare(await send_trace(trace)) == compare(written)


async def test_settings_of_the_program_are_written_as_ingest_writes_them() -> None:
    trace = make_trace("office", TraceParameters(size=12, background=8))
    written = [one.click for one in record_trace(trace, program=TracedProgram(**STRICT)) if one.click is not None]
    sent = await send_trace(trace, **STRICT)
    assert compare(sent) == compare(written)
    assert {click.unique_basis for click in sent} == {"cookie"}
