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
from simulate.visitors import Person, draw_person, navigate

REGULARS: Final = 400
"""How many of those who were here last may come again."""

RETURNING: Final = 0.4
"""The share of visitors who may come again at all."""

SAME_CODE: Final = 0.7
AT_ONCE: Final = 0.2
"""Shares of repeats: by the same link, and by whoever was here last (a double click, a second tab)."""

CODE_SLOPE: Final = 0.6
"""Each code is visited this much as often as the one before it."""

PREFETCHES: Final = ("prefetch", "prefetch;prerender", "prefetch;anonymous-client-ip")


class Regular(msgspec.Struct, frozen=True):
    """Somebody who may come again."""

    name: str
    person: Person
    code: str


class Street:
    """What a generation draws from: codes, and those who passed by lately."""

    def __init__(self, rng: Random, codes: tuple[str, ...]) -> None:
        self.rng = rng
        self.codes = codes
        self.regulars: deque[Regular] = deque(maxlen=REGULARS)
        self._weighted = Weighted((code, CODE_SLOPE**place + 0.02) for place, code in enumerate(codes))

    def draw_code(self) -> str:
        return self._weighted.draw(self.rng)


class Request(msgspec.Struct, frozen=True):
    """What is planned, before it has an id."""

    kind: Kind
    expected: Expected
    path: str
    code: str
    headers: tuple[Header, ...]
    method: str = "GET"
    visitor: str | None = None


Plan = Callable[[Street, int], Request]


def generate(seed: int, options: Options | None = None) -> Iterator[Planned]:
    """Give requests without end. The same seed and options give the same ones in the same order, on every machine."""
    options = options or Options()
    rng = Random(seed)  # noqa: S311 - a seed that gives the same again is the point
    street = Street(rng, options.codes)
    plans = Weighted((PLANS[kind], weight) for kind, weight in options.shares.items())
    for number in count(1):
        made = plans.draw(rng)(street, number)
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


def visit(street: Street, number: int) -> Request:
    rng, code = street.rng, street.draw_code()
    person = draw_person(rng)
    route = draw_route(rng, person)
    name = None
    if happens(rng, RETURNING):
        name = f"visitor-{number}"
        street.regulars.append(Regular(name, person, code))
    return Request("visit", "click", link(code, route.query), code, navigate(person, route.referrer), visitor=name)


def repeat(street: Street, number: int) -> Request:
    if not street.regulars:
        return visit(street, number)
    rng = street.rng
    regular = street.regulars[-1] if happens(rng, AT_ONCE) else draw_one(rng, street.regulars)
    code = regular.code if happens(rng, SAME_CODE) else street.draw_code()
    route = draw_route(rng, regular.person)
    headers = navigate(regular.person, route.referrer)
    return Request("repeat", "click", link(code, route.query), code, headers, visitor=regular.name)


def prefetch(street: Street, number: int) -> Request:
    rng, code = street.rng, street.draw_code()
    person = draw_person(rng)
    route = draw_route(rng, person)
    name = f"visitor-{number}"
    street.regulars.append(Regular(name, person, code))  # and comes when the page has been decided upon
    headers = (*navigate(person, route.referrer), ("Sec-Purpose", draw_one(rng, PREFETCHES)))
    return Request("prefetch", "ahead", link(code, route.query), code, headers, visitor=name)


def head(street: Street, _: int) -> Request:
    # Link checkers ask so, and some previews, under the user agents of browsers.
    rng, code = street.rng, street.draw_code()
    headers = draw_person(rng).headers if happens(rng, 0.5) else identify(PREVIEWS.draw(rng), rng)
    return Request("head", "redirect", link(code), code, headers, method="HEAD")


def bot(street: Street, _: int) -> Request:
    code = street.draw_code()
    return Request("bot", "click", link(code), code, identify(CRAWLERS.draw(street.rng), street.rng))


def preview(street: Street, _: int) -> Request:
    code = street.draw_code()
    return Request("preview", "click", link(code), code, identify(PREVIEWS.draw(street.rng), street.rng))


def unknown_code(street: Street, _: int) -> Request:
    code = draw_unknown(street.rng, street.codes)
    return Request("unknown_code", "rejected", link(code), code, navigate(draw_person(street.rng), None))


def malformed_code(street: Street, _: int) -> Request:
    code = draw_malformed(street.rng, street.draw_code())
    return Request("malformed_code", "rejected", link(code), code, navigate(draw_person(street.rng), None))


def elsewhere(street: Street, _: int) -> Request:
    path = draw_elsewhere(street.rng, street.draw_code())
    return Request("elsewhere", "not_found", path, "", identify(CRAWLERS.draw(street.rng), street.rng))


def method(street: Street, _: int) -> Request:
    code, name = street.draw_code(), draw_one(street.rng, METHODS)
    return Request("method", "not_allowed", link(code), code, identify(CRAWLERS.draw(street.rng), street.rng), name)


def hostile(street: Street, _: int) -> Request:
    code, attack = street.draw_code(), draw_attack(street.rng)
    headers = attack_with(attack, navigate(draw_person(street.rng), None))
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
