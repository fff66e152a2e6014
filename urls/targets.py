"""What a visitor may be sent to. A stored URL is sent back byte for byte, so everything doubtful is refused here."""

import re
from typing import Final
from urllib.parse import quote

import msgspec

from urls.hosts import find_host_problem, is_host

TARGET_CAP: Final = 2048

SAFE_CHARACTERS: Final = re.compile(rf"[!-\[\]-~]{{1,{TARGET_CAP}}}")
"""Printable ASCII but the space and the backslash."""
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
"""What may stand in a target in braces, for a value of the click."""
CLICK_MACROS: Final = frozenset({"click_id", "click_token"})
MACRO_PATTERN: Final = re.compile(r"\{([A-Za-z0-9_.-]+)\}")


class TargetProblem(msgspec.Struct, frozen=True):
    """Why a URL is no target: a sentence for whoever typed it."""

    reason: str


def check_target(url: str) -> str | TargetProblem:
    """Give the URL as it is, or why visitors cannot be sent there.

    Accepted: http or https, a host that browsers can go to (no user info), an optional port, then any printable ASCII
    but the backslash, 2,048 characters in all.
    """
    problem = find_problem(url) or find_address_problem(url)
    return TargetProblem(problem) if problem else url


def is_safe_target(url: str) -> bool:
    """Whether a stored URL may be sent to visitors: what was a target once goes on, though browsers may refuse it.

    Nothing in it can break out of a header, or be taken for another host by anybody.
    """
    return find_problem(url) is None


def find_problem(url: str) -> str | None:
    return find_character_problem(url) or find_scheme_problem(url) or find_authority_problem(url)


def check_new_target(url: str) -> str | TargetProblem:
    """Give a URL that is to be stored as it is, or why it cannot be: no target, or with a macro that there is not.

    Only what is new is looked at for macros: a target from before this rule goes on, its braces as they stand.
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
    # Of ASCII there is nothing else.
    return f"a target is ASCII: percent-encode it{suggest_ascii(url)}"


def suggest_ascii(url: str) -> str:
    # A host is not percent-encoded (that would be another host), and a lone surrogate has no bytes to encode.
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
    """Say why browsers cannot follow a URL whose characters are in order: the URL standard's rules of hosts and ports.

    The tables' `is_target_url()` says the same, but for the characters that Punycode stands for.
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
