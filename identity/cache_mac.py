"""Message authentication for what we put into a shared cache: whoever can write there cannot make a value of ours.

Keyed BLAKE2b with a tag of 128 bits. The key is derived from a token key of the ring, so no ring has to change; a value
made under an older token key is still believed while that key can be read.
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
    """Makes and checks tags with the keys of one ring: when the ring changes, build another."""

    __slots__ = ("_active", "_keys")

    def __init__(self, ring: KeyRing) -> None:
        tokens = [key for key in ring.keys if key.purpose == "token" and key.secret is not None]
        keys = {key.kid: blake2b(key.secret or b"", person=_PURPOSE).digest() for key in tokens}
        self._active = next(keys[key.kid] for key in tokens if key.state == "active")
        self._keys = tuple(keys.values())

    def make_tag(self, message: bytes) -> bytes:
        """Give the tag of a message, 22 characters."""
        return tag_of(self._active, message)

    def is_genuine(self, message: bytes, tag: bytes) -> bool:
        """Tell whether a tag was made for this message with a key of the ring."""
        return any(compare_digest(tag_of(key, message), tag) for key in self._keys)


def tag_of(key: bytes, message: bytes) -> bytes:
    return urlsafe_b64encode(blake2b(message, digest_size=TAG_BYTES, key=key).digest()).rstrip(b"=")
