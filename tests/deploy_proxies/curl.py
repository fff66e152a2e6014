"""curl as a visitor: it speaks HTTP/1.1 and 2, and sends what it is told."""

import asyncio
import json
import shutil
from typing import Final

import msgspec
import pytest
from multidict import CIMultiDict

from tests.deploy_proxies.proxies import LINKS

CURL: Final = shutil.which("curl")

needs_curl = pytest.mark.skipif(CURL is None, reason="there is no curl: apt-get install curl")


class Answer(msgspec.Struct, frozen=True):
    """An answer, and the version of HTTP that it came by."""

    status: int
    version: str
    headers: CIMultiDict[str]


async def curl(port: int, path: str, *arguments: str, host: str = LINKS) -> Answer:
    """Ask a proxy for a path of a host by https, as if it had port 443. Raises AssertionError without an answer."""
    command = [str(CURL), "-sk", "-o", "/dev/null", "-D", "-", "-w", "%{stderr}%{json}", "-m", "60"]
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--connect-to", f"{host}:443:127.0.0.1:{port}"),
        *arguments,
        f"https://{host}{path}",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    head, written = await process.communicate()
    assert process.returncode == 0, (process.returncode, head, written)
    told = json.loads(written)
    lines = (line.partition(": ") for line in head.decode("latin-1").splitlines()[1:] if line)
    headers = CIMultiDict((name, value) for name, _, value in lines)
    return Answer(told["http_code"], told["http_version"], headers)
