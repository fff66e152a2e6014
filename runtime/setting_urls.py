"""URLs in settings, checked before any library reads them. Pure.

A reason never quotes the URL: if the password holds an unencoded character, any part of the URL may belong to it.
"""

import re
from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final
from urllib.parse import unquote, unquote_to_bytes

import msgspec

HIGHEST_PORT: Final = 65_535
LONGEST_HOST: Final = 253

PRINTABLE: Final = re.compile(r"[!-~]+")
"""The characters of a URL: printable ASCII without the space (RFC 3986)."""
BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
SPLIT: Final = re.compile(r"(?P<authority>[^/?]*)(?P<path>[^?]*)(\?(?P<query>.*))?", re.DOTALL)
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(:(?P<port>.*))?", re.DOTALL)

ENCODE: Final = "write : / ? # [ ] @ and % of a user name or password as %3A %2F %3F %23 %5B %5D %40 %25"


class UrlProblem(msgspec.Struct, frozen=True):
    """Why a text is not the expected URL. The reason shows nothing of the text."""

    reason: str


class HostPort(msgspec.Struct, frozen=True):
    """A host, decoded and without brackets, or a socket's path, which begins with `/`; and the port."""

    host: str
    port: int | None


class Url(msgspec.Struct, frozen=True):
    """The decoded parts of a URL. `path` is without its first `/`."""

    scheme: str
    hosts: tuple[HostPort, ...]
    path: str
    options: Mapping[str, str]


def read_url(text: str) -> Url | UrlProblem:
    """Read `scheme://user:password@host:port,host:port/path?name=value&name=value`; only the scheme is required."""
    scheme, found, rest = text.partition("://")
    match = SPLIT.fullmatch(rest)
    if not found or match is None or not SCHEME.fullmatch(scheme):
        return UrlProblem("not a URL")
    query = match["query"] or ""
    user, _, hosts = match["authority"].rpartition("@")
    problem = find_problem(text, user, match["path"] + query) or find_host_problem(hosts)
    options = read_options(query)
    if problem is not None:
        return UrlProblem(problem)
    if isinstance(options, UrlProblem):
        return options
    return Url(scheme.lower(), read_hosts(hosts), unquote(match["path"].removeprefix("/")), options)


def find_problem(text: str, user: str, after_hosts: str) -> str | None:
    """Return what is wrong with the characters of a URL, or None."""
    if not PRINTABLE.fullmatch(text):
        return f"it contains a character that must be percent-encoded: a space is %20; {ENCODE}"
    if "#" in text or "@" in user + after_hosts or "[" in user or "]" in user:
        return f"it contains a character that must be percent-encoded: {ENCODE}"
    if BAD_ESCAPE.search(text):
        return f"a % is not followed by two hexadecimal digits: {ENCODE}"
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return "its percent-encoded bytes are not UTF-8"
    return "it contains %00" if "\0" in decoded else None


def read_options(query: str) -> dict[str, str] | UrlProblem:
    """Read `name=value&name=value`. Each name may occur once."""
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        if not equals or not NAME.fullmatch(name):
            return UrlProblem(f"after the ? it needs options as name=value&name=value; {ENCODE}")
        if name in options:
            return UrlProblem("an option is given twice")
        options[name] = unquote(value.replace("+", " "))
    return options


def find_host_problem(hosts: str) -> str | None:
    """Return what is wrong with the `host:port,host:port` of a URL, or None. No host at all is allowed."""
    if "," in hosts and "[" in hosts:
        return "an IPv6 address must be the only host: name several hosts by their names"
    for part in hosts.split(",") if hosts else ():
        match = HOST_AND_PORT.fullmatch(part)
        if match is None or not is_host(unquote(match["host"])):
            return f"the host is not a name or an address; {ENCODE}"
        if match["port"] and not is_port(match["port"]):
            return f"the port is not a number from 1 to {HIGHEST_PORT}; {ENCODE}"
    return None


def read_hosts(hosts: str) -> tuple[HostPort, ...]:
    found = [HOST_AND_PORT.fullmatch(part) for part in hosts.split(",") if part]
    return tuple(
        HostPort(unquote(match["host"]).strip("[]"), int(match["port"]) if match["port"] else None)
        for match in found
        if match is not None
    )


def is_host(host: str) -> bool:
    """Return whether a host is valid: a name, an address, an IPv6 address in brackets, or the path of a socket."""
    if host.startswith("/"):
        return True
    if host.startswith("[") and host.endswith("]"):
        return is_address(IPv6Address, host[1:-1])
    labels = host.removesuffix(".").split(".")
    if not host or len(host) > LONGEST_HOST or not all(map(LABEL.fullmatch, labels)):
        return False
    # A host whose last label is a number must be an IPv4 address: clients read it as one.
    return is_address(IPv4Address, host) if labels[-1].isdigit() else True


def is_address(kind: type[IPv4Address | IPv6Address], text: str) -> bool:
    try:
        kind(text)
    except AddressValueError:
        return False
    return "%" not in text


def is_port(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and 0 < int(text) <= HIGHEST_PORT


def find_web_problem(text: str) -> str | None:
    """Return why a text is not an http or https URL with a host and no user name, or None."""
    match = re.fullmatch(r"https?://([^/?#]*).*", text, re.IGNORECASE)
    if match is None:
        return "it does not begin with http:// or https://"
    if not PRINTABLE.fullmatch(text):
        return "it contains a character that must be percent-encoded: a space is %20"
    if "@" in match[1]:
        return "it contains a user name or password: remove them"
    if not match[1] or match[1].startswith("%2F") or "," in match[1]:
        return "it must name exactly one host"
    return find_host_problem(match[1])


def find_origin_problem(text: str) -> str | None:
    """Return why a text is not an http or https URL that ends after its host or port, or None."""
    problem = find_web_problem(text)
    if problem is None and re.search(r"[/?#]", text.partition("://")[2]):
        return "it must end after the host or the port: remove the / and all that follows"
    return problem
