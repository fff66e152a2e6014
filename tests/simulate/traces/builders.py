"""Traces for the tests, each made once."""

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import Any

from simulate.traces.catalogue import make_trace
from simulate.traces.labels import Label, LabelledClick
from simulate.traces.model import TraceParameters, TraceRequest
from simulate.traces.raw_clicks import record_trace


@cache
def traced(name: str, **parameters: Any) -> Sequence[TraceRequest]:
    return make_trace(name, TraceParameters(**parameters)).requests


@cache
def labelled(name: str, **parameters: Any) -> Sequence[LabelledClick]:
    return tuple(record_trace(make_trace(name, TraceParameters(**parameters))))


def labels(name: str, **parameters: Any) -> list[Label]:
    return [one.label for one in labelled(name, **parameters)]


def alone(name: str, **parameters: Any) -> Sequence[TraceRequest]:
    """Give a trace without the ordinary people beside it."""
    return traced(name, background=0, **parameters)


def by_actor(requests: Sequence[TraceRequest]) -> dict[str, list[TraceRequest]]:
    found: dict[str, list[TraceRequest]] = defaultdict(list)
    for request in requests:
        found[request.actor.name].append(request)
    return found


def header(request: TraceRequest, name: str) -> str | None:
    return dict(request.headers).get(name)
