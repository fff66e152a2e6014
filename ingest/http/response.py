"""Responses and their bytes. Pure.

A redirect has no body and always the same few header fields, so it is rendered here. aiohttp would build, check and
render a table of headers, which costs a third of a bare redirect (docs/performance.md).
"""

from typing import Final

import msgspec

RETRY_AFTER_S: Final = 5
PAGE: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;"
    "padding:0 1rem}}</style>{script}<h1>{title}</h1><p>{text}</p></html>"
)
RELOAD: Final = (
    "<script>if(performance.getEntriesByType('navigation')[0]?.type!=='reload')"
    "setTimeout(()=>location.reload(),1000+2000*Math.random())</script>"
)
"""Follows the link once more after 1 to 3 s. Its referrer is then the link itself: browsers allow no other."""
PAGES: Final = {
    400: ("Bad Request", "Bad request", "This could not be read as a request."),
    404: ("Not Found", "Link not found", "This link leads nowhere. Please check it for typing errors."),
    405: ("Method Not Allowed", "Method not allowed", "Links are followed with GET."),
    429: ("Too Many Requests", "Too many requests", "This link was followed too often. Please wait a moment."),
    431: ("Request Header Fields Too Large", "Too much", "The header fields of this request are too large."),
    500: ("Internal Server Error", "Something went wrong", "This is our fault. Please try again."),
    503: ("Service Unavailable", "One moment", "This link cannot be followed right now. Please try again shortly."),
}
"""Reason phrase, title and text by status."""
FIELDS: Final = {
    405: "Allow: GET, HEAD\r\n",
    429: "Retry-After: {retry_after_s}\r\n",
    503: "Retry-After: {retry_after_s}\r\n",
}
CLOSING_STATUSES: Final = frozenset({400, 405, 431, 500})
"""Statuses after which the connection closes: the bytes that follow may not be a request."""
REDIRECT_CAP: Final = 4000
"""Default limit for the bytes of a redirect's head: nginx with its default buffers answers 502 above 4,096."""


ACCEPT_CH: Final = "Accept-CH: Sec-CH-UA-Model, Sec-CH-UA-Platform-Version\r\n"
"""Asks the browser for more client hints with its next requests. Critical-CH would make it repeat this one."""


class Response(msgspec.Struct, frozen=True, gc=False):
    """`head` is the status line and header fields, without Date and Connection. `closes` ends the connection."""

    head: str
    body: bytes = b""
    closes: bool = False

    @property
    def status(self) -> int:
        return int(self.head[9:12])

    def render(self, date: str, connection: str, *, has_body: bool) -> bytes:
        """Give the bytes. `connection` is empty or a whole header line including CRLF."""
        head = f"{self.head}Date: {date}\r\n{connection}\r\n".encode("ascii")
        return head + self.body if has_body and self.body else head


def redirect_to(location: str, set_cookie: str | None = None, fields: str = "") -> Response:
    """Make a 302. `fields` are further header lines, each with its CRLF.

    Raises ValueError when the location is not printable ASCII: it could break out of its header line.
    """
    if not (location.isascii() and location.isprintable()):
        raise ValueError("a Location must be printable ASCII")
    cookie = "" if set_cookie is None else f"Set-Cookie: {set_cookie}\r\n"
    return Response(
        f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n{cookie}{fields}Cache-Control: no-store\r\n"
        "Content-Length: 0\r\n"
    )


def compute_location_cap(cap: int) -> int:
    """Give the longest Location plus Set-Cookie, in characters, for a head of at most `cap` bytes."""
    frame = redirect_to("", "").render("Thu, 01 Jan 1970 00:00:00 GMT", "Connection: keep-alive\r\n", has_body=False)
    return cap - len(frame)


def make_page(status: int, retry_after_s: int = RETRY_AFTER_S, script: str = "") -> Response:
    """Make an HTML page that says why there is no redirect."""
    phrase, title, text = PAGES[status]
    body = PAGE.format(title=title, text=text, script=script).encode()
    fields = FIELDS.get(status, "").format(retry_after_s=retry_after_s)
    head = (
        f"HTTP/1.1 {status} {phrase}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\n{fields}"
    )
    return Response(head, body, status in CLOSING_STATUSES)


OVERLOADED: Final = make_page(503, retry_after_s=1, script=RELOAD)
"""To a visitor who would wait too long. Their browser follows the link again."""


def without_body(response: Response) -> Response:
    """Make the response to HEAD: the same header fields without a body."""
    return Response(response.head, closes=response.closes)
