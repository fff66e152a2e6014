"""Encodes requests and decodes the head of answers, HTTP/1.1. Pure."""

from typing import Final

import msgspec

from simulate.planned import Planned

END: Final = b"\r\n\r\n"
MAX_HEAD: Final = 65_536
LENGTHLESS: Final = frozenset({204, 304})


class Head(msgspec.Struct, frozen=True):
    """The head of an answer: its `size`, and the size of the `body`, None if the head has no length."""

    status: int
    location: str | None
    set_cookies: tuple[str, ...]
    size: int
    body: int | None
    closes: bool


class Unreadable(msgspec.Struct, frozen=True):
    """Why bytes are not an HTTP/1.1 answer."""

    reason: str


def write_request(planned: Planned, host: str, cookie: str | None = None) -> bytes:
    """Encode a request to `host` (as in `127.0.0.1:8080`), with a Cookie line if there are cookies."""
    lines = [f"{planned.method} {planned.path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in planned.headers]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if planned.method not in {"GET", "HEAD"}:
        lines.append("Content-Length: 0")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def read_head(received: bytes | bytearray, method: str) -> Head | Unreadable | None:
    """Decode the head of the answer to a `method` request; None until it is complete."""
    size = received.find(END) + len(END)
    if size < len(END):
        return Unreadable("a head without an end") if len(received) > MAX_HEAD else None
    first, *lines = bytes(received[: size - len(END)]).decode("utf-8", "replace").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        return Unreadable("no status line")
    return read_fields(int(rest[:3]), lines, Head(0, None, (), size, None, version == "HTTP/1.0"), method)


def read_fields(status: int, lines: list[str], empty: Head, method: str) -> Head | Unreadable:
    location, cookies, length, closes, chunked = None, [], None, empty.closes, False
    for line in lines:
        name, _, value = line.partition(":")
        value = value.strip(" \t")
        match name.lower():
            case "location":
                location = value
            case "set-cookie":
                cookies.append(value)
            case "content-length":
                length = value
            case "connection":
                closes = value.lower() == "close"
            case "transfer-encoding":
                chunked = True
    if length is not None and not (length.isascii() and length.isdecimal()):
        return Unreadable("a length that is no number")
    bodiless = method == "HEAD" or status in LENGTHLESS or status < 200  # noqa: PLR2004 - 1xx: another head follows
    body = 0 if bodiless else None if chunked or length is None else int(length)
    return Head(status, location, tuple(cookies), empty.size, body, closes)
