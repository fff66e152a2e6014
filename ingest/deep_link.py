"""The page a visitor asks for by `?url=`, where the program lists its host. Pure."""

import re
from collections.abc import Sequence
from string import punctuation
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ingest.parameters import MOST_PARAMETERS
from ingest.passing import DEEP_LINK, to_bytes
from urls.targets import AUTHORITY, check_target

START: Final = f"{DEEP_LINK}="
CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")


def find_deep_link(query: str, hosts: Sequence[str]) -> str | None:
    """Find the page asked for, ready for a Location; null where there is none, or one that may not be.

    The first `url` of the query counts.
    """
    if START not in query:
        return None
    for piece in query.split("&", MOST_PARAMETERS)[:MOST_PARAMETERS]:
        if piece.startswith(START):
            return read_deep_link(piece.removeprefix(START), hosts)
    return None


def read_deep_link(value: str, hosts: Sequence[str]) -> str | None:
    """Decode a value, once. What a stored URL may not be, this may not be either, except that it may need encoding."""
    data = unquote_to_bytes(to_bytes(value))
    if CONTROL.search(data):
        return None
    # A page of another script arrives as its bytes; a host does not, and fails the check below.
    url = quote_from_bytes(data, safe=punctuation)
    authority = AUTHORITY.match(url)
    if authority is None or not is_listed(authority[1].lower(), hosts) or check_target(url) != url:
        return None
    return url


def is_listed(authority: str, hosts: Sequence[str]) -> bool:
    """Tell whether a host is among those listed, `*.shop.example` being whatever ends so. None of them has a port."""
    return any(authority.endswith(host[1:]) if host[0] == "*" else authority == host for host in hosts)
