"""What a trace is made of: requests of people and machines, each with its time and its truth. Pure."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Literal

import msgspec

from simulate.browsers import Header
from simulate.planned import DEMO_CODES

Who = Literal["person", "machine"]


class Actor(msgspec.Struct, frozen=True):
    """Who sends requests. `name` is its own within a trace, and `kind` says what it is, as in `office_worker`.

    An actor is what a report calls a visitor: a browser with its cookies. Two devices of one person are two actors.
    """

    name: str
    who: Who
    kind: str
    keeps_cookies: bool = True


class Link(msgspec.Struct, frozen=True):
    """A link to follow; `query` is the text after the question mark."""

    code: str
    query: str = ""


class TraceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One request, `at_ms` milliseconds after the start of the trace.

    `headers` are all but Host, Cookie and the address, which a proxy adds.
    """

    at_ms: int
    actor: Actor
    address: str
    link: Link
    headers: tuple[Header, ...]
    method: str = "GET"


class TraceParameters(msgspec.Struct, frozen=True, kw_only=True):
    """What a trace is made from.

    `size` counts what it is made of (people, recipients, requests), and `background` ordinary people beside them; None:
    the trace's own numbers. With `is_https` false the requests are as browsers send them over plain http: without
    client hints and Sec-Fetch headers.
    """

    seed: int = 1
    codes: tuple[str, ...] = DEMO_CODES
    size: int | None = None
    background: int | None = None
    is_https: bool = True


class Trace(msgspec.Struct, frozen=True):
    """Requests in the order of their times."""

    name: str
    seed: int
    requests: tuple[TraceRequest, ...]


class Recipe(msgspec.Struct, frozen=True):
    """How to make a trace: by `draw(rng, codes, size)`.

    `unit` is what `size` counts. `background` is how many ordinary people come beside it: some rules judge a machine
    only where most visitors send what it lacks.
    """

    draw: Callable[[Random, tuple[str, ...], int], Iterable[TraceRequest]]
    size: int
    unit: str
    background: int = 0
