"""Referral codes: their format, and decoding one from the path of a link. Pure."""

import re
from typing import Final

CODE_SHAPE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
IS_CODE: Final = CODE_SHAPE.fullmatch

ENCODED_UNRESERVED: Final = re.compile(r"%(?:2[DdEe]|3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa]|5[Ff]|7[Ee])")
"""The percent-encoded letters, digits and `-._~`: RFC 3986, section 2.3."""


def is_code(text: str) -> bool:
    return IS_CODE(text) is not None


def decode_unreserved(text: str) -> str:
    """Decode the characters that need no encoding, once, and keep the rest unchanged.

    Encoded or not, they are equivalent (RFC 3986, section 6.2.2.2); some mail programs and trackers encode them.
    """
    return ENCODED_UNRESERVED.sub(lambda found: chr(int(found[0][1:], 16)), text)
