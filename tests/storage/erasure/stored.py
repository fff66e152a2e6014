"""What is stored before an erasure: the records of a visitor, of others, and their letters."""

from base64 import b64encode
from typing import Any

import asyncpg
import msgspec

from schemas import CLICKS_REJECTED, RejectedClick, decode, encode
from storage.erasure.request import ErasureRequest
from storage.scores import add_verdict
from tests.sink.builders import NOW, Source, clicked, dead_lettered, rejected
from tests.storage.erasure.builders import ANA, FIRST, FOURTH, OF_ANA, OTHER, OTHERS, SECOND, THIRD, score
from tests.storage.test_writer import make_writer, rows_of

VISITOR = ErasureRequest("visitor", SECOND.click_id, "asked by mail")
LETTER = dead_lettered(value=encode(THIRD), digest=None, size=None, offset=7)
WRAPPED = dead_lettered(
    value=b'{"value":"' + b64encode(b"x" + encode(FOURTH)) + b'"}', digest=None, size=None, offset=8
)


def rejection(number: int, **changes: Any) -> Source:
    example = decode(RejectedClick, rejected().value)
    assert isinstance(example, RejectedClick)
    facts = {
        "rejection_id": ANA.click(number, NOW).click_id,
        "rejected_at": NOW,
        "referrer": "https://forum.example/ana-lima",
        "user_agent": "ana-lima",
    }
    return Source(CLICKS_REJECTED.name, encode(msgspec.structs.replace(example, **facts | changes)))


RECORDS = [
    *clicked(*OF_ANA, *OTHERS),
    rejection(90, ip_hash=ANA.ip_hash),
    rejection(91, ip_hash="0" * 32, user_agent="x", referrer=None),
    LETTER,
    WRAPPED,
    dead_lettered(value=b"of nobody", digest=None, size=None, offset=9),
]
TEXTS = ["ana-lima", ANA.ip_hash, "e" * 32, "f" * 32, "d" * 32, *(one.click_id for one in OF_ANA)]


async def fill(connection: asyncpg.Connection, database_url: str) -> None:
    writer = make_writer(database_url)
    assert await writer.write(rows_of(RECORDS)) == []
    await writer.close()
    await score(connection, [FIRST, SECOND, THIRD, OTHER])
    await add_verdict(connection, (FIRST.click_id, FIRST.clicked_at), "invalid", why="ana-lima did it", who="bob")
