"""The page a visitor asks for by `?url=`, where the program lists its host. Pure."""

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
    """Find the page asked for, ready for a Location; null where there is none, or one that may not be.

    The first `url` of the query counts.
    """
    if START not in query:
        return None
    for piece in split_query(query):
        if piece.startswith(START):
            return read_deep_link(piece.removeprefix(START), hosts)
    return None


def read_deep_link(value: str, hosts: Sequence[str]) -> str | None:
    """Decode a value, once. What a stored URL may not be, this may not be either, except that it may need encoding.

    A host in another script is sent in Punycode, so that what was compared is where the browser goes.
    """
    data = unquote_to_bytes(to_bytes(value))
    if CONTROL.search(data):
        return None
    # A page of another script arrives as its bytes.
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
    """Tell whether a host is among those listed, `*.shop.example` being whatever ends so. None of them has a port."""
    return any(authority.endswith(host[1:]) if host[0] == "*" else authority == host for host in hosts)
