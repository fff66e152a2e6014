"""How every service, and ingest's supervisor, starts: what it says of itself, and what it says when a port is taken."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.generators.settings import SERVICES
from identity.keyfile import create_ring
from runtime.process import clickrail_version
from tests.forking import Forker
from tests.identity.builders import known_ring

pytestmark = pytest.mark.processes

SESAME = "open-sesame-open-sesame"
SUPERVISOR = {"CLICKRAIL_INGEST_WORKERS": "2"}
PROCESSES = [*((service, {}) for service in SERVICES), ("ingest", SUPERVISOR)]
PORTS = [
    *((service, {}, f"CLICKRAIL_{service.upper()}_PRIVATE") for service in SERVICES),
    *((service, {}, f"CLICKRAIL_{service.upper()}") for service in ("ingest", "console")),
    ("ingest", SUPERVISOR, "CLICKRAIL_INGEST_PRIVATE"),
    ("ingest", SUPERVISOR, "CLICKRAIL_INGEST"),
]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """What every service needs; its servers are nowhere, and its ports free ones."""
    create_ring(tmp_path / "keys.json", known_ring())
    needed = {
        "CLICKRAIL_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "CLICKRAIL_DATABASE_URL": f"postgresql://clickrail:{SESAME}@127.0.0.1:1/clickrail",
        "CLICKRAIL_PUBLIC_URL": "https://go.shop.example",
        "CLICKRAIL_KEYS_FILE": str(tmp_path / "keys.json"),
        "CLICKRAIL_INGEST_DATA_DIR": str(tmp_path / "data"),
        "CLICKRAIL_CONSOLE_PASSWORD": SESAME,
    }
    names = [*(f"{service}_PRIVATE" for service in SERVICES), "ingest", "console"]
    return needed | {f"CLICKRAIL_{name.upper()}_PORT": "0" for name in names}


async def run(service: str, environ: Mapping[str, str]) -> tuple[int | None, list[str]]:
    """Run a service to its end; give its exit code and the lines it wrote."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", service, env={**os.environ, **environ}, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, errors = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, errors.decode().splitlines()


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(("service", "more", "port"), PORTS)
async def test_a_taken_port_is_one_sentence_and_exit_code_1(
    forker: Forker, service: str, more: Mapping[str, str], port: str, environ: dict[str, str]
) -> None:
    with taken_port() as number:
        given = environ | more | {f"{port}_HOST": "127.0.0.1", f"{port}_PORT": str(number)}
        code, _, errors = await forker.run_module(service, {**os.environ, **given})

    lines = errors.splitlines()
    taken = f"port {number} of 127.0.0.1 is in use: stop what listens there, or set another port"
    assert (code, lines[-1]) == (1, f"clickrail {service}: {port}_PORT: {taken}")
    assert [line for line in lines if "Traceback" in line or '"crashed"' in line] == []


@pytest.mark.parametrize(("service", "more", "port"), PORTS)
async def test_an_address_that_there_is_not_is_one_sentence_and_exit_code_2(
    forker: Forker, service: str, more: Mapping[str, str], port: str, environ: dict[str, str]
) -> None:
    given = environ | more | {f"{port}_HOST": "no such host"}
    code, _, errors = await forker.run_module(service, {**os.environ, **given})

    lines = errors.splitlines()
    sentence = "'no such host' is not an address of this machine: set one that is"
    assert (code, lines[-1]) == (2, f"clickrail {service}: {port}_HOST: {sentence}")


@pytest.mark.parametrize(("service", "more"), PROCESSES)
async def test_the_first_line_of_a_log_says_what_starts_and_shows_no_secret(
    service: str, more: Mapping[str, str], environ: dict[str, str]
) -> None:
    # It ends at once, so that there is nothing to stop.
    address = f"CLICKRAIL_{service.upper()}_PRIVATE_HOST"
    _, lines = await run(service, environ | more | {address: "no such host"})

    said = json.loads(lines[0])
    assert (said["event"], said["version"], said["python"]) == (
        "starting",
        clickrail_version(),
        f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}",
    )
    assert said["settings"][address] == "no such host"
    assert said["settings"].get("CLICKRAIL_DATABASE_URL", "***") == "***"
    assert [line for line in lines if SESAME in line] == []
