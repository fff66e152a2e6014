"""A real PostgreSQL behind a front that speaks TLS for it (the local one is built without), and what verifies that."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from tests.security.certificates import make_authority, write_signed

SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
CHUNK: Final = 64 * 1024


class GuardedPostgres(msgspec.Struct, frozen=True):
    """Its address; the file of the authority that signed its certificate, and of one that did not."""

    plain: str
    port: int
    authority: Path
    stranger: Path

    def url(self, authority: Path, mode: str = "verify-full", host: str = "127.0.0.1") -> str:
        parts = urlsplit(self.plain)
        netloc = f"{parts.username}:{parts.password}@{host}:{self.port}"
        query = f"{parts.query}&" if parts.query else ""
        return f"postgresql://{netloc}{parts.path}?{query}sslmode={mode}&sslrootcert={authority}"


@asynccontextmanager
async def guarded_postgres(plain: str, folder: Path) -> AsyncIterator[GuardedPostgres]:
    """Guard the server at `plain` for the duration of the block; the files of TLS are in `folder`."""
    authority = make_authority("authority")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*write_signed(authority, folder, "server"))
    address = urlsplit(plain)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Whoever does not believe the certificate leaves in the middle of it.
        with suppress(OSError, asyncio.IncompleteReadError):
            assert await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(context)
            inner, outer = await asyncio.open_connection(address.hostname, address.port)
            await asyncio.gather(pass_on(reader, outer), pass_on(inner, writer))
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        stranger = make_authority("stranger").write(folder / "stranger.crt")
        port = server.sockets[0].getsockname()[1]
        yield GuardedPostgres(plain, port, authority.write(folder / "authority.crt"), stranger)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until they end."""
    with suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
