"""The proxies of `deploy/proxies/` as real programs, on free ports, with certificates of the test's own."""

import asyncio
import re
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest

from deploy.local.ports import free_port
from deploy.local.server import ServerPlan, running
from tests.front import self_signed
from tests.promtool import ROOT
from tests.waiting import PATIENCE_S

FOLDER: Final = ROOT / "deploy" / "proxies"
SBIN: Final = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"
LINKS: Final = "go.shop.example"
SITE: Final = "shop.example"


class Ports(msgspec.Struct, frozen=True):
    """Where the proxy listens, and where what it stands before does."""

    https: int
    ingest: int = 1
    console: int = 1


# nginx as Debian has it includes the file in `http`. No request waits for the disk, and nothing is outside the folder.
NGINX: Final = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
user root;
worker_processes 1;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/clickrail.conf;
}}
"""
CADDY: Final = """{{
	admin off
	http_port {http}
	https_port {https}
	local_certs
	skip_install_trust
	storage file_system {folder}/storage
}}
"""


def write_nginx(folder: Path, ports: Ports) -> tuple[str, ...]:
    self_signed(folder)
    text = (FOLDER / "nginx.conf").read_text()
    lines = [line for line in text.splitlines() if "listen [::]" not in line]
    text = "\n".join(lines).replace("listen 443", f"listen 127.0.0.1:{ports.https}")
    text = re.sub(r"/etc/ssl/\S+\.(crt|key)", f"{folder}/front.pem", text)
    (folder / "clickrail.conf").write_text(send_to(text, ports))
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    return ("-p", str(folder), "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf")


def write_caddy(folder: Path, ports: Ports) -> tuple[str, ...]:
    options = CADDY.format(folder=folder, http=free_port(), https=ports.https)
    (folder / "Caddyfile").write_text(options + send_to((FOLDER / "Caddyfile").read_text(), ports))
    return ("run", "--config", f"{folder}/Caddyfile", "--adapter", "caddyfile")


def send_to(text: str, ports: Ports) -> str:
    """Put the ports of a test in place of the usual ones."""
    for usual, port in ((8080, ports.ingest), (8081, ports.console)):
        text = text.replace(f"127.0.0.1:{usual}", f"127.0.0.1:{port}")
    return text


WRITERS: Final[dict[str, Callable[[Path, Ports], tuple[str, ...]]]] = {"nginx": write_nginx, "caddy": write_caddy}
"""Each writes the files of a proxy into a folder, and gives the arguments of the program."""


def find_program(name: str) -> str | None:
    return shutil.which(name, path=SBIN)


def one(name: str) -> Any:
    is_absent = find_program(name) is None
    return pytest.param(name, marks=pytest.mark.skipif(is_absent, reason=f"there is no {name}: apt-get install {name}"))


each_proxy = pytest.mark.parametrize("proxy", [one(name) for name in WRITERS])


@asynccontextmanager
async def running_proxy(
    name: str, folder: Path, *, ingest: int = 1, console: str = "http://127.0.0.1:1"
) -> AsyncIterator[int]:
    """Run a proxy before an ingest and a console; give the port on which it speaks https."""
    ports = Ports(free_port(), ingest, urlsplit(console).port or 1)
    program = str(find_program(name))
    plan = ServerPlan(
        name=name,
        command=(program, *WRITERS[name](folder, ports)),
        address=f"https://127.0.0.1:{ports.https}",
        port=ports.https,
        folder=folder,
        log=folder / f"{name}.out",
        ready=lambda: speaks_tls(ports.https),
        environ={"HOME": str(folder), "PATH": SBIN},
        start_seconds=PATIENCE_S,
        stop_seconds=5,
    )
    async with running(plan):
        yield ports.https


async def speaks_tls(port: int) -> bool:
    """Tell whether a server has a certificate there for the host of the links."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(), server_hostname=LINKS)
    except (OSError, ssl.SSLError):
        return False
    writer.close()
    return True


def trusting() -> ssl.SSLContext:
    """Give a client's side of TLS that takes any certificate: it is the test's own."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
