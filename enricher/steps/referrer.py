"""Where a click came from: the referring host, and what kind of place that is. PURE.

The first that applies decides: an ad's click id, or a `utm_medium` that says "paid" or "email"; the host of the link or
of its target (`internal`); a well-known place; another host of the same site; any other `utm_medium`.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import msgspec
from publicsuffixlist import PublicSuffixList

from enricher.rules.sites import AD_SOURCES, MEDIUM_WORDS, SITES
from schemas import RawClick, Referrer
from schemas.fields import HOST_CAP

CACHED: Final = 4096
SCHEMES: Final = ("http", "https", "android-app")
HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")
COUNTRY_ENDING: Final = re.compile(r"com|[a-z]{2}|com?\.[a-z]{2}")
"""Public suffixes under which `name.*` is the same company; `google.example.net` is another's."""


class Place(msgspec.Struct, frozen=True):
    medium: str
    source: str


PLACES: Final = {
    host: Place(medium, source)
    for medium, sources in SITES.items()
    for source, hosts in sources.items()
    for host in hosts.split()
}
ADS: Final = {name: Place("paid", source) for name, source in AD_SOURCES.items()}
MEDIUMS: Final = {word: medium for medium, words in MEDIUM_WORDS.items() for word in words.split()}
FACEBOOK: Final = Place("social", "Facebook")
INTERNAL: Final = Place("internal", "")
DIRECT: Final = Place("direct", "")
UNKNOWN: Final = Place("unknown", "")


class HostDirectory(msgspec.Struct, frozen=True):
    """Reads what a host is: the host of a link, the well-known place of a host, the site a host is part of.

    `read_host` takes a host as somebody wrote it.
    """

    find_host: Callable[[str], str | None]
    read_host: Callable[[str], str | None]
    find_place: Callable[[str], Place | None]
    find_site: Callable[[str], str]


def load_referrer_reader() -> Callable[[RawClick], Referrer]:
    """Load the reader of referrers, with the list of public suffixes. Takes 35 ms; a referrer takes 4 to 20 us."""
    suffixes = PublicSuffixList()

    @lru_cache(CACHED)
    def find_site(host: str) -> str:
        # The last label of an IPv4 address is no public suffix: 10.0.0.1 and 127.0.0.1 are not one site.
        is_address = ":" in host or host.rpartition(".")[2].isdigit()
        return host if is_address else suffixes.privatesuffix(host) or host

    @lru_cache(CACHED)
    def find_place(host: str) -> Place | None:
        return next((PLACES[name] for name in listed_names(host, suffixes.publicsuffix(host)) if name in PLACES), None)

    read_cached = lru_cache(CACHED)(read_origin)

    def find_host(url: str) -> str | None:
        return read_cached(cut_to_origin(url))

    @lru_cache(CACHED)
    def read_host(written: str) -> str | None:
        return read_origin(cut_to_origin(f"https://{written}"))

    hosts = HostDirectory(find_host, read_host, find_place, find_site)

    def read_referrer(click: RawClick) -> Referrer:
        host = hosts.find_host(click.referrer) if click.referrer else None
        place = classify_referrer(click, host, hosts)
        return Referrer(url=click.referrer, host=host, medium=place.medium, source=place.source or None)

    return read_referrer


def classify_referrer(click: RawClick, host: str | None, hosts: HostDirectory) -> Place:
    known = hosts.find_place(host) if host else None
    campaign = classify_campaign(click, known)
    if campaign is not None and campaign.medium in ("paid", "email"):
        return campaign
    if host is None:
        return campaign or find_named_source(click, hosts) or (UNKNOWN if click.referrer else DIRECT)
    own = (hosts.read_host(click.host), hosts.find_host(click.target_url))
    if host in own:
        return INTERNAL
    if known is not None:
        return known
    if any(name and hosts.find_site(name) == hosts.find_site(host) for name in own):
        return INTERNAL
    return campaign or UNKNOWN


def classify_campaign(click: RawClick, known: Place | None) -> Place | None:
    """Classify by the parameters of the link: an ad's click id, `utm_medium`, Facebook's `fbclid`."""
    ad_ids, utm = click.ad_ids, click.utm
    if ad_ids:
        for name, place in ADS.items():
            if name in ad_ids:
                return place
    medium = read_medium(utm.medium) if utm and utm.medium else None
    if utm and medium is not None:
        return Place(medium, known.source if known else utm.source or "")
    return FACEBOOK if ad_ids and "fbclid" in ad_ids else None


@lru_cache(CACHED)
def read_medium(word: str) -> str | None:
    return MEDIUMS.get(re.sub(r"[\s_-]", "", word.lower()))


def find_named_source(click: RawClick, hosts: HostDirectory) -> Place | None:
    """Find the place that `utm_source` names as a host: ChatGPT writes `chatgpt.com` there."""
    named = hosts.read_host(click.utm.source) if click.utm and click.utm.source else None
    return hosts.find_place(named) if named else None


def listed_names(host: str, ending: str | None) -> Iterator[str]:
    """Give the names a host may be listed under, longest first: of `a.b.de` itself, `a.b.*`, `b.de`, `b.*`, `de`."""
    labels = host.split(".")
    anywhere = ending is not None and COUNTRY_ENDING.fullmatch(ending) is not None
    stem = labels[: -len(ending.split("."))] if ending and anywhere else []
    for start in range(len(labels)):
        yield ".".join(labels[start:])
        if start < len(stem):
            yield ".".join([*stem[start:], "*"])


def cut_to_origin(url: str) -> str:
    """Keep scheme and host of a link. The rest may hold a click id, so it would miss the cache at every click."""
    return "/".join(url.strip().split("/", 3)[:3])


def read_origin(url: str) -> str | None:
    """Give the host of any text as in the DNS: lower case, ASCII; none where the text is no link with a host."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname:
            return None
        host = parts.hostname.rstrip(".")
        host = host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:
        return None
    return host if len(host) <= HOST_CAP and HOST.fullmatch(host) else None
