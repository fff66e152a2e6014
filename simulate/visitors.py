"""A visitor as the stack sees one: a browser, a language, an address, privacy signals. Pure."""

from random import Random
from typing import Final

import msgspec

from simulate.browsers import BROWSERS, Browser, Engine, Header
from simulate.countries import COUNTRIES, Country
from simulate.rng import happens

FORWARDED: Final = "X-Forwarded-For"


class Visitor(msgspec.Struct, frozen=True):
    """`headers` are sent with every request of this visitor, X-Forwarded-For included."""

    browser: Browser
    country: Country
    headers: tuple[Header, ...]


def draw_visitor(rng: Random) -> Visitor:
    browser, country = BROWSERS.draw(rng), COUNTRIES.draw(rng)
    language = accept_language(country.languages.draw(rng), browser.engine)
    address = draw_address(rng, country)
    signals: list[Header] = []
    if happens(rng, browser.gpc):
        signals.append(("Sec-GPC", "1"))
    if happens(rng, browser.dnt):
        signals.append(("DNT", "1"))
    headers = (*browser.headers, ("Accept-Language", language), *signals, (FORWARDED, address))
    return Visitor(browser, country, headers)


def draw_address(rng: Random, country: Country) -> str:
    return (country.v6 if happens(rng, country.v6_share) else country.v4).draw(rng)


def accept_language(tag: str, engine: Engine) -> str:
    """Write Accept-Language as the engine does for a first language such as `de-AT`.

    Safari sends one language only. The others add the language without its country, and English at the end; Firefox
    sends most languages without a country.
    """
    language = tag.partition("-")[0]
    if engine == "webkit":
        wanted = [tag, language]
    elif language == "en":
        wanted = [tag, "en"] if tag == "en-US" else [tag, "en-US", "en"]
    elif engine == "gecko" and language not in {"es", "pt", "zh"}:
        wanted = [language, "en-US", "en"]
    else:
        wanted = [tag, language, "en-US", "en"]
    return ",".join([wanted[0], *(f"{one};q=0.{9 - place}" for place, one in enumerate(wanted[1:]))])


def navigation_headers(visitor: Visitor, referrer: str | None) -> tuple[Header, ...]:
    """Return the headers of a visitor who follows a link on the page `referrer`, or comes from no page."""
    fetch = (
        ("Sec-Fetch-Site", "none" if referrer is None else "cross-site"),
        ("Sec-Fetch-Mode", "navigate"),
        # Safari never sends this one: mdn/browser-compat-data#27928.
        *(() if visitor.browser.engine == "webkit" else (("Sec-Fetch-User", "?1"),)),
        ("Sec-Fetch-Dest", "document"),
    )
    return (*visitor.headers, *fetch, *(() if referrer is None else (("Referer", referrer),)))
