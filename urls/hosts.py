"""Hosts of URLs: which of them a browser accepts, by the host parser of the URL standard (WHATWG). Pure."""

import re
import unicodedata
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import unquote_to_bytes

import idna

HOST: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]+)|\[(?P<address>[0-9A-Fa-f:.]+)\]")
LABEL: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
LONGEST: Final = 253
"""The longest DNS name."""

NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*").fullmatch
OCTET: Final = re.compile(r"0|[1-9][0-9]{0,2}").fullmatch
OCTETS: Final = 4
HIGHEST_OCTET: Final = 255

PUNYCODE: Final = "xn--"
IN_ASCII: Final = re.compile(r"[a-z0-9.-]+").fullmatch
JOINERS: Final = "\u200c\u200d"


def is_host(host: str) -> bool:
    """Return whether a text looks like a host name, or an address in brackets; `find_host_problem` checks more."""
    match = HOST.fullmatch(host)
    if match is None or len(host) > LONGEST:
        return False
    if match["address"]:
        return is_ipv6(match["address"])
    return all(LABEL.fullmatch(label) for label in labels_of(host))


def find_host_problem(host: str) -> str | None:
    """Return why browsers reject a host that passed `is_host`, or None."""
    labels = labels_of(host)
    if NUMBER(labels[-1]) and not is_ipv4(labels):
        return f"{host} ends in a number, and is no address of four numbers from 0 to 255"
    wrong = next((label for label in labels if label[:4].lower() == PUNYCODE and not is_punycode(label)), None)
    return None if wrong is None else f"{wrong} is no valid Punycode, so no browser can look the host up"


def labels_of(host: str) -> list[str]:
    return host.removesuffix(".").split(".")


def is_ipv4(labels: list[str]) -> bool:
    """Return whether labels are a plain IPv4 address: browsers read `010.0.0.1` as octal, so it is not one."""
    return len(labels) == OCTETS and all(OCTET(label) and int(label) <= HIGHEST_OCTET for label in labels)


def is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def is_punycode(label: str) -> bool:
    """Return whether a label that begins with `xn--` is valid Punycode, by RFC 3492 and UTS 46."""
    text = decode_punycode(label[len(PUNYCODE) :].lower())
    if text is None or text.isascii() or text.startswith(PUNYCODE) or unicodedata.category(text[0]).startswith("M"):
        return False
    try:
        joined = all(idna.valid_contextj(text, place) for place, one in enumerate(text) if one in JOINERS)
        return joined and idna.uts46_remap(text, std3_rules=False) == text and idna.check_bidi(text)
    except idna.IDNAError:
        return False


def decode_punycode(encoded: str) -> str | None:
    """Decode the part after `xn--`; None when it is not Punycode."""
    # RFC 3492, 6.2 forbids a delimiter at the start. Python's codec ignores it.
    if encoded.rfind("-") == 0:
        return None
    try:
        text = encoded.encode("ascii").decode("punycode")
    except UnicodeError:
        return None
    return None if any("\ud800" <= one <= "\udfff" for one in text) else text


def to_ascii(host: str) -> str | None:
    """Return a host name in lower case and Punycode (`xn--...`), as a browser reads it; None when it is invalid.

    It may be percent-encoded, in capitals, or with full stops of other scripts (UTS 46, not transitional: `faß.de` is
    not `fass.de`). Registration rules are not checked: the result is only compared with a list.
    """
    try:
        mapped = idna.uts46_remap(unquote_to_bytes(host).decode())
        name = ".".join(map(encode_label, mapped.split(".")))
    except (UnicodeError, idna.IDNAError):
        return None
    return name if IN_ASCII(name) else None


def to_stored_host(host: str) -> str:
    """Return a host, or `*.` and a host, of a program's settings as it is stored: in Punycode if it is not ASCII.

    Anything else is returned unchanged, even an invalid host: the tables refuse that.
    """
    wildcard, name = ("*.", host[2:]) if host.startswith("*.") else ("", host)
    in_punycode = None if name.isascii() or "%" in name else to_ascii(name)
    return host if in_punycode is None else wildcard + in_punycode


def encode_label(label: str) -> str:
    return label if label.isascii() else PUNYCODE + label.encode("punycode").decode()
