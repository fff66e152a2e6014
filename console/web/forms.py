"""What a form sent: the fields of an ordinary HTML form, whatever its sender says about their encoding."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

URLENCODED: Final = "application/x-www-form-urlencoded"
MOST_FIELDS: Final = 20


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Read the fields of a form, the first of each name.

    Raises HTTPUnsupportedMediaType for a body that is no such form, HTTPBadRequest for one that cannot be read, and
    HTTPRequestEntityTooLarge. aiohttp's own `post()` raises LookupError for a charset it does not know, ValueError and
    AssertionError for a multipart body that is none.
    """
    content_type = request.headers.get(hdrs.CONTENT_TYPE, URLENCODED).partition(";")[0].strip().lower()
    if content_type != URLENCODED:
        raise web.HTTPUnsupportedMediaType(text=f"A form is sent as {URLENCODED}.")
    try:
        return parse_form(await request.read())
    except (HttpProcessingError, ValueError) as error:
        raise web.HTTPBadRequest(text="This form cannot be read.") from error


def parse_form(body: bytes) -> dict[str, str]:
    """Read the fields. HTML forms are UTF-8 (the page says so): what is none stands as U+FFFD.

    Raises ValueError for more than MOST_FIELDS.
    """
    text = body.decode("utf-8", "replace")
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    return dict(reversed(pairs))
