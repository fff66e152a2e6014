"""The line from a worker to its supervisor, on the event loop that workers have."""

import asyncio
import itertools
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
import uvloop

from ingest.supervisor.heartbeat import HEARTBEAT_S, Heartbeat, read_heartbeat
from ingest.supervisor.worker import MAX_UNREAD, send_heartbeat, send_heartbeats

WELL: Heartbeat = {"referrals": None}


async def report_for(seconds: float, line: socket.socket, describe: Callable[[], Heartbeat]) -> None:
    _, writer = await asyncio.open_connection(sock=line)
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await send_heartbeats(writer, describe)
    writer.close()


@pytest.mark.slow
def test_a_worker_with_nothing_new_to_say_says_so_once_in_a_while() -> None:
    supervisors, workers = socket.socketpair()
    with supervisors:
        uvloop.run(report_for(1.5 * HEARTBEAT_S, workers, lambda: WELL))
        lines = supervisors.recv(10_000).splitlines()
    assert [read_heartbeat(line) for line in lines] == [WELL, WELL]


def test_a_worker_whose_supervisor_is_gone_goes_on() -> None:
    supervisors, workers = socket.socketpair()
    supervisors.close()
    numbers = itertools.count()
    uvloop.run(report_for(0.5, workers, lambda: {"number": str(next(numbers))}))
    assert next(numbers) > 2, "it ended at the first line that nobody could read"


def test_what_a_stopped_supervisor_does_not_read_does_not_add_up() -> None:
    async def talk_on(line: socket.socket) -> int:
        _, writer = await asyncio.open_connection(sock=line)
        for _ in range(50_000):
            send_heartbeat(writer, WELL)
        unread = writer.transport.get_write_buffer_size()
        writer.transport.abort()
        return unread

    supervisors, workers = socket.socketpair()
    with supervisors:
        assert MAX_UNREAD <= uvloop.run(talk_on(workers)) < 2 * MAX_UNREAD
