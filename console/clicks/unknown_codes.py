"""Unknown codes of the last 24 hours: how often each was asked for, from where, and which code was meant."""

from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import msgspec

from referrals.admin.repository import find_similar
from storage.read.queries import Connection, time_limit
from storage.read.unknown_codes import AskedCode, Source, count_unknown_codes, find_sources

MOST: Final = 10
SOURCES: Final = 3
LIMIT_S: Final = 0.5
SPANS: Final = (timedelta(hours=24), timedelta(hours=1), timedelta(minutes=5))
"""If counting the first takes too long, the next is counted."""


class UnknownCode(msgspec.Struct, frozen=True):
    """A code that does not exist, the codes it may have meant, and the hosts that link to it."""

    asked: AskedCode
    meant: tuple[str, ...]
    sources: tuple[Source, ...]


class UnknownCodes(msgspec.Struct, frozen=True):
    """The codes asked for most since a time."""

    codes: tuple[UnknownCode, ...]
    since: datetime


async def read_unknown_codes(connection: Connection, now: datetime) -> UnknownCodes | None:
    """Read the unknown codes; null if even counting a few minutes takes too long. Raises asyncpg's errors."""
    for span in SPANS:
        try:
            async with time_limit(connection, LIMIT_S):
                return await read_since(connection, now - span)
        except asyncpg.QueryCanceledError:
            continue
    return None


async def read_since(connection: Connection, since: datetime) -> UnknownCodes:
    asked = await count_unknown_codes(connection, since, MOST)
    sources = await find_sources(connection, [one.code for one in asked], since, SOURCES)
    return UnknownCodes(tuple([await describe(connection, one, sources) for one in asked]), since)


async def describe(connection: Any, asked: AskedCode, sources: list[Source]) -> UnknownCode:
    meant = await find_similar(connection, asked.code)
    return UnknownCode(asked, tuple(meant), tuple(one for one in sources if one.code == asked.code))
