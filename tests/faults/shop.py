"""A pipeline with as many codes as a test wants, each of which leads to a place of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import msgspec
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from deploy.local.postgres import plan_postgres
from deploy.local.server import ServerPlan
from deploy.local.settings import LocalSettings
from tests.pipeline import Pipeline, Service

REFERRALS = """
    INSERT INTO programs (id, name, status, target_url)
        VALUES ('shop', 'Shop', 'active', 'https://shop.example/{{code}}');
    INSERT INTO affiliates (id, name, status)
        SELECT 'ann' || n, 'Ann ' || n, 'active' FROM generate_series(0, {affiliates} - 1) n;
    INSERT INTO referral_codes (code, affiliate_id, program_id, status)
        SELECT 'c' || n, 'ann' || n % {affiliates}, 'shop', 'active' FROM generate_series(0, {codes} - 1) n;
"""
VISITORS_READ = "LEFT JOIN (referral_codes c"
"""Stands in what the lookup asks for visitors, and in no other statement."""


class Shop(Pipeline):
    """Has the codes c0, c1, ...; `c7` leads to `https://shop.example/c7`."""

    codes, affiliates = 100, 1

    async def prepare(self, referrals: str = "") -> None:
        await super().prepare(referrals or REFERRALS.format(codes=self.codes, affiliates=self.affiliates))

    def keep_no_snapshot(self) -> None:
        """Have each code asked of the stores when the first visitor comes: there is no place for a snapshot."""
        place = self.folder / "ingest" / "snapshot"
        place.parent.mkdir(exist_ok=True)
        place.write_text("no folder")

    @property
    def pid(self) -> int:
        process = self.services["ingest"].process
        assert process is not None
        return process.pid

    async def metric(self, name: str, **labels: str) -> float:
        """Give the sum of ingest's samples of that name with these labels."""
        return await read_metric(self.services["ingest"].private_port, name, **labels)


async def read_metric(private_port: int, name: str, **labels: str) -> float:
    url = f"http://127.0.0.1:{private_port}/metrics"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        families = text_string_to_metric_families(await answer.text())
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@asynccontextmanager
async def second_process(shop: Shop) -> AsyncIterator[Service]:
    """Run another ingest in the same place, on ports of its own."""
    ports = {f"CLICKRAIL_INGEST_{name}": str(free_port()) for name in ("PORT", "PRIVATE_PORT")}
    service = Service("ingest", shop.environ | ports, shop.folder / "second.log")
    try:
        await service.start()
        yield service
    finally:
        if service.process is not None:
            await service.stop()


def place_of(address: str) -> tuple[str, int]:
    """Give host and port of a server's address."""
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


async def plan_telling_postgres(settings: LocalSettings) -> ServerPlan:
    """Plan a Postgres that writes every statement into its log."""
    plan = await plan_postgres(settings)
    return msgspec.structs.replace(plan, command=(*plan.command, "-c", "log_statement=all"))


def statements(plan: ServerPlan, *parts: str) -> list[str]:
    """Give what Postgres was asked to execute that has all of this in it, each with its parameters."""
    entries = plan.log.read_text(errors="replace").split("\n20")
    asked = [entry + parameters for entry, parameters in pairwise(entries) if "LOG:  execute" in entry]
    return [statement for statement in asked if all(part in statement for part in parts)]


def private_mib(pid: int) -> float:
    """Give the memory that is this process's alone."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
