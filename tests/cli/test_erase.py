"""`clickrail erase`: the command, what it says, and the keys in Redis."""

import asyncio
import json
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest
import redis.asyncio
from typer.testing import CliRunner

from cli.main import app
from enricher.facts.redis_store import RedisStore
from quality.click_ids import pack_id
from quality.window_visits import KnownHashes, make_visit
from quality.windows import WindowBatch
from schemas import EnrichedClick
from tests.quality.visits import patiently
from tests.storage.erasure.builders import ANA, FIRST, FOURTH, OF_ANA, OTHERS, SECOND
from tests.storage.erasure.searching import find_texts, read_everything
from tests.storage.erasure.stored import TEXTS, fill
from tests.storage.test_partitions import tables

__all__ = ["tables"]
pytestmark = pytest.mark.servers


@pytest.fixture
async def environ(tables: asyncpg.Connection, database_url: str) -> dict[str, str]:
    await fill(tables, database_url)
    return {"CLICKRAIL_DATABASE_URL": database_url}


async def call(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=environ)
    return done.exit_code, done.output


async def test_a_dry_run_lists_the_days_and_changes_nothing(
    tables: asyncpg.Connection, environ: dict[str, str]
) -> None:
    before = await read_everything(tables)

    code, said = await call(environ, "erase", "--visitor-of", FIRST.click_id.lower(), "--dry-run")

    assert code == 0
    assert "clicks\t4 would be made anonymous" in said
    assert "by day\t2026-11-21: 1" in said
    assert "dead letters\t2 would be deleted" in said
    assert await read_everything(tables) == before


async def test_a_visitor_is_erased_and_asking_again_says_when(
    tables: asyncpg.Connection, environ: dict[str, str]
) -> None:
    code, said = await call(environ, "erase", "--visitor-of", SECOND.click_id, "--why", "ticket 7")
    again = await call(environ, "erase", "--click", FIRST.click_id)
    explained = await call(environ, "explain", FIRST.click_id)

    assert code == 0
    assert "clicks\t4 made anonymous, with 3 scores and 1 verdict" in said
    assert "clicks.enriched keeps its copies until 2026-12-01 09:00 UTC; the sink refuses them" in said
    assert again[0] == 0
    assert "This click was erased on 20" in again[1]
    assert explained[0] == 2
    assert f"the click {FIRST.click_id} was erased on 20" in explained[1]
    assert await find_texts(tables, TEXTS) == []
    assert await tables.fetchval("SELECT why FROM erasures") == "ticket 7"


async def test_an_export_has_nothing_of_an_erased_visitor(environ: dict[str, str]) -> None:
    export = ("export", "clicks", "--from", "2026-11-20", "--to", "2026-11-26", "--format", "jsonl", "--personal")
    before = await call(environ, *export)
    await call(environ, "erase", "--visitor-of", SECOND.click_id)
    code, after = await call(environ, *export)

    assert (before[0], code) == (0, 0)
    rows = [len([line for line in text.splitlines() if line.startswith("{")]) for text in (before[1], after)]
    assert rows == [len(OF_ANA) + len(OTHERS)] * 2
    assert [text for text in TEXTS if text in after] == []


async def test_the_report_is_json_for_programs(environ: dict[str, str]) -> None:
    code, said = await call(environ, "erase", "--ip-hash", ANA.ip_hash, "--json")

    report = json.loads(said)
    assert code == 0
    assert (report["clicks"], report["rejections"], report["dry_run"]) == (3, 1, False)
    assert report["copies"]["clicks.raw"].startswith("2026-11-27T09:00")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "give one of --click, --visitor-of and --ip-hash"),
        (("--click", FIRST.click_id, "--ip-hash", "x"), "give one of --click, --visitor-of and --ip-hash"),
        (("--click", "nonsense"), "nonsense is no click id"),
        (("--click", "01KAT301V8C3Q9GZ2F5B7N4M6Q"), "neither the table nor a dead letter has the click"),
        (("--visitor-of", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), "is no click id"),
        (("--ip-hash", "0123"), "no click and no rejection has this ip_hash"),
        (("--click", FIRST.click_id, "--why", "x" * 501), "--why is longer than 500 characters"),
        (("--click", FIRST.click_id, "--redis-url", "redis://127.0.0.1:1/0"), "Redis does not answer"),
    ],
)
async def test_what_cannot_be_erased_is_said_and_nothing_is_changed(
    tables: asyncpg.Connection, environ: dict[str, str], arguments: tuple[str, ...], says: str
) -> None:
    before = await read_everything(tables)

    code, output = await call(environ, "erase", *arguments)

    assert code == 2
    assert says in output
    assert await read_everything(tables) == before


async def claim(store: RedisStore, clicks: tuple[EnrichedClick, ...]) -> None:
    """Judge the clicks as the enricher does, without their cookies."""
    visits = [
        make_visit(
            one_without_cookie(one),
            KnownHashes(one.net_hash, one.client_hash),
            round(one.published_at.timestamp() * 1000),
            is_bot=False,
        )
        for one in clicks
    ]
    batch = WindowBatch(visits)
    writes = batch.apply(await store.read(batch.plan(), 0, patiently))
    while writes:
        writes = batch.confirm(await store.write(writes, patiently))


def one_without_cookie(one: EnrichedClick) -> EnrichedClick:
    return msgspec.structs.replace(one, cookie_state="absent", unique_basis="address")


async def read_redis(client: Any, prefix: str) -> list[bytes]:
    """Give every key of the prefix, and what it holds."""
    found: list[bytes] = []
    async for key in client.scan_iter(f"{prefix}:*"):
        kind = await client.type(key)
        found += [key, *(await client.hgetall(key) if kind == b"hash" else [await client.get(key)])]
    return found


async def test_redis_forgets_the_visitor_and_nobody_else(environ: dict[str, str], valkey: str) -> None:
    prefix = f"t{uuid.uuid4().hex[:12]}"
    client = redis.asyncio.Redis.from_url(valkey)
    await claim(RedisStore(client, prefix), (*OF_ANA, *OTHERS))
    before = await read_redis(client, prefix)

    code, said = await call(
        environ, "erase", "--visitor-of", FOURTH.click_id, "--redis-url", valkey, "--redis-prefix", prefix
    )

    after = await read_redis(client, prefix)
    await client.aclose()
    assert code == 0
    assert "Redis\t8 keys or entries deleted" in said
    for one in OF_ANA:
        assert any(pack_id(one.click_id) in text for text in before)
        assert not any(pack_id(one.click_id) in text for text in after)
    for one in OTHERS:
        assert any(pack_id(one.click_id) in text for text in after)
