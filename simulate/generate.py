"""Visitors and machines without end, made from a seed. Pure."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from random import Random
from typing import Final

import msgspec

from simulate.browsers import Header
from simulate.hostile import attack_with, draw_attack
from simulate.invalid_requests import METHODS, draw_elsewhere, draw_malformed, draw_unknown
from simulate.machines import CRAWLERS, PREVIEWS, identify
from simulate.planned import Expected, Kind, Options, Planned
from simulate.rng import Weighted, draw_one, happens
from simulate.routes import draw_route
from simulate.visitors import Visitor, draw_visitor, navigation_headers

REGULARS: Final = 400
"""How many of the latest visitors may come again."""

RETURNING: Final = 0.4
"""The share of visitors who may come again."""

SAME_CODE: Final = 0.7
AT_ONCE: Final = 0.2
"""Shares of repeat visits: by the same link, and by the latest visitor (a double click, a second tab)."""

CODE_SLOPE: Final = 0.6
"""Each code is visited this much as often as the one before it."""

PREFETCHES: Final = ("prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip")


class Regular(msgspec.Struct, frozen=True):
    """A visitor who may come again."""

    name: str
    visitor: Visitor
    code: str


class TrafficState:
    """What requests are drawn from: the codes, and the latest visitors."""

    def __init__(self, rng: Random, codes: tuple[str, ...]) -> None:
        self.rng = rng
        self.codes = codes
        self.regulars: deque[Regular] = deque(maxlen=REGULARS)
        self._weighted = Weighted((code, CODE_SLOPE**place + 0.02) for place, code in enumerate(codes))

    def draw_code(self) -> str:
        return self._weighted.draw(self.rng)


class Request(msgspec.Struct, frozen=True):
    """A request that has no id yet."""

    kind: Kind
    expected: Expected
    path: str
    code: str
    headers: tuple[Header, ...]
    method: str = "GET"
    visitor: str | None = None


Plan = Callable[[TrafficState, int], Request]


def generate(seed: int, options: Options | None = None) -> Iterator[Planned]:
    """Generate requests without end: the same ones for the same seed and options, on every machine."""
    options = options or Options()
    rng = Random(seed)  # noqa: S311 - the same seed must give the same requests
    state = TrafficState(rng, options.codes)
    plans = Weighted((PLANS[kind], weight) for kind, weight in options.shares.items())
    for number in count(1):
        made = plans.draw(rng)(state, number)
        yield Planned(
            id=number,
            kind=made.kind,
            expected=made.expected,
            method=made.method,
            path=made.path,
            code=made.code,
            headers=made.headers,
            visitor=made.visitor,
        )


def link(code: str, query: str = "") -> str:
    return f"/ref/{code}?{query}" if query else f"/ref/{code}"


def visit(state: TrafficState, number: int) -> Request:
    rng, code = state.rng, state.draw_code()
    visitor = draw_visitor(rng)
    route = draw_route(rng, visitor)
    name = None
    if happens(rng, RETURNING):
        name = f"visitor-{number}"
        state.regulars.append(Regular(name, visitor, code))
    return Request(
        "visit", "click", link(code, route.query), code, navigation_headers(visitor, route.referrer), visitor=name
    )


def repeat(state: TrafficState, number: int) -> Request:
    if not state.regulars:
        return visit(state, number)
    rng = state.rng
    regular = state.regulars[-1] if happens(rng, AT_ONCE) else draw_one(rng, state.regulars)
    code = regular.code if happens(rng, SAME_CODE) else state.draw_code()
    route = draw_route(rng, regular.visitor)
    headers = navigation_headers(regular.visitor, route.referrer)
    return Request("repeat", "click", link(code, route.query), code, headers, visitor=regular.name)


def prefetch(state: TrafficState, number: int) -> Request:
    rng, code = state.rng, state.draw_code()
    visitor = draw_visitor(rng)
    route = draw_route(rng, visitor)
    name = f"visitor-{number}"
    state.regulars.append(Regular(name, visitor, code))  # the real visit comes later
    headers = (*navigation_headers(visitor, route.referrer), ("Sec-Purpose", draw_one(rng, PREFETCHES)))
    return Request("prefetch", "ahead", link(code, route.query), code, headers, visitor=name)


def head(state: TrafficState, _: int) -> Request:
    # Link checkers and some previews send HEAD, with the user agents of browsers.
    rng, code = state.rng, state.draw_code()
    headers = draw_visitor(rng).headers if happens(rng, 0.5) else identify(PREVIEWS.draw(rng), rng)
    return Request("head", "redirect", link(code), code, headers, method="HEAD")


def bot(state: TrafficState, _: int) -> Request:
    code = state.draw_code()
    return Request("bot", "click", link(code), code, identify(CRAWLERS.draw(state.rng), state.rng))


def preview(state: TrafficState, _: int) -> Request:
    code = state.draw_code()
    return Request("preview", "click", link(code), code, identify(PREVIEWS.draw(state.rng), state.rng))


def unknown_code(state: TrafficState, _: int) -> Request:
    code = draw_unknown(state.rng, state.codes)
    return Request("unknown_code", "rejected", link(code), code, navigation_headers(draw_visitor(state.rng), None))


def malformed_code(state: TrafficState, _: int) -> Request:
    code = draw_malformed(state.rng, state.draw_code())
    return Request("malformed_code", "rejected", link(code), code, navigation_headers(draw_visitor(state.rng), None))


def elsewhere(state: TrafficState, _: int) -> Request:
    path = draw_elsewhere(state.rng, state.draw_code())
    return Request("elsewhere", "not_found", path, "", identify(CRAWLERS.draw(state.rng), state.rng))


def method(state: TrafficState, _: int) -> Request:
    code, name = state.draw_code(), draw_one(state.rng, METHODS)
    return Request("method", "not_allowed", link(code), code, identify(CRAWLERS.draw(state.rng), state.rng), name)


def hostile(state: TrafficState, _: int) -> Request:
    code, attack = state.draw_code(), draw_attack(state.rng)
    headers = attack_with(attack, navigation_headers(draw_visitor(state.rng), None))
    return Request("hostile", "click_or_bad", link(code, attack.query), code, headers)


PLANS: Final[Mapping[Kind, Plan]] = {
    "visit": visit,
    "repeat": repeat,
    "prefetch": prefetch,
    "head": head,
    "bot": bot,
    "preview": preview,
    "unknown_code": unknown_code,
    "malformed_code": malformed_code,
    "elsewhere": elsewhere,
    "method": method,
    "hostile": hostile,
}
