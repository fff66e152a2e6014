"""The click cookie in HTTP: its name, the Set-Cookie line, and finding it again in what a browser sends."""

from collections.abc import Iterable
from string import ascii_letters, ascii_lowercase, digits
from typing import Final

import msgspec

# Browsers cap a cookie's life at 400 days; a longer promise would only be a wrong one.
MAX_AGE_S: Final = 400 * 86_400

# A browser sends a name twice at most now and then; whoever sends it more often gets no more of our time.
MAX_SAME_NAME: Final = 8

_HOST: Final = "__Host-cr-"
_SECURE: Final = "__Secure-cr-"
_PLAIN: Final = "cr-"
_ID_LENGTH: Final = 40
_ID_CHARACTERS: Final = f"{ascii_lowercase}{digits}_-"
_DOMAIN_CHARACTERS: Final = f"{ascii_letters}{digits}.-"


class ProgramCookie(msgspec.Struct, frozen=True):
    """What stays the same in all cookies of a program: made once, not per click. `tail` is all after the value."""

    program_id: str
    name: str
    window_s: int
    tail: str


def describe_cookie(program_id: str, window_s: int, *, https: bool, domain: str | None = None) -> ProgramCookie:
    """Describe a program's cookie; `https` is whether the public URL is, never whether a request was.

    A window of more than 400 days becomes 400. Raises ValueError for a program id, window or domain that cannot be.
    """
    window_s = min(window_s, MAX_AGE_S)
    if window_s <= 0:
        raise ValueError("A cookie's window must be longer than nothing")
    if domain is not None and (not domain or domain.strip(_DOMAIN_CHARACTERS)):
        raise ValueError(f"Not a cookie domain: {domain!r}")
    name = cookie_name(program_id, https=https, domain=domain)
    attributes = [f"Max-Age={window_s}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if https:
        attributes.append("Secure")
    if domain:
        attributes.append(f"Domain={domain}")
    return ProgramCookie(program_id, name, window_s, "".join(f"; {attribute}" for attribute in attributes))


def cookie_name(program_id: str, *, https: bool, domain: str | None = None) -> str:
    """Name a program's cookie. Raises ValueError when the program id is not `[a-z0-9_-]{1,40}`."""
    if not 1 <= len(program_id) <= _ID_LENGTH or program_id.strip(_ID_CHARACTERS):
        raise ValueError(f"Not a program id: {program_id!r}")
    if not https:
        return _PLAIN + program_id
    return (_SECURE if domain else _HOST) + program_id


def find_program(name: str) -> str | None:
    """Say which program a cookie is of, by its name; None when it is none of ours."""
    for prefix in (_HOST, _SECURE, _PLAIN):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return None


def set_cookie(cookie: ProgramCookie, value: str) -> str:
    """Write the value of a Set-Cookie header."""
    return f"{cookie.name}={value}{cookie.tail}"


def find_cookies(header_lines: Iterable[str], name: str) -> list[str]:
    """Find every value of the cookie `name` in a request's Cookie lines, in their order, at most eight.

    The lines may be any text. Nothing is decoded: our values need no quotes and no escapes.
    """
    found: list[str] = []
    for line in header_lines:
        if name not in line:
            continue
        for pair in line.split(";"):
            key, equals, value = pair.partition("=")
            if equals and key.strip(" \t") == name:
                found.append(value.strip(" \t"))
    return found[:MAX_SAME_NAME]
