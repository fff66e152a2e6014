"""Machines that open the links of mail before or beside their readers. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Final

import msgspec

from simulate.addresses import Networks
from simulate.browsers import Header
from simulate.rng import Weighted, draw_one, draw_word, happens
from simulate.routes import HEX
from simulate.traces.habits import letter_link
from simulate.traces.machine_requests import CHROME, CHROME_ON_LINUX, OLD_CHROME, fetch, make_machine, pretend
from simulate.traces.model import Link, TraceRequest
from simulate.traces.networks import BARRACUDA, CLOUD, EXCHANGE_ONLINE, MIMECAST, OFFICES, PROOFPOINT
from simulate.traces.people import draw_person, follow, is_no_app, is_phone
from simulate.traces.timing import HOUR, MINUTE, SECOND, draw_between, draw_lognormal

PLACES: Final = ("header", "hero", "offer-1", "offer-2", "footer")
SENDING: Final = MINUTE
"""How long it takes to send the mail to everybody."""
SWEEP_MEDIAN: Final = 43 * SECOND
SWEEP_SIGMA: Final = 0.53
"""With this spread 66 % of the sweeps come 20 to 60 s after the mail was sent."""
TWIN_AFTER: Final = 12 * SECOND


class Gateway(msgspec.Struct, frozen=True):
    """A mail gateway. `asks_first`: it sends HEAD before each GET."""

    networks: Networks
    headers: tuple[Header, ...]
    asks_first: bool = False


GATEWAYS: Final = Weighted(
    (
        (Gateway(EXCHANGE_ONLINE, pretend(CHROME)), 50),
        (Gateway(BARRACUDA, pretend(OLD_CHROME), asks_first=True), 15),
        (Gateway(PROOFPOINT, pretend(CHROME_ON_LINUX)), 15),
        (Gateway(MIMECAST, pretend(CHROME)), 10),
        (Gateway(CLOUD, pretend(CHROME_ON_LINUX, "en-US,en;q=0.9")), 10),
    )
)


def draw_mail_gateway(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """A mail to recipients in companies: a gateway opens its five links within a second, about 43 s after its sending.

    One recipient in three reads it later, at work, and follows one of the links.
    """
    offices = [OFFICES.draw(rng) for _ in range(max(size // 10, 1))]
    for number in range(1, size + 1):
        recipient, sent_ms = draw_word(rng, 12, HEX), draw_between(rng, 0, SENDING)
        links = [recipient_link(codes, place, recipient) for place in range(len(PLACES))]
        yield from sweep(rng, number, sent_ms, links)
        if happens(rng, 1 / 3):
            reader = draw_person(rng, f"reader-{number}", "reader", is_no_app, draw_one(rng, offices))
            yield follow(reader, sent_ms + draw_between(rng, 3 * MINUTE, 2 * HOUR), draw_one(rng, links))


def sweep(rng: Random, number: int, sent_ms: int, links: list[Link]) -> Iterator[TraceRequest]:
    gateway, machine = GATEWAYS.draw(rng), make_machine(f"gateway-{number}", "mail_gateway")
    address = gateway.networks.draw(rng)
    at_ms = sent_ms + draw_lognormal(rng, SWEEP_MEDIAN, SWEEP_SIGMA)
    for place, link in enumerate(links):
        time = at_ms + place * 200 + draw_between(rng, 0, 100)
        if gateway.asks_first:
            yield fetch(machine, time, (address, link), gateway.headers, "HEAD")
            time += 40
        yield fetch(machine, time, (address, link), gateway.headers)


def recipient_link(codes: tuple[str, ...], place: int, recipient: str) -> Link:
    link = letter_link(codes, PLACES[place], recipient)
    return Link(codes[place % len(codes)], link.query)


def draw_twin(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Readers whose click is repeated 12 s later by another system, in a data centre, to look at the page.

    One in five follows the link again on a second device of their own, half a minute later: people, and silent.
    """
    for number in range(1, size + 1):
        link = letter_link(codes, "hero", draw_word(rng, 12, HEX))
        reader = draw_person(rng, f"reader-{number}", "reader", is_no_app)
        at_ms = draw_between(rng, 0, 2 * HOUR)
        yield follow(reader, at_ms, link)
        if happens(rng, 0.2):
            phone = draw_person(rng, f"second-{number}", "second_device", is_phone)
            yield follow(phone, at_ms + draw_between(rng, 25 * SECOND, 100 * SECOND), link)
        else:
            twin, after_ms = make_machine(f"twin-{number}", "twin"), TWIN_AFTER + draw_between(rng, -1500, 1500)
            yield fetch(twin, at_ms + after_ms, (CLOUD.draw(rng), link), pretend(CHROME_ON_LINUX))


def draw_quote_pairs(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """A scanner that opens a recipient's link, and half a second later the same link with a `%27` at its end."""
    addresses = [CLOUD.draw(rng) for _ in range(4)]
    for number in range(1, size + 1):
        machine, address = make_machine(f"scanner-{number}", "quote_scanner"), draw_one(rng, addresses)
        link, at_ms = letter_link(codes, "hero", draw_word(rng, 12, HEX)), draw_between(rng, 0, HOUR)
        yield fetch(machine, at_ms, (address, link), pretend(CHROME))
        probe = Link(link.code, f"{link.query}%27")
        yield fetch(machine, at_ms + draw_between(rng, 300, 700), (address, probe), pretend(CHROME))
