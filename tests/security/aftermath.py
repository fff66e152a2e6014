"""What a whole pipeline holds after 1,000 clicks of known addresses and some that mean harm: every place, as bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
import msgspec
import redis.asyncio

from identity.keyfile import read_ring
from identity.keys import KeyRing
from schemas import TOPICS
from tests.ingest.wire import Answer, ask, request, send
from tests.pipeline import Pipeline, eventually

CLICKS = 1_000
V4 = [f"203.0.{number * 7}.{number * 11 % 256}" for number in range(1, 25)]
V6 = [f"2001:db8:{number:x}::{number * 977:x}" for number in range(1, 9)]
VISITORS = [*V4, *V6]
"""Few enough that no packed one of four bytes stands by chance in a checksum."""

SETTINGS = {
    "CLICKRAIL_INGEST_TRUSTED_PROXIES": "127.0.0.1",
    "CLICKRAIL_INGEST_CLIENT_RATE_PER_S": "10",
    "CLICKRAIL_INGEST_CLIENT_BURST": "10",
    "CLICKRAIL_LOG_LEVEL": "debug",
}
"""All that can be said is said, and some are over their limit, so that Redis holds keys of clients too."""

HOSTILE: Mapping[str, tuple[bytes, dict[str, bytes | str]]] = {
    "no_text": (b"", {"User-Agent": b"\xff\xfe"}),
    "nul": (b"&sub=x%00y&sub1=x%00y", {"User-Agent": "Firefox"}),
    "digits": (b"", {"User-Agent": b"BlackBerry" + b"9" * 4_301}),
    "long": (b"", {"User-Agent": b"B" * 8_100}),
    "longer": (b"", {"User-Agent": b"B" * 33_000}),
    "quotes": (b"", {"User-Agent": b'a" 200 1 "x', "Cookie": rb'v="x\012FAKE"; __Host-cr-shoes="x\012FAKE"'}),
    "turned": (b"&sub1=%e2%80%ae%ef%bb%bf%0aFAKE", {"User-Agent": "\u202e\ufeffFAKE", "Referer": "\u202e\ufeff"}),
}
"""Requests by their `external_id`: what follows in the query, and header fields."""


class Aftermath(msgspec.Struct, frozen=True):
    """`answers` by name of hostile request; `rows` of the table `clicks` by external id.

    `values` holds what is in each topic, by its name in the contract; `places` all there is, by where it stands.
    """

    answers: Mapping[str, Answer]
    rows: Mapping[str, Sequence[asyncpg.Record]]
    values: Mapping[str, Sequence[bytes]]
    places: Mapping[str, bytes]
    logs: Mapping[str, str]
    ring: KeyRing

    def rows_of(self, visitor: str) -> Sequence[asyncpg.Record]:
        return self.rows[f"visitor-{visitor}"]


async def bring_about(pipeline: Pipeline) -> Aftermath:
    """Send everything, wait until it is stored, and look everywhere: before the services stop, and after."""
    answers = {
        name: await ask(pipeline.port, b"/ref/abc123?external_id=" + name.encode() + more, fields)
        for name, (more, fields) in HOSTILE.items()
    }
    assert [answer.status for answer in await send(pipeline.port, known_clicks())] == [302] * CLICKS
    await send(pipeline.port, refusals())
    in_redis = await eventually(lambda: read_redis(pipeline))
    expected = CLICKS + sum(answer.status == 302 for answer in answers.values())
    rows = await eventually(lambda: stored(pipeline, expected))
    places = {"redis": in_redis, **files_in(pipeline.folder, "running")}
    assert set((await pipeline.stop()).values()) == {0}
    values = {topic.name: await pipeline.values(topic) for topic in TOPICS}
    places |= {**files_in(pipeline.folder, "stopped"), **await tables(pipeline)}
    places |= {name: b"\n".join(some) for name, some in values.items()}
    logs = {service.name: service.log.read_text() for service in pipeline.services.values()}
    return Aftermath(answers, by_external_id(rows), values, places, logs, read_ring(pipeline.folder / "keys.json"))


def known_clicks() -> bytes:
    """Write the clicks, all for one connection."""
    visits = [VISITORS[number % len(VISITORS)] for number in range(CLICKS)]
    return b"".join(
        request(
            f"/ref/abc123?external_id=visitor-{number % len(VISITORS)}",
            {"X-Forwarded-For": f"9.9.9.9, {visitor}", "CF-Connecting-IP": visitor, "Forwarded": f"for={visitor}"},
            last=number == CLICKS - 1,
        )
        for number, visitor in enumerate(visits)
    )


def refusals() -> bytes:
    """Write requests that are refused, and such that cannot be read, in the order that lets all of them be answered."""
    fields = [{"X-Forwarded-For": visitor} for visitor in VISITORS]
    known = [request(target, fields[-1], last=False) for target in ("/ref/nobody", "/ref/%00", "/elsewhere")]
    unknown = [request(f"/ref/nobody{number}", some, last=False) for number, some in enumerate(fields)]
    return b"".join([*known, *unknown, request("/ref/abc123", {**fields[0], "User-Agent": "a\0b"})])


async def read_redis(pipeline: Pipeline) -> bytes:
    """Give all that Redis holds of this pipeline, once there are keys of limits among it."""
    async with redis.asyncio.from_url(pipeline.environ["CLICKRAIL_REDIS_URL"]) as client:
        names = [name async for name in client.scan_iter(match=f"{pipeline.prefix}*")]
        dumps = [await client.dump(name) or b"" for name in names]
    limits = [name for name in names if b":client:" in name]
    return b"\n".join([*names, *dumps]) if limits else b""


async def stored(pipeline: Pipeline, expected: int) -> list[asyncpg.Record]:
    rows = await pipeline.rows("SELECT * FROM clicks")
    return rows if len(rows) >= expected else []


def by_external_id(rows: Sequence[asyncpg.Record]) -> dict[str, list[asyncpg.Record]]:
    found: dict[str, list[asyncpg.Record]] = {}
    for row in rows:
        found.setdefault(row["external_id"], []).append(row)
    return {VISITOR_NAMES.get(name, name): rows for name, rows in found.items()}


VISITOR_NAMES = {f"visitor-{number}": f"visitor-{visitor}" for number, visitor in enumerate(VISITORS)}


async def tables(pipeline: Pipeline) -> dict[str, bytes]:
    names = await pipeline.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    texts = {name["tablename"]: await pipeline.rows(f'SELECT t::text FROM "{name["tablename"]}" t') for name in names}
    return {f"table {name}": "\n".join(row["t"] for row in rows).encode() for name, rows in texts.items()}


def files_in(folder: Path, when: str) -> dict[str, bytes]:
    """Give every file below, logs and journal among them."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {f"{path.relative_to(folder)} ({when})": path.read_bytes() for path in paths}
