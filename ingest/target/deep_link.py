"""Deep links: the page a visitor requests by `?url=`, allowed if the program lists its host. Pure."""

import re
from collections.abc import Sequence
from string import punctuation
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ingest.target.query_passthrough import DEEP_LINK, to_bytes
from urls.hosts import to_ascii
from urls.queries import split_query
from urls.targets import AUTHORITY, check_target

START: Final = f"{DEEP_LINK}="
CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")


def find_deep_link(query: str, hosts: Sequence[str]) -> str | None:
    """Find the requested page, ready for a Location; null when there is none or it is not allowed.

    The first `url` in the query counts.
    """
    if START not in query:
        return None
    for piece in split_query(query):
        if piece.startswith(START):
            return read_deep_link(piece.removeprefix(START), hosts)
    return None


def read_deep_link(value: str, hosts: Sequence[str]) -> str | None:
    """Decode a value once and check it like a stored URL, after percent-encoding other bytes.

    A host in another script becomes Punycode, so that the browser goes to the host that was compared.
    """
    data = unquote_to_bytes(to_bytes(value))
    if CONTROL.search(data):
        return None
    # Text in another script arrives as raw bytes.
    url = quote_from_bytes(data, safe=punctuation)
    authority = AUTHORITY.match(url)
    if authority is None:
        return None
    host = authority[1]
    if "%" in host:
        host = to_ascii(host)
        if host is None:
            return None
        url = url[: authority.start(1)] + host + url[authority.end() :]
    return url if is_listed(host.lower(), hosts) and check_target(url) == url else None


def is_listed(authority: str, hosts: Sequence[str]) -> bool:
    """Tell whether a host is listed; `*.shop.example` lists all its subdomains. Listed hosts have no port."""
    return any(authority.endswith(host[1:]) if host[0] == "*" else authority == host for host in hosts)
