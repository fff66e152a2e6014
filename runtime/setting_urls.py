"""URLs in settings, read by us before any library reads them. Pure.

A reason never quotes the URL: with a character that was not percent-encoded, any part of it may be of the password.
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
"""ASCII without the space: what a URL is made of (RFC 3986)."""
BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
SPLIT: Final = re.compile(r"(?P<authority>[^/?]*)(?P<path>[^?]*)(\?(?P<query>.*))?", re.DOTALL)
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(:(?P<port>.*))?", re.DOTALL)

ENCODE: Final = "write : / ? # [ ] @ and % of a user name or password as %3A %2F %3F %23 %5B %5D %40 %25"


class UrlProblem(msgspec.Struct, frozen=True):
    """Why a text is not the URL it should be: a sentence that shows nothing of it."""

    reason: str


class HostPort(msgspec.Struct, frozen=True):
    """A host, decoded and without brackets (or the path of a socket, which begins with `/`), and its port."""

    host: str
    port: int | None


class Url(msgspec.Struct, frozen=True):
    """A URL in its parts, decoded. `path` is without its first `/`."""

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


def find_problem(text: str, user: str, behind_hosts: str) -> str | None:
    """Say what is wrong with the characters of a URL, if anything."""
    if not PRINTABLE.fullmatch(text):
        return f"it holds a character that must be percent-encoded: a space is %20; {ENCODE}"
    if "#" in text or "@" in user + behind_hosts or "[" in user or "]" in user:
        return f"it holds a character that must be percent-encoded: {ENCODE}"
    if BAD_ESCAPE.search(text):
        return f"a % is not followed by two hexadecimal digits: {ENCODE}"
    try:
        decoded = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        return "what is percent-encoded in it is not UTF-8"
    return "it holds %00" if "\0" in decoded else None


def read_options(query: str) -> dict[str, str] | UrlProblem:
    """Read `name=value&name=value`. A name may stand there once."""
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, equals, value = part.partition("=")
        if not equals or not NAME.fullmatch(name):
            return UrlProblem(f"behind the ? stand options, as name=value&name=value; {ENCODE}")
        if name in options:
            return UrlProblem("an option stands in it twice")
        options[name] = unquote(value.replace("+", " "))
    return options


def find_host_problem(hosts: str) -> str | None:
    """Say what is wrong with `host:port,host:port` of a URL, if anything. None at all is nothing wrong."""
    if "," in hosts and "[" in hosts:
        return "an IPv6 address stands alone in it, or several hosts do by their names"
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
    """Tell whether a host can exist: a name, an address, an IPv6 address in brackets, or the path of a socket."""
    if host.startswith("/"):
        return True
    if host.startswith("[") and host.endswith("]"):
        return is_address(IPv6Address, host[1:-1])
    labels = host.removesuffix(".").split(".")
    if not host or len(host) > LONGEST_HOST or not all(map(LABEL.fullmatch, labels)):
        return False
    # A name whose last label is a number is taken for an IPv4 address, and must be one.
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
    """Say why a text is no http or https URL with a host and without a user name, if it is none."""
    match = re.fullmatch(r"https?://([^/?#]*).*", text, re.IGNORECASE)
    if match is None:
        return "it does not begin with http:// or https://"
    if not PRINTABLE.fullmatch(text):
        return "it holds a character that must be percent-encoded: a space is %20"
    if "@" in match[1]:
        return "it holds a user name or password"
    if not match[1] or match[1].startswith("%2F") or "," in match[1]:
        return "it needs one host"
    return find_host_problem(match[1])


def find_origin_problem(text: str) -> str | None:
    """Say why a text is no http or https URL that ends with its host or port, if it is none."""
    problem = find_web_problem(text)
    if problem is None and re.search(r"[/?#]", text.partition("://")[2]):
        return "it ends with the host or the port, without even a / after it"
    return problem
