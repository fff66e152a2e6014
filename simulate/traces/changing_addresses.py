"""Machines and people whose address changes: rotating proxies, Tor. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Final

from simulate.browsers import find_browser
from simulate.countries import BY_CODE, COUNTRIES
from simulate.rng import draw_one, happens
from simulate.traces.machine_requests import CHROME, FIREFOX, OLD_CHROME, fetch, make_machine, pretend
from simulate.traces.model import Link, TraceRequest
from simulate.traces.networks import TOR_EXITS
from simulate.traces.people import arrive, make_person
from simulate.traces.timing import HOUR, MINUTE, SECOND, draw_between
from simulate.visitors import draw_address

TOR_BROWSER: Final = find_browser("Windows NT 10.0", "Firefox/140")
"""Tor Browser is this version of Firefox, and claims Windows and English for everybody."""
TOR_PEOPLE: Final = 0.4


def draw_proxies(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """A script that clicks one link through people's computers: each request from another home, in half an hour."""
    for number in range(1, size + 1):
        machine = make_machine(f"proxy-{number}", "proxy_click")
        address = draw_address(rng, COUNTRIES.draw(rng))
        headers = pretend(draw_one(rng, (CHROME, OLD_CHROME)), "en-US,en;q=0.9" if happens(rng, 0.7) else None)
        yield fetch(machine, draw_between(rng, 0, 30 * MINUTE), (address, Link(codes[0], "sub1=banner")), headers)


def draw_tor(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Two in five are people with Tor Browser; the others are a script that sends through Tor, every few seconds."""
    people = round(size * TOR_PEOPLE)
    for number in range(1, people + 1):
        place = ("en-US", TOR_EXITS.draw(rng))
        person = make_person(f"tor-{number}", "tor_user", TOR_BROWSER, BY_CODE["US"], place)
        at_ms = draw_between(rng, 0, HOUR)
        yield arrive(rng, person, at_ms, codes)
        if happens(rng, 0.3):
            yield arrive(rng, person, at_ms + draw_between(rng, 30 * SECOND, 10 * MINUTE), codes)
    at_ms = 0
    for number in range(1, size - people + 1):
        at_ms += draw_between(rng, 5 * SECOND, 25 * SECOND)
        machine = make_machine(f"script-{number}", "tor_script")
        yield fetch(machine, at_ms, (TOR_EXITS.draw(rng), Link(codes[0])), pretend(FIREFOX, "en-US,en;q=0.5"))
