"""Reads HTML forms: URL-encoded UTF-8, whatever charset the sender declares."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

URLENCODED: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 400


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Read a form; of repeated names, use the first.

    Raises HTTPUnsupportedMediaType for another content type, HTTPBadRequest for an unreadable body, and
    HTTPRequestEntityTooLarge. aiohttp's `post()` is not used: it raises LookupError for an unknown charset, and
    ValueError or AssertionError for an invalid multipart body.
    """
    return dict(reversed(await read_pairs(request)))


async def read_pairs(request: web.Request) -> list[tuple[str, str]]:
    """Read the fields of a form in their order, repeated names too. Raises as `read_form`."""
    content_type = request.headers.get(hdrs.CONTENT_TYPE, URLENCODED).partition(";")[0].strip().lower()
    if content_type != URLENCODED:
        raise web.HTTPUnsupportedMediaType(text=f"Send forms as {URLENCODED}.")
    try:
        return parse_pairs(await request.read())
    except (HttpProcessingError, ValueError) as error:
        raise web.HTTPBadRequest(text="This form cannot be read.") from error


def parse_pairs(body: bytes) -> list[tuple[str, str]]:
    """Read the fields. Our pages declare UTF-8; invalid bytes become U+FFFD.

    Raises ValueError for more than MOST_FIELDS.
    """
    text = body.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
