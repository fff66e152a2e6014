"""Visitors who leave during the lookup of their code."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from referrals.lookup.answers import Answer
from tests.ingest.builders import SHOES, Codes, found
from tests.ingest.serving import Served, serving
from tests.ingest.wire import PATIENCE_S, ask, read_answers, request
from tests.waiting import eventually

WITH_TOKEN = found(target_url=SHOES, token_parameter="cid")
PAUSED = found(status="paused")


class SlowCodes(Codes):
    """Answers when it `may`."""

    def __init__(self) -> None:
        super().__init__({"abc123": WITH_TOKEN, "paused": PAUSED})
        self.may = asyncio.Event()

    async def find(self, code: str) -> Answer:
        await self.may.wait()
        return await super().find(code)


@asynccontextmanager
async def slowly_serving() -> AsyncIterator[tuple[Served, SlowCodes]]:
    async with serving() as served:
        served.redirect._lookup = codes = SlowCodes()
        yield served, codes


def reset(visitor: socket.socket) -> None:
    visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    visitor.close()


def close(visitor: socket.socket) -> None:
    visitor.close()


async def until_all_that_came_is_seen(served: Served) -> None:
    # A later request is answered after the bytes of earlier ones were read.
    assert (await ask(served.port, "/elsewhere")).status == 404


@pytest.mark.parametrize("leave", [reset, close])
@pytest.mark.parametrize("path", ["/ref/abc123", "/ref/paused", "/ref/nobody"])
async def test_who_has_left_when_the_stores_answer_leaves_no_record_and_is_counted(
    path: str, leave: Callable[[socket.socket], None]
) -> None:
    async with slowly_serving() as (served, codes):
        visitor = socket.create_connection(("127.0.0.1", served.port))
        visitor.sendall(request(path, last=False))
        await eventually(lambda: codes.asked)
        leave(visitor)
        await until_all_that_came_is_seen(served)
        codes.may.set()
        await eventually(lambda: served.answers().get("left"))
        records = (await served.published()).records
        assert served.answers() == {"not_found": 1, "left": 1}
    assert records == []


async def test_who_has_closed_only_his_half_is_sent_on_without_click_cookie_or_token() -> None:
    async with slowly_serving() as (served, codes), asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/ref/abc123", last=False))
        await eventually(lambda: codes.asked)
        writer.write_eof()
        await until_all_that_came_is_seen(served)
        codes.may.set()
        (answer,) = read_answers(await reader.read(-1))
        writer.close()
        assert (await served.published()).records == []
        assert served.answers() == {"not_found": 1, "left": 1}
    assert (answer.status, answer.location, answer.cookie) == (302, SHOES, None)


async def test_who_waits_is_a_click_however_long_it_takes() -> None:
    async with slowly_serving() as (served, codes), asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(request("/ref/abc123"))
        await eventually(lambda: codes.asked)
        codes.may.set()
        (answer,) = read_answers(await reader.read(-1))
        writer.close()
        (click,) = (await served.published()).clicks()
    assert answer.location == click.target_url
    assert answer.location.startswith(f"{SHOES}?cid={click.click_id}.")
