"""How the public port closes: open connections get a response with `Connection: close`."""

import asyncio

import pytest

from tests.ingest.serving import serving
from tests.ingest.supervisor.traffic import connect

pytestmark = pytest.mark.slow


async def test_whoever_asks_while_it_stops_is_answered_and_told_to_close_and_nobody_new_is_let_in() -> None:
    async with serving() as served:
        staying, idle = await connect(served.port), await connect(served.port)
        assert (await staying.ask(last=False)).headers.get("Connection") is None
        stopping = asyncio.get_running_loop().create_future()

        async def ask_late() -> int:
            await stopping
            await asyncio.sleep(0.2)
            with pytest.raises(ConnectionRefusedError):
                await connect(served.port)
            answer = await staying.ask(last=False)
            assert answer.headers["Connection"] == "close"
            with pytest.raises(EOFError):
                await staying.ask(last=False)
            return answer.status

        asking = asyncio.create_task(ask_late())
        await asyncio.sleep(0)
        stopping.set_result(None)
    assert await asking == 302
    with pytest.raises((EOFError, ConnectionError)):
        await idle.ask(last=False)
    for connection in (staying, idle):
        connection.close()
