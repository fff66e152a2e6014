"""How visitors come to a link: the referring page, and the query that it adds to the link. Pure."""

from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from simulate.rng import Weighted, draw_one, draw_word, happens
from simulate.visitors import Visitor

HEX: Final = "0123456789abcdef"


class Route(msgspec.Struct, frozen=True):
    """`query` is the text after the question mark."""

    referrer: str | None
    query: str = ""


Draw = Callable[[Random, Visitor], Route]

SITES: Final = (
    "https://www.runnersblog.example/review/carbon-shoes-2026/",
    "https://www.sparfuchs-gutscheine.example/marken/sneaker",
    "https://bestdeals.example/coupons?page=2",
    "https://magazin.example/mode/fr%C3%BChling",
    "https://forum.example/t/which-shoes-for-winter/48213/7",
    "https://lifestyle.example/",
)
MAILS: Final = (
    "https://mail.google.com/",
    "https://outlook.live.com/",
    "https://mail.yahoo.com/",
    "https://deref-gmx.net/",
    "android-app://com.google.android.gm/",
)
SOCIAL: Final = Weighted(
    {
        "https://www.youtube.com/": 24,
        "https://t.co/4uG7hYkQ2p": 14,
        "https://www.reddit.com/": 14,
        "https://out.reddit.com/": 4,
        "https://www.facebook.com/": 10,
        "https://l.facebook.com/": 8,
        "https://www.instagram.com/": 8,
        "https://www.pinterest.com/": 7,
        "https://www.linkedin.com/": 5,
        "https://bsky.app/": 3,
        "https://www.twitch.tv/": 3,
    }.items()
)
CHATBOTS: Final = ("https://chatgpt.com/", "https://www.perplexity.ai/", "https://gemini.google.com/")
APPS: Final = {
    "google": "https://www.google.com/",
    "instagram": "https://l.instagram.com/",
    "facebook": "https://l.facebook.com/",
    "tiktok": "https://www.tiktok.com/",
    "linkedin": "https://www.linkedin.com/",
    "pinterest": "https://www.pinterest.com/",
    "snapchat": "https://www.snapchat.com/",
}
PLACEMENTS: Final = ("header", "footer", "story-1", "story-2", "yt-desc", "bio", "review%20box", "men%C3%BC", "m_7")
CAMPAIGNS: Final = ("spring-26", "black-week-26", "always-on", "launch", "neue+kollektion")


def by_app(rng: Random, visitor: Visitor) -> Route:
    app = visitor.browser.app or "google"
    referrer = None if happens(rng, 0.15) else APPS[app]
    parts = [f"utm_source={app}&utm_medium=social"] if happens(rng, 0.5) else []
    if app in {"facebook", "instagram"}:
        parts.append(f"fbclid=IwY2xjaw{draw_word(rng, 70)}")
    elif app == "tiktok":
        parts.append(f"ttclid=E.C.P.{draw_word(rng, 60)}")
    return Route(referrer, "&".join(parts))


def by_nothing(rng: Random, _: Visitor) -> Route:
    return Route(None, f"sub1={draw_one(rng, PLACEMENTS)}" if happens(rng, 0.2) else "")


def by_search(rng: Random, visitor: Visitor) -> Route:
    other = visitor.country.search
    host = other if other is not None and happens(rng, 0.2) else "www.google.com"
    return Route(f"https://{host}/")


def by_site(rng: Random, _: Visitor) -> Route:
    subs = [f"sub1={draw_one(rng, PLACEMENTS)}"]
    if happens(rng, 0.5):
        subs.append(f"sub2={int(rng.random() * 100_000)}")
    if happens(rng, 0.3):
        subs.append(f"external_id={draw_word(rng, 24, HEX)}")
    return Route(draw_one(rng, SITES), "&".join(subs))


def by_social(rng: Random, _: Visitor) -> Route:
    referrer = SOCIAL.draw(rng)
    name = referrer.split("/")[2].removeprefix("www.").partition(".")[0]
    return Route(referrer, f"utm_source={name}&utm_medium=social" if happens(rng, 0.4) else "")


def by_mail(rng: Random, _: Visitor) -> Route:
    referrer = draw_one(rng, MAILS) if happens(rng, 0.4) else None
    campaign = draw_one(rng, CAMPAIGNS)
    return Route(
        referrer,
        f"utm_source=newsletter&utm_medium=email&utm_campaign={campaign}&external_id={draw_word(rng, 12, HEX)}",
    )


def by_google_ad(rng: Random, visitor: Visitor) -> Route:
    ad_id = f"gclid=Cj0KCQ{draw_word(rng, 84)}_BwE&gad_source=1"
    if visitor.browser.engine == "webkit" and visitor.browser.app is None and happens(rng, 0.5):
        ad_id = f"gbraid=0AAAAA{draw_word(rng, 28)}"
    return Route(
        "https://www.google.com/", f"utm_source=google&utm_medium=cpc&utm_campaign={draw_one(rng, CAMPAIGNS)}&{ad_id}"
    )


def by_microsoft_ad(rng: Random, _: Visitor) -> Route:
    return Route("https://www.bing.com/", f"utm_source=bing&utm_medium=cpc&msclkid={draw_word(rng, 32, HEX)}")


def by_chatbot(rng: Random, _: Visitor) -> Route:
    referrer = draw_one(rng, CHATBOTS)
    return Route(referrer, "utm_source=chatgpt.com" if referrer == CHATBOTS[0] else "")


ROUTES: Final = Weighted[Draw](
    {
        by_nothing: 24,
        by_search: 18,
        by_site: 22,
        by_social: 14,
        by_mail: 10,
        by_google_ad: 7,
        by_microsoft_ad: 2,
        by_chatbot: 3,
    }.items()
)


def draw_route(rng: Random, visitor: Visitor) -> Route:
    """Draw a route: for the browser of an app that app, else any route."""
    return by_app(rng, visitor) if visitor.browser.app else ROUTES.draw(rng)(rng, visitor)
