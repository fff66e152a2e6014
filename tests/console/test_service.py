"""The console as a process: its ports, its end, and what it needs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from console.settings import Settings
from deploy.local.ports import free_port
from tests.console.running import PASSWORD
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.servers, pytest.mark.processes]

READY_S = 4.0
"""Of processor time; three times what a slow machine takes."""
IDLE_MIB = 110
"""Of these 72 are imported code: aiohttp, cryptography, Kafka's client, templates, and the pages of all areas."""


def environ_of(settings: Settings, **more: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CLICKRAIL_")}
    return inherited | {
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": ",".join(settings.kafka_bootstrap_servers),
        "CLICKRAIL_KAFKA_TOPIC_PREFIX": settings.kafka_topic_prefix,
        "CLICKRAIL_DATABASE_URL": settings.database_url.reveal(),
        "CLICKRAIL_CONSOLE_PASSWORD": PASSWORD,
        "CLICKRAIL_CONSOLE_HOST": "127.0.0.1",
        **more,
    }


@asynccontextmanager
async def console_process(environ: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "console", env=environ, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def patient_session() -> aiohttp.ClientSession:
    # Browsers keep cookies of an address without a name; this client has to be told to.
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def wait_until_ready(session: aiohttp.ClientSession, port: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.01)


def cpu_s(pid: int) -> float:
    """Give the processor time that a process has taken, whoever else was busy meanwhile."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


async def test_the_process_is_ready_soon_stays_small_and_ends_in_order(console_settings: Settings) -> None:
    port, private = free_port(), free_port()
    environ = environ_of(
        console_settings, CLICKRAIL_CONSOLE_PORT=str(port), CLICKRAIL_CONSOLE_PRIVATE_PORT=str(private)
    )
    async with console_process(environ) as process, patient_session() as session:
        await wait_until_ready(session, private)
        took_s = cpu_s(process.pid)
        async with session.post(f"http://127.0.0.1:{port}/login", data={"password": PASSWORD}) as response:
            assert (response.status, response.url.path) == (200, "/")
        async with session.get(f"http://127.0.0.1:{port}/live/clicks") as stream:
            assert stream.status == 200
            used_mib = resident_mib(process.pid)
            process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                await stream.read()
        code = await asyncio.wait_for(process.wait(), PATIENCE_S)

    assert code == 0
    assert took_s < READY_S
    assert used_mib < IDLE_MIB


async def test_a_bad_password_in_the_settings_ends_it_with_one_line(console_settings: Settings) -> None:
    environ = environ_of(console_settings) | {"CLICKRAIL_CONSOLE_PASSWORD": "letmein"}
    async with console_process(environ) as process:
        _, output = await asyncio.wait_for(process.communicate(), PATIENCE_S)

    assert process.returncode == 2
    assert output.decode().splitlines() == [
        line for line in output.decode().splitlines() if "CLICKRAIL_CONSOLE_PASSWORD" in line
    ]
    assert b"letmein" not in output
