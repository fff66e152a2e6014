"""Probes whether a server answers: one request, one reply of known length."""

import asyncio
import contextlib
from typing import Final

from deploy.local.ports import HOST

ANSWER_SECONDS: Final = 2.0


async def ask(port: int, request: bytes, reply_bytes: int) -> bytes:
    """Return the first `reply_bytes` of the reply; empty if there was none within two seconds."""
    with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        return await asyncio.wait_for(exchange(port, request, reply_bytes), ANSWER_SECONDS)
    return b""


async def exchange(port: int, request: bytes, reply_bytes: int) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        writer.write(request)
        return await reader.readexactly(reply_bytes)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
