"""The click cookie in HTTP: its name, the Set-Cookie header, and finding it in Cookie headers."""

from collections.abc import Iterable
from string import ascii_letters, ascii_lowercase, digits
from typing import Final

import msgspec

# Browsers limit a cookie's lifetime to 400 days.
MAX_AGE_S: Final = 400 * 86_400

# A browser rarely sends a name even twice. The limit bounds the work for hostile requests.
MAX_SAME_NAME: Final = 8

_HOST: Final = "__Host-cr-"
_SECURE: Final = "__Secure-cr-"
_PLAIN: Final = "cr-"
_ID_LENGTH: Final = 40
_ID_CHARACTERS: Final = f"{ascii_lowercase}{digits}_-"
_DOMAIN_CHARACTERS: Final = f"{ascii_letters}{digits}.-"


class ProgramCookie(msgspec.Struct, frozen=True):
    """The constant parts of a program's cookie, made once per program. `attributes` are all but Max-Age."""

    program_id: str
    name: str
    window_s: int
    attributes: str


def describe_cookie(program_id: str, window_s: int, *, https: bool, domain: str | None = None) -> ProgramCookie:
    """Describe a program's cookie. `https` depends on the public URL, never on a request.

    A window of more than 400 days becomes 400. Raises ValueError for an invalid program id, window or domain.
    """
    window_s = min(window_s, MAX_AGE_S)
    if window_s <= 0:
        raise ValueError("A cookie's window must be longer than 0 s")
    if domain is not None and (not domain or domain.strip(_DOMAIN_CHARACTERS)):
        raise ValueError(f"Not a cookie domain: {domain!r}")
    name = cookie_name(program_id, https=https, domain=domain)
    attributes = ["Path=/", "HttpOnly", "SameSite=Lax"]
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
    """Return the program of a cookie by its name; None when it is not a click cookie."""
    for prefix in (_HOST, _SECURE, _PLAIN):
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return None


def set_cookie(cookie: ProgramCookie, value: str, lifetime_s: int) -> str:
    """Write the value of a Set-Cookie header. The browser drops the cookie after `lifetime_s`."""
    return f"{cookie.name}={value}; Max-Age={lifetime_s}{cookie.attributes}"


def find_cookies(header_lines: Iterable[str], name: str) -> list[str]:
    """Find the values of the cookie `name` in a request's Cookie lines, in order, at most eight.

    The lines may be any text. Nothing is decoded: our values contain no quotes or escapes.
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
