"""Checks of target URLs. A stored URL is sent to visitors byte for byte, so anything doubtful is refused here."""

import re
from typing import Final
from urllib.parse import quote

import msgspec

from urls.hosts import find_host_problem, is_host

TARGET_CAP: Final = 2048

SAFE_CHARACTERS: Final = re.compile(rf"[!-\[\]-~]{{1,{TARGET_CAP}}}")
"""Printable ASCII without the space and the backslash."""
SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
AUTHORITY: Final = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
PORT: Final = re.compile(r"[1-9][0-9]{0,4}").fullmatch
HIGHEST_PORT: Final = 65_535

MACROS: Final = (
    "click_id",
    "click_token",
    "code",
    "affiliate_id",
    "program_id",
    "sub1",
    "sub2",
    "sub3",
    "sub4",
    "sub5",
    "external_id",
)
"""The macros of a target: `{click_id}` is replaced by the click's value."""
CLICK_MACROS: Final = frozenset({"click_id", "click_token"})
MACRO_PATTERN: Final = re.compile(r"\{([A-Za-z0-9_.-]+)\}")


class TargetProblem(msgspec.Struct, frozen=True):
    """Why a URL cannot be a target: a sentence for the person who typed it."""

    reason: str


def check_target(url: str) -> str | TargetProblem:
    """Return the URL unchanged, or why it cannot be a target.

    Accepted: http or https, a host that browsers accept (no user info), an optional port, then any printable ASCII
    except the backslash, at most 2,048 characters.
    """
    problem = find_problem(url) or find_address_problem(url)
    return TargetProblem(problem) if problem else url


def is_safe_target(url: str) -> bool:
    """Return whether a stored URL may be sent to visitors: older targets keep working, even if browsers refuse them.

    A safe URL cannot break out of a header, and no client can read another host from it.
    """
    return find_problem(url) is None


def find_problem(url: str) -> str | None:
    return find_character_problem(url) or find_scheme_problem(url) or find_authority_problem(url)


def check_new_target(url: str) -> str | TargetProblem:
    """Return a URL to be stored unchanged, or why not: it cannot be a target, or has an unknown macro.

    Only new targets are checked for macros: an older target keeps its braces.
    """
    checked = check_target(url)
    macro = find_unknown_macro(url)
    if macro is None or checked != url:
        return checked
    known = ", ".join(f"{{{name}}}" for name in MACROS)
    return TargetProblem(
        f"there is no macro {{{macro}}}, only {known}; braces that are no macro are written %7B and %7D"
    )


def find_unknown_macro(url: str) -> str | None:
    return next((name for name in MACRO_PATTERN.findall(url) if name not in MACROS), None)


def find_macros(url: str) -> set[str]:
    return {name for name in MACRO_PATTERN.findall(url) if name in MACROS}


def find_character_problem(url: str) -> str | None:
    if SAFE_CHARACTERS.fullmatch(url):
        return None
    if not 0 < len(url) <= TARGET_CAP:
        return f"a target has 1 to {TARGET_CAP} characters; this one has {len(url)}"
    if any(character.isspace() for character in url):
        return "a target holds no white space: write %20"
    if any(character < " " or character == "\x7f" for character in url):
        return "a target holds no control characters"
    if "\\" in url:
        return "a target holds no backslash: write / or %5C"
    # All other ASCII is handled above.
    return f"a target is ASCII: percent-encode it{suggest_ascii(url)}"


def suggest_ascii(url: str) -> str:
    # Percent-encoding would change a host, and a lone surrogate cannot be encoded.
    authority = AUTHORITY.match(url)
    if authority and not authority[1].isascii():
        return ", and write the host in its xn-- form"
    try:
        return f", as in {quote(url, safe=':/?#[]@!$&()*+,;=%~{}')}"
    except UnicodeEncodeError:
        return ""


def find_scheme_problem(url: str) -> str | None:
    if AUTHORITY.match(url):
        return None
    scheme = SCHEME.match(url)
    if scheme and scheme[1].lower() in ("http", "https"):
        return f"a target needs a host: {scheme[1].lower()}:// and then the host"
    return "a target starts with http:// or https://"


def find_address_problem(url: str) -> str | None:
    """Return why browsers refuse the host or port of a URL by the URL standard, or None.

    The tables' function `is_target_url()` checks the same, except for the characters in Punycode.
    """
    authority = AUTHORITY.match(url)
    host, port = split_port(authority[1] if authority else "")
    if port is not None and not PORT(port):
        return "a port is a number from 1 to 65535, without zeros in front"
    return None if host.startswith("[") else find_host_problem(host)


def find_authority_problem(url: str) -> str | None:
    authority = AUTHORITY.match(url)
    if authority is None or not authority[1]:
        return "a target needs a host"
    if "@" in authority[1]:
        return "a target holds no user name or password before its host"
    host, port = split_port(authority[1])
    if not host:
        return "a target needs a host"
    if not is_host(host):
        return f"{authority[1]} is not a host name or address"
    if port is not None and not (port.isdecimal() and 0 < int(port) <= HIGHEST_PORT):
        return "a port is a number from 1 to 65535"
    return None


def split_port(authority: str) -> tuple[str, str | None]:
    host, colon, port = authority.rpartition(":")
    if not colon or (authority.startswith("[") and authority.endswith("]")):
        return authority, None
    return host, port
