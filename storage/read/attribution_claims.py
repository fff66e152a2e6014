"""What a merchant sends with an order, a click token or the click cookie: verified, and attributed."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from identity.cookie import CookieKeys, open_cookies
from identity.cookie_header import find_program
from identity.token import TokenKeys, read_click_id, verify_token
from identity.verification import VerificationError
from storage.read.attributed_clicks import FindWindow, find_attribution
from storage.read.attribution import Attribution, Problem, Unattributed
from storage.read.queries import Reader

Moment = Annotated[datetime, msgspec.Meta(tz=True)]

EXPLANATIONS: Final[dict[Problem, str]] = {
    "malformed": "It is no click token, click id or click cookie: a part is missing, or its letters changed case.",
    "unknown_key": "This key ring has never had the key that it names: it may come from another installation.",
    "destroyed_key": "It was made with a key that has been destroyed, so it can no longer be verified.",
    "forged": "It was altered, or made elsewhere, or for another program than that of its click.",
    "wrong_program": "It is the cookie of another program than its name says.",
    "from_future": "It was made after the time that is asked for: a clock may be wrong.",
    "expired": "The window of the cookie was over at that time.",
    "several_cookies": "It has the cookies of several programs: give one of them, as NAME=VALUE.",
    "unknown_click": "No such click is stored: it may be on its way for some seconds, or was never made here.",
    "erased": "It was erased, because its visitor asked for it.",
    "removed": "The clicks of its day were removed because of their age.",
}
"""Each reason why a claim is not attributed, as a sentence. The reasons are stable."""


async def attribute_token(
    reader: Reader, keys: TokenKeys, token: str, find_window: FindWindow, at: datetime
) -> Attribution | Unattributed:
    """Attribute the click of a token, which is looked up first, because each program has its own key."""
    click_id = read_click_id(keys, token)
    if isinstance(click_id, VerificationError):
        return Unattributed(click_id.reason)
    found = await find_attribution(reader, click_id, find_window, at)
    if isinstance(found, Unattributed):
        return found
    verified = verify_token(keys, token, found.program_id)
    return Unattributed(verified.reason) if isinstance(verified, VerificationError) else found


async def attribute_cookie(
    reader: Reader, keys: CookieKeys, text: str, find_window: FindWindow, at: datetime
) -> Attribution | Unattributed:
    """Attribute the click of a cookie: `NAME=VALUE`, or a whole Cookie header with the click cookie of one program."""
    names = list_click_cookies(text)
    if len(names) != 1:
        return Unattributed("several_cookies" if names else "malformed")
    opened = open_cookies(keys, names.pop(), [text], int(at.timestamp()))
    if opened is None or isinstance(opened, VerificationError):
        return Unattributed("malformed" if opened is None else opened.reason)
    return await find_attribution(reader, opened.click_id, find_window, at)


def list_click_cookies(text: str) -> set[str]:
    """List the names of the click cookies in a Cookie header. Other cookies may be called `cr-` too. Pure."""
    pairs = (pair.partition("=") for pair in text.split(";"))
    named = {name.strip(" \t"): value.strip(" \t") for name, _, value in pairs}
    return {name for name, value in named.items() if find_program(name) is not None and value.startswith("v1.")}


def read_moment(text: str) -> datetime | None:
    """Read the time of an order, which has a zone (RFC 3339); null for other texts. Pure."""
    try:
        return msgspec.convert(text, Moment)
    except msgspec.ValidationError:
        return None
