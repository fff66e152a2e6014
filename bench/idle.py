"""Each service at rest: memory, and the time from start to ready."""

import asyncio
import time

from bench.measuring import resident_mib
from bench.report import Figure
from bench.stack import Bench
from deploy.local.server import Server

MEMORY_MIB = {"ingest": 90, "enricher": 110, "sink": 90, "settler": 90, "console": 110}
START_S = 1.5


async def measure_idle(bench: Bench) -> list[Figure]:
    figures: list[Figure] = []
    database_files = (*bench.addresses.geo_databases, *bench.addresses.network_databases)
    geo_mib = sum(path.stat().st_size for path in database_files) / 1024**2
    for name, server in bench.services.items():
        # Once before, so that bytecode and files are where a second start finds them.
        await start(server)
        await server.stop()
        seconds = await start(server)
        await asyncio.sleep(3)
        memory = resident_mib(server.pid) - (geo_mib if name == "enricher" else 0)
        await server.stop()
        beside = " beside its geo files" if name == "enricher" else ""
        figures += [
            Figure(
                f"{name}: idle memory{beside}",
                f"{memory:.0f} MiB",
                f"<= {MEMORY_MIB[name]} MiB",
                memory <= MEMORY_MIB[name],
            ),
            Figure(f"{name}: start to ready", f"{seconds:.2f} s", f"<= {START_S} s", seconds <= START_S),
        ]
    return figures


async def start(server: Server) -> float:
    started = time.monotonic()
    await server.start()
    return time.monotonic() - started
