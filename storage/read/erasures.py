"""Whether clicks and rejections were erased, asked by their ids: the tables keep only a digest of each."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

from storage.read.queries import QUERY_S, Reader

FIND: Final = "SELECT erased_at FROM erased_clicks WHERE digest = $1"
FIND_ALL: Final = "SELECT digest FROM erased_clicks WHERE digest = ANY($1)"


async def find_erased_at(reader: Reader, click_id: str) -> datetime | None:
    """Return when the click or rejection with this id was erased; None if it was not."""
    erased_at: datetime | None = await reader.fetchval(FIND, digest(click_id), timeout=QUERY_S)
    return erased_at


async def find_erased(reader: Reader, ids: Iterable[str]) -> frozenset[str]:
    """Return those of these clicks and rejections that were erased."""
    digests = {digest(one): one for one in ids}
    rows = await reader.fetch(FIND_ALL, list(digests), timeout=QUERY_S)
    return frozenset(digests[row["digest"]] for row in rows)


def digest(record_id: str) -> bytes:
    return sha256(record_id.encode()).digest()
