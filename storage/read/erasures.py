"""Whether clicks and rejections were erased, asked by their ids: the tables keep only a digest of each."""

from datetime import datetime
from typing import Final

from storage.erased import digest_id, find_erased
from storage.read.queries import QUERY_S, Reader

__all__ = ["find_erased", "find_erased_at"]

FIND: Final = "SELECT erased_at FROM erased_clicks WHERE digest = $1"


async def find_erased_at(reader: Reader, click_id: str) -> datetime | None:
    """Return when the click or rejection with this id was erased; None if it was not."""
    erased_at: datetime | None = await reader.fetchval(FIND, digest_id(click_id), timeout=QUERY_S)
    return erased_at
