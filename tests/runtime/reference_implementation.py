"""An independent, slow implementation of Forwarded and X-Forwarded-For, one character at a time, for comparison."""

import string
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address

WORD = set("!#$%&'*+-.^_`|~" + string.digits + string.ascii_letters)
OBFUSCATED = set("._-" + string.digits + string.ascii_letters)


def read_last_element(text: str) -> tuple[str | None, list[tuple[str, str]]] | None:
    """Return the text left of the last element (None: nothing) and its pairs; None when there is no valid element."""
    for start in range(len(text), -1, -1):
        if start == 0 or text[start - 1] == ",":
            pairs = read_pairs(text[start:])
            if pairs is not None:
                return (text[: start - 1] if start else None), pairs
    return None


def read_pairs(text: str) -> list[tuple[str, str]] | None:
    pairs = []
    at = skip_blanks(text, 0)
    while True:
        if at < len(text) and text[at] in WORD:
            end = skip_word(text, at)
            if end == len(text) or text[end] != "=":
                return None
            name, at = text[at:end].lower(), end + 1
            value, at = read_quoted(text, at + 1) if text[at : at + 1] == '"' else read_word(text, at)
            if value is None:
                return None
            pairs.append((name, value))
        at = skip_blanks(text, at)
        if at == len(text):
            return pairs
        if text[at] != ";":
            return None
        at = skip_blanks(text, at + 1)


def skip_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t":
        at += 1
    return at


def skip_word(text: str, at: int) -> int:
    while at < len(text) and text[at] in WORD:
        at += 1
    return at


def read_word(text: str, at: int) -> tuple[str | None, int]:
    end = skip_word(text, at)
    return text[at:end] or None, end


def read_quoted(text: str, at: int) -> tuple[str | None, int]:
    value = ""
    while at < len(text):
        character = text[at]
        if character == '"':
            return value, at + 1
        if character == "\\":
            at += 1
            character = text[at : at + 1]
        if character == "" or (character != "\t" and ord(character) < 32) or ord(character) == 127:
            return None, at
        value += character
        at += 1
    return None, at


def read_address(node: str) -> Address | None:
    """Read a node of Forwarded: an IPv4 address, or an IPv6 address in brackets, and perhaps a port."""
    if node.startswith("["):
        inner, closed, port = node[1:].partition("]")
        kind: type[Address] = IPv6Address
        if not closed or (port and not port.startswith(":")) or "%" in inner:
            return None
        port = port[1:] if port else "0"
    else:
        inner, colon, port = node.partition(":")
        kind = IPv4Address
        port = port if colon else "0"
    digits = port.isascii() and port.isdigit() and len(port) <= 5
    if not digits and not (port[:1] == "_" and port[1:] and set(port) <= OBFUSCATED):
        return None
    try:
        address = kind(inner)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def find_client(peer: Address, trusted: set[Address], lines: Sequence[str]) -> Address:
    """Walk the elements of Forwarded from the right, while their writers are trusted."""
    client, text = peer, ",".join(lines) if lines else None
    while client in trusted and text is not None:
        found = read_last_element(text)
        if found is None:
            break
        left, pairs = found
        element, text = text if left is None else text[len(left) + 1 :], left
        if not element.strip(" \t"):
            continue
        nodes = [value for name, value in pairs if name == "for"]
        address = read_address(nodes[0]) if len(nodes) == 1 else None
        if address is None:
            break
        client = address
    return client


def find_plain_client(peer: Address, trusted: set[Address], lines: Sequence[str]) -> Address:
    """Do the same for X-Forwarded-For, whose entries are plain addresses."""
    client = peer
    entries = [entry for line in lines for entry in line.split(",")]
    while client in trusted and entries:
        entry = entries.pop()
        if not entry.strip(" \t"):
            continue
        entry = entry.strip()
        bare = entry.count(":") > 1 and not entry.startswith("[")
        address = read_address(f"[{entry}]" if bare else entry)
        if address is None:
            break
        client = address
    return client
