"""A text that somebody pasted: a click id, a click token, a link or a code, with characters around it. Pure."""

import re
from typing import Final

import msgspec

from urls.codes import decode_unreserved
from urls.links import is_link, match_code, read_link

LONGEST: Final = 8192
SURROUNDING: Final = (
    " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff\"'`<>()[]{}\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb,;!"
)
"""Characters around a text that was copied from a mail, a table or a chat."""

ID_PATTERN: Final = re.compile(
    r"(?<![0-9A-Za-z])([0-7oOiIlL][0-9A-Za-z]{25})(?:\.([0-9A-Za-z]{2})([0-9A-Za-z]{16}))?(?![0-9A-Za-z])"
)
BASE_32: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]+").fullmatch
LOOK_ALIKES: Final = str.maketrans("OIL", "011")


class Pasted(msgspec.Struct, frozen=True, kw_only=True):
    """What a text may be; each field is None when it cannot be that. A text may be both an id and a code.

    `click_id` (a rejection id has the same format) and `token` are in canonical form; a token's click id is in
    `click_id`. None of them needs to exist.
    """

    text: str
    click_id: str | None = None
    token: str | None = None
    code: str | None = None


def read_pasted(text: str) -> Pasted:
    """Read a pasted text without the spaces, quotes and brackets around it.

    Ids and tokens are found in any case, with O for 0 and I or L for 1 (as in Crockford's base 32), and inside a longer
    text such as a URL or a log line. For a link, `code` is its code.
    """
    text = text[:LONGEST].strip(SURROUNDING).rstrip(".")
    link = read_link(text)
    code = match_code(link.path) if is_link(link.path) else None
    # The code of a link may look like an id, but a link contains no id.
    click_id, token = (None, None) if code is not None and text != code else find_id(decode_unreserved(text))
    return Pasted(text=text, click_id=click_id, token=token, code=code)


def find_id(text: str) -> tuple[str | None, str | None]:
    """Find the first click id in a text, and its token if it is part of one."""
    for found in ID_PATTERN.finditer(text):
        click_id = fold(found[1])
        if click_id is not None:
            proof = fold(found[3]) if found[3] else None
            return click_id, f"{click_id}.{found[2].lower()}{proof}" if proof else None
    return None, None


def fold(text: str) -> str | None:
    """Return base 32 in canonical form; None for other texts."""
    folded = text.upper().translate(LOOK_ALIKES)
    return folded if BASE_32(folded) else None
