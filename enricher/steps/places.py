"""Well-known places clicks come from, by their host. PURE: the table is `rules/places.tsv`.

A host of the table stands for itself and all hosts below it, and the longest that matches decides: `mail.google.com`
before `google.*`. A search engine's name stands only for hosts that search, so that accounts, documents and blogs of
the same company are not the search engine. `name.*` matches the name under any country's ending: `google.co.uk`. Names
such as `com.google.android.gm` are Android programs, as in `android-app://com.google.android.gm/`.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qs

import msgspec

COUNTRY_ENDING: Final = re.compile(r"com|[a-z]{2}|com?\.[a-z]{2}")
"""Public suffixes under which `name.*` is the same company; `google.example.net` is another's."""
SEARCHES: Final = re.compile(
    r"(?!(?:my|tv|me|ad|cp|pr)$)(?:[a-z]{2}(?:-[a-z]{2})?|www\d*|web|mobile|wap|touch|search|so|suche|recherche|buscar?|ricerca"
    r"|image|images|img|video|videos|html|lite|safe|results?|start|home|encrypted|r|m|s\d+(?:-\w+)?"
    r"|espanol|malaysia|global|int|classic|next|beta)"
)
"""Labels before a search engine's name under which it searches: a country, a kind of result, a kind of device."""
MAIL_LABEL: Final = re.compile(
    r"(?:web|my)-?mail\w{0,3}|e?-?mails?\d{0,3}|mail-?server|owa|roundcube|horde|squirrelmail|zimbra|rainloop|correo|poczta|posta"
    r"|eposta|messagerie|mailbox|newsletters?|bulksend"
)
"""Labels of hosts through which webmailers and newsletters send their readers: `webmail.example.net`."""
AD_LABEL: Final = re.compile(r"ads\d*|ad-?serv(?:er|ers|ing)?\d*|adclick|adx")
"""Labels of hosts that serve advertisements."""
NETWORK_LABELS: Final = {
    "mastodon": "Mastodon",
    "mstdn": "Mastodon",
    "lemmy": "Lemmy",
    "pixelfed": "Pixelfed",
    "misskey": "Misskey",
    "pleroma": "Pleroma",
    "friendica": "Friendica",
    "peertube": "PeerTube",
    "diaspora": "Diaspora",
}
"""Networks of many sites, most of which are called after the program they run."""
LABELS_CAP: Final = 3
"""More labels than this before a site's name hide another name: `mail.google.com.example.net`."""
TERM_CAP: Final = 128
PARAMETERS_CAP: Final = 100


class Place(msgspec.Struct, frozen=True):
    """A kind of place and its name; `terms` are the parameters in which a search engine sends what was searched for."""

    medium: str
    source: str
    terms: tuple[str, ...] = ()


@cache
def list_places() -> dict[str, Place]:
    """Read the table: each host with its place."""
    text = files("enricher.rules").joinpath("places.tsv").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return {
        host: Place(medium, source, tuple(filter(None, terms.split(","))))
        for medium, source, terms, hosts in rows
        for host in hosts.split()
    }


def find_listed_place(host: str, ending: str | None) -> Place | None:
    """Find a host in the table. `ending` is its public suffix."""
    places = list_places()
    for name, before in list_names(host, ending):
        place = places.get(name)
        if place is not None and (place.medium != "search" or all(map(SEARCHES.fullmatch, before))):
            return place
    return None


def find_unlisted_place(host: str, site: str) -> Place | None:
    """Find the kind of a host by its labels: mail, advertising, networks. `site` is its registered domain."""
    labels = host.removesuffix(site).rstrip(".").split(".")
    if len(labels) <= LABELS_CAP and not {"com", "net", "org"}.intersection(labels):
        if any(map(MAIL_LABEL.fullmatch, labels)):
            return Place("email", "")
        if any(map(AD_LABEL.fullmatch, labels)):
            return Place("paid", "")
        named = next((label for label in (*labels, site.partition(".")[0]) if label in NETWORK_LABELS), None)
        return Place("social", NETWORK_LABELS[named]) if named else None
    return None


def list_names(host: str, ending: str | None) -> Iterator[tuple[str, list[str]]]:
    """Give the names a host may be listed under, longest first, each with the labels before it.

    `a.b.de` may be listed as itself, `a.b.*`, `b.de`, `b.*` and `de`.
    """
    labels = host.split(".")
    anywhere = ending is not None and COUNTRY_ENDING.fullmatch(ending) is not None
    stem = labels[: -len(ending.split("."))] if ending and anywhere else []
    for start in range(len(labels)):
        yield ".".join(labels[start:]), labels[:start]
        if start < len(stem):
            yield ".".join([*stem[start:], "*"]), labels[:start]


def read_term(url: str, terms: tuple[str, ...]) -> str | None:
    """Read what was searched for, if the search engine still sends it."""
    _, marked, query = url.partition("?")
    if not marked or not terms:
        return None
    values = parse_qs(query.partition("#")[0]) if query.count("&") < PARAMETERS_CAP else {}
    found = next((values[name][0] for name in terms if name in values), "")
    return " ".join(found.split())[:TERM_CAP] or None
