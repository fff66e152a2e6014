"""People who share an address, or whose address is not their own. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Final

from simulate.browsers import find_browser
from simulate.countries import BY_CODE, COUNTRIES
from simulate.rng import draw_one, happens
from simulate.traces.model import TraceRequest
from simulate.traces.networks import APPLE_RELAY, MOBILE, OFFICES
from simulate.traces.people import arrive, make_person
from simulate.traces.timing import HOUR, MINUTE, SECOND, draw_between

COMES_BACK: Final = 0.4
"""The share of phones behind a carrier's address whose owner follows a second link."""

RELAY_BROWSERS: Final = (
    find_browser("iPhone", "Version/26.4"),
    find_browser("iPhone", "Version/26.3"),
    find_browser("iPad", "Version/26.4"),
    find_browser("Macintosh", "Version/26.4"),
)


def draw_office(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Colleagues behind one address, with one browser version, one system and one language.

    Each comes in an hour of work, and again within ten minutes by the same browser: the cookie that comes back is all
    that tells them apart.
    """
    browser, address = find_browser("Windows NT 10.0", "Chrome/150", without="Edg/"), OFFICES.draw(rng)
    for number in range(size):
        person = make_person(f"office-{number + 1}", "office_worker", browser, BY_CODE["DE"], ("de-DE", address))
        at_ms = draw_between(rng, 0, HOUR)
        yield arrive(rng, person, at_ms, codes)
        for _ in range(2 if happens(rng, 0.3) else 1):
            at_ms += draw_between(rng, 20 * SECOND, 10 * MINUTE)
            yield arrive(rng, person, at_ms, codes)


def draw_nat(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Identical phones behind one address of a mobile carrier, in half an hour."""
    browser, address = find_browser("iPhone", "Version/26.4"), MOBILE.draw(rng)
    for number in range(size):
        person = make_person(f"phone-{number + 1}", "carrier_phone", browser, BY_CODE["US"], ("en-US", address))
        at_ms = draw_between(rng, 0, 30 * MINUTE)
        yield arrive(rng, person, at_ms, codes)
        if happens(rng, COMES_BACK):
            yield arrive(rng, person, at_ms + draw_between(rng, 20 * SECOND, 20 * MINUTE), codes)


def draw_relay(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Safari with Apple Private Relay: each visit comes from another address of a CDN."""
    for number in range(size):
        country, browser = COUNTRIES.draw(rng), draw_one(rng, RELAY_BROWSERS)
        place = (country.languages.draw(rng), APPLE_RELAY.draw(rng))
        person = make_person(f"relay-{number + 1}", "relay_user", browser, country, place)
        at_ms = draw_between(rng, 0, 2 * HOUR)
        yield arrive(rng, person, at_ms, codes)
        for _ in range(2):
            if happens(rng, 0.3):
                at_ms += draw_between(rng, MINUTE, HOUR)
                yield arrive(rng, person, at_ms, codes, APPLE_RELAY.draw(rng))
