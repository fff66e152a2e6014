"""What somebody pasted: a click id, a click token, a link or a code, with whatever came along with it. Pure."""

import re
from typing import Final

import msgspec

from urls.codes import decode_unreserved
from urls.links import is_link, match_code, read_link

LONGEST: Final = 8192
SURROUNDING: Final = (
    " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff\"'`<>()[]{}\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb,;!"
)
"""What stands around a text that was copied from a mail, a table or a chat."""

ID_PATTERN: Final = re.compile(
    r"(?<![0-9A-Za-z])([0-7oOiIlL][0-9A-Za-z]{25})(?:\.([0-9A-Za-z]{2})([0-9A-Za-z]{16}))?(?![0-9A-Za-z])"
)
BASE_32: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]+").fullmatch
LOOK_ALIKES: Final = str.maketrans("OIL", "011")


class Pasted(msgspec.Struct, frozen=True, kw_only=True):
    """What a text may stand for, each null where it cannot: one that is shaped like an id may be a code as well.

    `click_id` (a rejection's has the same shape) and `token` are in the one form in which they are stored and compared;
    a token's click id is in `click_id`. Nothing is said about whether any of them exists.
    """

    text: str
    click_id: str | None = None
    token: str | None = None
    code: str | None = None


def read_pasted(text: str) -> Pasted:
    """Read what somebody pasted, with the spaces, quotes and brackets around it taken off.

    Ids and tokens are found in any case, with O for 0 and I or L for 1 (as Crockford's base 32 is read), and within a
    text that is longer: the address of a page, or a line of a log. A link gives its code.
    """
    text = text[:LONGEST].strip(SURROUNDING).rstrip(".")
    link = read_link(text)
    code = match_code(link.path) if is_link(link.path) else None
    # The code of a link may look like an id; a link is no place for one.
    click_id, token = (None, None) if code is not None and text != code else find_id(decode_unreserved(text))
    return Pasted(text=text, click_id=click_id, token=token, code=code)


def find_id(text: str) -> tuple[str | None, str | None]:
    """Find the first click id in a text, and the token where it is one."""
    for found in ID_PATTERN.finditer(text):
        click_id = fold(found[1])
        if click_id is not None:
            proof = fold(found[3]) if found[3] else None
            return click_id, f"{click_id}.{found[2].lower()}{proof}" if proof else None
    return None, None


def fold(text: str) -> str | None:
    """Write base 32 as it is stored; null where it is none."""
    folded = text.upper().translate(LOOK_ALIKES)
    return folded if BASE_32(folded) else None
