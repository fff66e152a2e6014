"""PostgreSQL, started by a root to whom user namespaces are refused: `python without_namespaces.py DATA_DIR`.

Such a root is made here: in a namespace in which all accounts are themselves, and which may hold no other. It prints
the account that PostgreSQL's files belong to, and what the server answered.
"""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from deploy.local.child import CLONE_NEWUSER, call
from deploy.local.postgres import plan_postgres
from deploy.local.server import running
from tests.servers import small_settings


def become_such_a_root() -> None:
    unshared, mapped = os.pipe(), os.pipe()
    parent = os.getpid()
    if os.fork() == 0:
        os.read(unshared[0], 1)
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{parent}/{kind}").write_text("0 0 65536")
        os.write(mapped[1], b"!")
        os._exit(0)
    call("unshare", CLONE_NEWUSER)
    os.write(unshared[1], b"!")
    os.read(mapped[0], 1)
    os.wait()
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


async def main() -> None:
    settings = small_settings(Path(sys.argv[1]))
    async with running(await plan_postgres(settings)) as postgres:
        connection = await asyncpg.connect(postgres.address)
        answer = await connection.fetchval("SELECT 1")
        await connection.close()
        print((settings.data / "postgres" / "data").owner(), answer)  # noqa: T201 - its test reads this


become_such_a_root()
asyncio.run(main())
