"""Whether a click was erased, asked by its id: the tables keep only a digest of it."""

from datetime import datetime
from hashlib import sha256
from typing import Final

from storage.read.queries import QUERY_S, Reader

FIND: Final = "SELECT erased_at FROM erased_clicks WHERE digest = $1"


async def find_erased_at(reader: Reader, click_id: str) -> datetime | None:
    """Return when the click or rejection with this id was erased; None if it was not."""
    erased_at: datetime | None = await reader.fetchval(FIND, sha256(click_id.encode()).digest(), timeout=QUERY_S)
    return erased_at
