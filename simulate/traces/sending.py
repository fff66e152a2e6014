"""Plans a trace's requests for a running stack. Pure."""

from collections.abc import Iterator
from typing import Final

from simulate.planned import Expected, Planned
from simulate.traces.model import Trace, TraceRequest
from simulate.visitors import FORWARDED

EXPECTED: Final[dict[str, Expected]] = {"GET": "click", "HEAD": "redirect"}


def plan_trace(trace: Trace) -> Iterator[Planned]:
    """Plan each request at its own time, from its address by the header of a trusted proxy.

    The id is the `number` of its label.
    """
    return (plan(number, request) for number, request in enumerate(trace.requests, 1))


def plan(number: int, request: TraceRequest) -> Planned:
    actor, link = request.actor, request.link
    return Planned(
        id=number,
        kind=actor.who,
        expected=EXPECTED.get(request.method, "not_allowed"),
        method=request.method,
        path=f"/ref/{link.code}?{link.query}" if link.query else f"/ref/{link.code}",
        code=link.code,
        headers=(*request.headers, (FORWARDED, request.address)),
        visitor=actor.name if actor.keeps_cookies else None,
        at_s=request.at_ms / 1000,
    )
