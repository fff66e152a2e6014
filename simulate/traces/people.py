"""People with a browser, a language and an address, who follow links as browsers do. Pure."""

from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from simulate.browsers import BROWSERS, Browser, Header
from simulate.countries import COUNTRIES, Country
from simulate.rng import Weighted, draw_one
from simulate.routes import Draw, by_mail, by_nothing, by_search, by_site, by_social, draw_route
from simulate.traces.model import Actor, Link, TraceRequest
from simulate.visitors import Visitor, accept_language, draw_address, navigation_headers

OPEN_WEB: Final = Weighted[Draw]({by_site: 40, by_social: 20, by_search: 15, by_mail: 15, by_nothing: 10}.items())


class Person(msgspec.Struct, frozen=True):
    actor: Actor
    visitor: Visitor
    address: str


def make_person(name: str, kind: str, browser: Browser, country: Country, place: tuple[str, str]) -> Person:
    """Make a person; `place` is their language, as in `de-AT`, and their address.

    Nobody in a trace asks for privacy (Global Privacy Control, Do Not Track): the truth about uniqueness would depend
    on each program's policy.
    """
    tag, address = place
    headers = (*browser.headers, ("Accept-Language", accept_language(tag, browser.engine)))
    return Person(Actor(name, "person", kind), Visitor(browser, country, headers), address)


def draw_person(
    rng: Random, name: str, kind: str, is_wanted: Callable[[Browser], bool] = lambda _: True, address: str | None = None
) -> Person:
    """Draw a person with a browser that is wanted, at an address of their country unless one is given."""
    country, browser = COUNTRIES.draw(rng), BROWSERS.draw(rng)
    while not is_wanted(browser):
        browser = BROWSERS.draw(rng)
    tag, at_home = country.languages.draw(rng), draw_address(rng, country)
    return make_person(name, kind, browser, country, (tag, address or at_home))


def is_phone(browser: Browser) -> bool:
    return "Mobile" in browser.user_agent and "iPad" not in browser.user_agent


def is_no_app(browser: Browser) -> bool:
    return browser.app is None


def follow(
    person: Person, at_ms: int, link: Link, referrer: str | None = None, address: str | None = None
) -> TraceRequest:
    """Follow a link on the page `referrer`, or from no page; `address` is where they are now, if not at their own."""
    return TraceRequest(
        at_ms=at_ms,
        actor=person.actor,
        address=address or person.address,
        link=link,
        headers=navigation_headers(person.visitor, referrer),
    )


def arrive(rng: Random, person: Person, at_ms: int, codes: tuple[str, ...], address: str | None = None) -> TraceRequest:
    """Come from anywhere on the open web, or for the browser of an app from that app."""
    app = person.visitor.browser.app
    route = draw_route(rng, person.visitor) if app else OPEN_WEB.draw(rng)(rng, person.visitor)
    return follow(person, at_ms, Link(draw_one(rng, codes), route.query), route.referrer, address)


def add_header(request: TraceRequest, header: Header) -> TraceRequest:
    return msgspec.structs.replace(request, headers=(*request.headers, header))
