"""Where a click came from: the referring host, and what kind of place that is. PURE.

The first that applies decides: an ad's click id, or a `utm_medium` that says "paid" or "email"; the host of the link or
of its target (`internal`); a well-known place; another host of the same site; any other `utm_medium`; a host that is
called like a webmailer.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

import msgspec
from publicsuffixlist import PublicSuffixList

from enricher.rules.mediums import AD_SOURCES, MEDIUM_WORDS
from enricher.steps.places import Place, find_listed_place, find_unlisted_place, list_places, read_term
from schemas import RawClick, Referrer
from schemas.fields import HOST_CAP

CACHED: Final = 4096
SCHEMES: Final = ("http", "https", "android-app")
HOST: Final = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|[0-9a-f:.]*:[0-9a-f:.]*")
MEDIUMS: Final = {word: medium for medium, words in MEDIUM_WORDS.items() for word in words.split()}
ADS: Final = {name: Place("paid", source) for name, source in AD_SOURCES.items()}
FACEBOOK: Final = Place("social", "Facebook")
INTERNAL: Final = Place("internal", "")
DIRECT: Final = Place("direct", "")
UNKNOWN: Final = Place("unknown", "")


class HostDirectory(msgspec.Struct, frozen=True):
    """Reads what a host is: the host of a link, the well-known place of a host, the site a host is part of.

    `read_host` takes a host as somebody wrote it. `find_kind` gives the kind of place that a host in no table is called
    like.
    """

    find_host: Callable[[str], str | None]
    read_host: Callable[[str], str | None]
    find_place: Callable[[str], Place | None]
    find_kind: Callable[[str], Place | None]
    find_site: Callable[[str], str]


def load_referrer_reader() -> Callable[[RawClick], Referrer]:
    """Load the reader of referrers, with the list of public suffixes. Takes 40 ms; a referrer takes 4 to 20 us."""
    suffixes = PublicSuffixList()
    list_places()

    @lru_cache(CACHED)
    def find_site(host: str) -> str:
        # The last label of an IPv4 address is no public suffix: 10.0.0.1 and 127.0.0.1 are not one site.
        is_address = ":" in host or host.rpartition(".")[2].isdigit()
        return host if is_address else suffixes.privatesuffix(host) or host

    @lru_cache(CACHED)
    def find_place(host: str) -> Place | None:
        return find_listed_place(host, suffixes.publicsuffix(host))

    @lru_cache(CACHED)
    def find_kind(host: str) -> Place | None:
        return find_unlisted_place(host, find_site(host))

    read_cached = lru_cache(CACHED)(read_origin)

    def find_host(url: str) -> str | None:
        return read_cached(cut_to_origin(url))

    @lru_cache(CACHED)
    def read_host(written: str) -> str | None:
        return read_origin(cut_to_origin(f"https://{written}"))

    hosts = HostDirectory(find_host, read_host, find_place, find_kind, find_site)

    def read_referrer(click: RawClick) -> Referrer:
        host = hosts.find_host(click.referrer) if click.referrer else None
        place = classify_referrer(click, host, hosts)
        term = read_term(click.referrer, place.terms) if click.referrer and place.terms else None
        return Referrer(url=click.referrer, host=host, medium=place.medium, source=place.source or None, term=term)

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
    return campaign or hosts.find_kind(host) or UNKNOWN


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
