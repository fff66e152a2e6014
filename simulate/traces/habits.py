"""Habits of people that look like machines: tabs, double taps, a rush after a newsletter, web views of apps. Pure."""

from collections.abc import Iterator
from random import Random
from typing import Final

from simulate.browsers import Browser
from simulate.rng import draw_one, draw_word, happens
from simulate.routes import HEX, MAILS
from simulate.traces.model import Link, TraceRequest
from simulate.traces.networks import MOBILE
from simulate.traces.people import add_header, arrive, draw_person, follow, is_no_app, is_phone
from simulate.traces.timing import HOUR, MINUTE, SECOND, draw_between, draw_exponential, draw_lognormal

COUPON_PAGE: Final = "https://www.sparfuchs-gutscheine.example/"
SHOPS: Final = 8

PACKAGES: Final = {
    "instagram": "com.instagram.android",
    "facebook": "com.facebook.katana",
    "tiktok": "com.zhiliaoapp.musically",
}
"""Android's web views send the name of their app as X-Requested-With."""


def draw_background(rng: Random, codes: tuple[str, ...], size: int, last_ms: int) -> Iterator[TraceRequest]:
    """Ordinary people at any time until `last_ms`; one in five comes again within ten minutes."""
    for number in range(1, size + 1):
        person = draw_person(rng, f"visitor-{number}", "visitor")
        at_ms = draw_between(rng, 0, last_ms)
        yield arrive(rng, person, at_ms, codes)
        if happens(rng, 0.2):
            yield arrive(rng, person, at_ms + draw_between(rng, 20 * SECOND, 10 * MINUTE), codes)


def is_web_view(browser: Browser) -> bool:
    return browser.app not in {None, "google"}


def draw_web_views(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """People inside apps, mostly behind carriers' addresses that they share with others, in an hour."""
    cells = [MOBILE.draw(rng) for _ in range(max(size // 20, 1))]
    for number in range(size):
        address = draw_one(rng, cells) if happens(rng, 0.7) else None
        person = draw_person(rng, f"app-{number + 1}", "web_view", is_web_view, address)
        at_ms = draw_between(rng, 0, HOUR)
        times = [at_ms, at_ms + draw_between(rng, 30 * SECOND, 30 * MINUTE)] if happens(rng, 0.25) else [at_ms]
        for time in times:
            yield name_app(arrive(rng, person, time, codes), person.visitor.browser)


def name_app(request: TraceRequest, browser: Browser) -> TraceRequest:
    package = PACKAGES.get(browser.app or "") if browser.engine == "chromium" else None
    return request if package is None else add_header(request, ("X-Requested-With", package))


def draw_coupon_tabs(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """People who open three to six links of one coupon page in tabs, one after the other, in two hours."""
    for number in range(size):
        person = draw_person(rng, f"hunter-{number + 1}", "coupon_hunter", is_no_app)
        at_ms = draw_between(rng, 0, 2 * HOUR)
        shops = list(range(1, SHOPS + 1))
        for _ in range(3 + int(rng.random() * 4)):
            shop = shops.pop(int(rng.random() * len(shops)))
            yield follow(person, at_ms, Link(codes[shop % len(codes)], f"sub1=shop-{shop}"), COUPON_PAGE)
            at_ms += draw_between(rng, 400, 1600)


def draw_double_taps(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """People on phones who tap the same link twice within 60 to 400 ms, and one in ten a third time."""
    for number in range(size):
        person = draw_person(rng, f"tapper-{number + 1}", "double_tapper", is_phone)
        first = arrive(rng, person, draw_between(rng, 0, HOUR), codes)
        yield first
        at_ms = first.at_ms
        for _ in range(2 if happens(rng, 0.1) else 1):
            at_ms += draw_between(rng, 60, 400)
            referrer = dict(first.headers).get("Referer")
            yield follow(person, at_ms, first.link, referrer)


def draw_newsletter(rng: Random, codes: tuple[str, ...], size: int) -> Iterator[TraceRequest]:
    """Readers of one newsletter: most within minutes of its sending, some within two hours, a few of two links."""
    for number in range(size):
        reader = draw_person(rng, f"reader-{number + 1}", "reader", is_no_app)
        recipient, at_ms = draw_word(rng, 12, HEX), draw_exponential(rng, 12 * MINUTE, 2 * HOUR)
        referrer = draw_one(rng, MAILS) if happens(rng, 0.4) else None
        places = ["hero", "footer"] if happens(rng, 0.25) else ["hero"]
        for place in places:
            yield follow(reader, at_ms, letter_link(codes, place, recipient), referrer)
            at_ms += draw_lognormal(rng, 40 * SECOND, 0.8)


def letter_link(codes: tuple[str, ...], place: str, recipient: str) -> Link:
    """Return a link of a newsletter, which names its recipient."""
    code = codes[0] if place == "hero" else codes[-1]
    query = "utm_source=newsletter&utm_medium=email&utm_campaign=spring-26"
    return Link(code, f"{query}&utm_content={place}&external_id={recipient}")
