"""base64url (RFC 4648 section 5) of data whose length is a multiple of three.

Such data needs no padding and has no unused bits, so each byte sequence has exactly one text, and any change of the
text changes the data. Callers pad what they seal to such a length.
"""

import binascii
from typing import Final

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")


def encode_base64url(data: bytes) -> str:
    """Write `data`, whose length must be a multiple of three."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).decode("ascii")


def decode_base64url(text: str) -> bytes | None:
    """Decode any text; None when `encode_base64url` could not have written it."""
    try:
        return binascii.a2b_base64(text.encode("ascii").translate(_FROM_URL), strict_mode=True)
    except ValueError:  # binascii.Error and UnicodeEncodeError are both ValueErrors
        return None
