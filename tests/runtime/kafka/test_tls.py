"""TLS files that are replaced while a service runs."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from runtime.kafka.security import follow_files
from runtime.kafka.settings import KafkaSettings
from runtime.kafka.tls import FollowingContext
from tests.both_loops import on_both_loops
from tests.security.certificates import Authority, make_authority, write_signed


@asynccontextmanager
async def broker(folder: Path, authority: Authority, clients: Authority) -> AsyncIterator[int]:
    """Listen with a certificate of `authority`, for clients with one of `clients`; say who came."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*write_signed(authority, folder, "broker"))
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(clients.write(folder / "clients.crt"))

    async def welcome(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        subject = writer.get_extra_info("peercert")["subject"]
        writer.write(dict(pair for (pair,) in subject)["commonName"].encode())
        writer.close()

    async with await asyncio.start_server(welcome, "127.0.0.1", 0, ssl=tls) as server:
        yield server.sockets[0].getsockname()[1]


async def connect(port: int, context: FollowingContext) -> str:
    """Give the name under which the broker knows us, or why it or we refuse."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        name = (await reader.read()).decode()
        writer.close()
    except ssl.SSLError as error:
        return error.reason
    return name


def place(folder: Path, authority: Authority, clients: Authority, name: str) -> KafkaSettings:
    """Put the client's files into the places that the settings name."""
    certificate, key = write_signed(clients, folder, name)
    for file, to in ((certificate, "client.crt"), (key, "client.key")):
        shutil.copy(file, folder / to)
    authority.write(folder / "ca.crt")
    return KafkaSettings(
        kafka_bootstrap_servers=("kafka:9093",),
        kafka_security_protocol="SSL",
        kafka_ssl_ca_file=str(folder / "ca.crt"),
        kafka_ssl_certificate_file=str(folder / "client.crt"),
        kafka_ssl_key_file=str(folder / "client.key"),
    )


@on_both_loops
async def test_the_next_connection_uses_certificates_that_were_replaced_and_trusts_no_authority_of_before(
    tmp_path: Path,
) -> None:
    old, new, clients = make_authority("old"), make_authority("new"), make_authority("clients")
    context = follow_files(place(tmp_path, old, clients, "first"))

    async with broker(tmp_path, old, clients) as before, broker(tmp_path, new, clients) as after:
        with_old = [await connect(before, context), await connect(after, context)]
        place(tmp_path, new, clients, "second")
        with_new = [await connect(before, context), await connect(after, context)]
        (tmp_path / "ca.crt").write_text("no certificate")
        with_bad = await connect(after, context)

    assert with_old == ["first", "CERTIFICATE_VERIFY_FAILED"]
    assert with_new == ["CERTIFICATE_VERIFY_FAILED", "second"]
    assert with_bad == "second"
