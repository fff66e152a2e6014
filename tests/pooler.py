"""PgBouncer between a test and its PostgreSQL, where the program is there: Debian's package `pgbouncer` brings it."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

import asyncpg
import pytest

from deploy.local.account import choose_account
from deploy.local.ports import free_port
from deploy.local.server import ServerPlan, running

PROGRAM: Final = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")

Mode = Literal["session", "transaction"]

needs_pgbouncer = pytest.mark.skipif(PROGRAM is None, reason="there is no pgbouncer: apt-get install pgbouncer")

# No startup parameter is let through, a client gets another server as often as can be, and there are few of them.
INI: Final = """
[databases]
{database} = host={server.hostname} port={server.port} dbname={database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = {mode}
default_pool_size = {size}
server_round_robin = 1
ignore_startup_parameters =
"""


@asynccontextmanager
async def own_database(postgres: str) -> AsyncIterator[str]:
    """Make a database for the block: a pooler takes no search_path from who connects."""
    name = f"pooled_{uuid.uuid4().hex[:12]}"
    connection = await asyncpg.connect(postgres)
    try:
        await connection.execute(f"CREATE DATABASE {name}")
        yield postgres.rpartition("/")[0] + f"/{name}"
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@asynccontextmanager
async def pooled(database_url: str, folder: Path, mode: Mode) -> AsyncIterator[str]:
    """Run PgBouncer for the block; gives the URL of the same database through it."""
    server, port = urlsplit(database_url), free_port()
    database = server.path[1:]
    account = choose_account(folder, Path(PROGRAM or ""))
    size = 3 if mode == "transaction" else 20
    (folder / "pgbouncer.ini").write_text(
        INI.format(server=server, port=port, database=database, folder=folder, mode=mode, size=size)
    )
    (folder / "users.txt").write_text(f'"{server.username}" "{server.password}"\n')
    url = f"postgresql://{server.username}:{server.password}@127.0.0.1:{port}/{database}"
    plan = ServerPlan(
        name="PgBouncer",
        command=(str(PROGRAM), str(folder / "pgbouncer.ini")),
        address=url,
        port=port,
        folder=folder,
        log=folder / "pgbouncer.log",
        ready=lambda: answers(port),
        account=account,
        start_seconds=60,
        stop_seconds=10,
    )
    async with running(plan):
        yield url


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
