"""Clicks for the score: a person's, with changes."""

from typing import Any

import msgspec

from schemas import ClientHints, Counts, Device, EnrichedClick, Fetch, Guards, Network, Referrer, decode
from tests.schemas.test_codec import read_example

WINDOWS_CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
ANDROID_CHROME = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
INSTAGRAM = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 400.0.0.1 (iPhone16,2; iOS 18_5; en_US; en; scale=3.00; 1290x2796; 700000000)"
)
USUAL = Guards(
    chrome=1000, accept_language=1000, client_hints=990, fetch=990, newest_chrome=142, status="judged"
)  # A host whose proxies keep every header.
ALONE = Counts(
    client_60s=1,
    client_600s=1,
    net_60s=1,
    net_clients_60s=1,
    net_clients_600s=1,
    net_cookies_600s=0,
    links_10s=1,
    net_links_10s=1,
    same_link_30s=0,
    status="judged",
)


def click_of(**changes: Any) -> EnrichedClick:
    """Give a click of a person with Chrome on Windows who came from a search, with these changes."""
    click = decode(EnrichedClick, read_example("clicks.enriched/good/quality.json"))
    assert isinstance(click, EnrichedClick)
    person: dict[str, Any] = {
        "user_agent": WINDOWS_CHROME,
        "accept_language": "pt-PT,pt;q=0.9",
        "client_hints": ClientHints(ua='"Chromium";v="142"', mobile="?0", platform='"Windows"'),
        "fetch": Fetch(site="cross-site", mode="navigate", dest="document", user="?1"),
        "device": Device(type="desktop", os="Windows", browser="Chrome", browser_version="142"),
        "referrer": Referrer(url="https://www.google.com/", host="www.google.com", medium="search"),
        "network": Network(status="found", kind="other"),
        "counts": ALONE,
        "guards": USUAL,
        "quality_rules": None,
    }
    return msgspec.structs.replace(click, **person | changes)


def counted(**changes: int | None) -> Counts:
    return msgspec.structs.replace(ALONE, **changes)
