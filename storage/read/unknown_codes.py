"""The codes that visitors asked for and that do not exist, most asked for first, and where the links stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from schemas.reasons import UNKNOWN_CODE
from storage.read.queries import QUERY_S, Reader

ASKED: Final = """
    SELECT asked, count(*), max(rejected_at), max(rejection_id COLLATE "C")
    FROM rejected_clicks WHERE reason = $1 AND rejected_at >= $2
    GROUP BY asked ORDER BY 2 DESC, 1 LIMIT $3
"""
SOURCES: Final = """
    SELECT asked, host, seen FROM (
        SELECT asked, host, count(*) AS seen,
            row_number() OVER (PARTITION BY asked ORDER BY count(*) DESC, host) AS place
        FROM (
            SELECT asked, coalesce(substring(referrer FROM '^[a-zA-Z]+://([^/?#]+)'), referrer, '') AS host
            FROM rejected_clicks WHERE asked = ANY ($1) AND reason = $2 AND rejected_at >= $3
        ) AS visits GROUP BY asked, host
    ) AS ranked WHERE place <= $4 ORDER BY asked, place
"""


class AskedCode(msgspec.Struct, frozen=True):
    """A code that was asked for, how often, and the latest time and rejection."""

    code: str
    count: int
    latest_at: datetime
    latest_id: str


class Source(msgspec.Struct, frozen=True):
    """A host that links to an unknown code, and its visits; an empty host: the browser named none."""

    code: str
    host: str
    count: int


async def count_unknown_codes(reader: Reader, since: datetime, limit: int) -> list[AskedCode]:
    rows = await reader.fetch(ASKED, UNKNOWN_CODE.number, since, limit, timeout=QUERY_S)
    return [AskedCode(*row) for row in rows]


async def find_sources(reader: Reader, codes: Sequence[str], since: datetime, most: int) -> list[Source]:
    """Return the hosts that most visits to each of these codes came from."""
    rows = await reader.fetch(SOURCES, list(codes), UNKNOWN_CODE.number, since, most, timeout=QUERY_S)
    return [Source(*row) for row in rows]
