"""The sample that counts each click once: killed in the middle, and made to read all again."""

import asyncio
import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from tests.docs.consumers.programs import PYTHON, SAMPLES
from tests.docs.consumers.topics import Sent, Topics, click_records, write
from tests.waiting import PATIENCE_S, PAUSE_S, eventually

pytestmark = pytest.mark.servers

CLICKS = 3000
"""Six batches of the sample."""


def repeated_clicks() -> list[Sent]:
    """Give clicks of three codes, each fifth of them twice, and some of bots, which do not count."""
    clicks = [with_code(one, number) for number, one in enumerate(click_records(CLICKS))]
    return [*clicks, *clicks[::5]]


def with_code(sent: Sent, number: int) -> Sent:
    bot = {"is_bot": number % 10 == 3, "reasons": [], "rules": "1"}
    return msgspec.structs.replace(sent, value={**sent.value, "code": f"code-{number % 3}", "bot": bot})


def read_counts(path: Path) -> dict[str, int]:
    if not path.exists():
        return {}
    with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        return dict(database.execute("SELECT code, sum(clicks) FROM counts GROUP BY 1")) if "counts" in tables else {}


@asynccontextmanager
async def counting(topics: Topics, path: Path, group: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the sample for the block."""
    command = (*PYTHON, SAMPLES / "exactly_once_counter.py", path, f"{topics.prefix}clicks.enriched")
    environ = {**os.environ, "KAFKA": topics.kafka, "GROUP": f"{topics.prefix}{group}"}
    process = await asyncio.create_subprocess_exec(*command, env=environ)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def count_committed(topics: Topics, group: str) -> int:
    """Give how many records a group is done with."""
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.kafka)
    await admin.start()
    offsets = await admin.list_consumer_group_offsets(f"{topics.prefix}{group}")
    await admin.close()
    return sum(place.offset for place in offsets.values())


async def test_counts_are_exact_after_a_kill_and_after_everything_was_read_again(
    empty_topics: Topics, tmp_path: Path
) -> None:
    sent = repeated_clicks()
    await write(empty_topics, sent)
    expected = Counter(
        click["code"] for click in {one.key: one.value for one in sent}.values() if not click["bot"]["is_bot"]
    )
    path = tmp_path / "counts.sqlite"

    async with counting(empty_topics, path, "counts"):
        await eventually(lambda: read_counts(path))
        # The end of the block kills it.
    async with counting(empty_topics, path, "again") as again:
        while await count_committed(empty_topics, "again") < len(sent):
            await asyncio.sleep(PAUSE_S)
        again.terminate()

        assert await again.wait() == 0
    assert read_counts(path) == expected
