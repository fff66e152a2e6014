"""Message authentication for values in a shared cache: others who can write to it cannot forge a value.

Keyed BLAKE2b with a 128-bit tag. The key is derived from a token key, so the ring needs no extra purpose. A value made
under an older token key is accepted as long as that key is readable.
"""

from base64 import urlsafe_b64encode
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from identity.keys import KeyRing

TAG_BYTES: Final = 16
TAG_LENGTH: Final = 22
"""Characters of a tag: base64url without padding."""
_PURPOSE: Final = b"clickrail cache"


class CacheMac:
    """Makes and checks tags with the keys of one ring. Build a new one when the ring changes."""

    __slots__ = ("_active", "_keys")

    def __init__(self, ring: KeyRing) -> None:
        tokens = [key for key in ring.keys if key.purpose == "token" and key.secret is not None]
        keys = {key.kid: blake2b(key.secret or b"", person=_PURPOSE).digest() for key in tokens}
        self._active = next(keys[key.kid] for key in tokens if key.state == "active")
        self._keys = tuple(keys.values())

    def make_tag(self, message: bytes) -> bytes:
        """Return the tag of a message, 22 characters."""
        return tag_of(self._active, message)

    def is_genuine(self, message: bytes, tag: bytes) -> bool:
        """Return whether a tag was made for this message with a key of the ring."""
        return any(compare_digest(tag_of(key, message), tag) for key in self._keys)


def tag_of(key: bytes, message: bytes) -> bytes:
    return urlsafe_b64encode(blake2b(message, digest_size=TAG_BYTES, key=key).digest()).rstrip(b"=")
