"""Asks the provider, and reads what it answers: with a deadline, up to a size, without following it elsewhere."""

from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import msgspec

from runtime.errors import DependencyAway

DEADLINE_S: Final = 5.0
LARGEST: Final = 256 * 1024
"""Bytes of an answer. Those of large providers have some 2 KiB, and their keys 10."""
PLAIN: Final = {"Accept": "application/json", "Accept-Encoding": "identity"}
FIRST_PROBLEM: Final = 400
FIRST_FAULT: Final = 500


class ProviderAway(DependencyAway):
    """The provider did not answer in time, or what it answered is of no use. The message goes on from its name."""


class Answer(msgspec.Struct, frozen=True):
    """What the provider answered: a JSON object, with a status of success or of a refusal."""

    status: int
    fields: Mapping[str, Any]

    @property
    def is_refusal(self) -> bool:
        return self.status >= FIRST_PROBLEM


def open_http(deadline_s: float = DEADLINE_S) -> aiohttp.ClientSession:
    """Open the way out. Each answer must be there, as a whole, within the deadline; cookies are not kept."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=deadline_s), cookie_jar=aiohttp.DummyCookieJar())


async def ask(http: aiohttp.ClientSession, method: str, url: str, **options: Any) -> Answer:
    """Ask the provider for a JSON object, within the session's deadline. Raises ProviderAway."""
    headers = PLAIN | options.pop("headers", {})
    try:
        async with http.request(method, url, headers=headers, allow_redirects=False, **options) as response:
            status, body = response.status, await read_body(response)
    except TimeoutError:
        raise ProviderAway("does not answer in time") from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ProviderAway(f"cannot be reached ({type(error).__name__})") from None
    if status >= FIRST_FAULT or 300 <= status < FIRST_PROBLEM:  # noqa: PLR2004 - redirects, which we do not follow
        raise ProviderAway(f"answers with status {status}")
    return Answer(status, read_object(body))


async def read_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > LARGEST:
            raise ProviderAway(f"answers with more than {LARGEST // 1024} KiB")
    return bytes(body)


def read_object(body: bytes) -> Mapping[str, Any]:
    try:
        fields = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise ProviderAway("answers with something that is not JSON") from None
    if not isinstance(fields, dict):
        raise ProviderAway("answers with JSON that is not an object")
    return fields
