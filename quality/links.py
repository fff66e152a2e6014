"""Which clicks followed the same link: the code with its query, whatever the order of the parameters. Pure."""

from functools import lru_cache
from hashlib import blake2b


@lru_cache(4096)
def digest_link(code: str, query: str, size: int = 16) -> bytes:
    """Give a link its key, of so many bytes."""
    link = code + "?" + ("&".join(sorted(query.split("&"))) if "&" in query else query)
    return blake2b(link.encode(), digest_size=size).digest()
