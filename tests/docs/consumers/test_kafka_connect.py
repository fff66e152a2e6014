"""What Kafka Connect makes of our records, and of those that the sample wraps for it: by its own JSON converter."""

import asyncio
import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import pytest

from deploy.local.errors import Unreachable
from deploy.local.jars import install_kafka
from deploy.local.settings import LocalSettings
from runtime.kafka.topics import apply_topics
from schemas import CLICKS_ENRICHED
from tests.docs.consumers.programs import running
from tests.docs.consumers.topics import PARTITIONS, Sent, Topics, all_records, wait_for_commits, write
from tests.runtime.kafka.test_producer import read_all
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.servers

LOCK: Final = Path(__file__).with_name("kafka-connect.lock")
PROGRAM: Final = Path(__file__).with_name("ReadAsConnect.java")


@pytest.fixture
async def classpath(server_settings: LocalSettings) -> str:
    if shutil.which("javac") is None:
        pytest.skip("this machine has no JDK: the local stack's Java has no compiler")
    try:
        jars = (*await install_kafka(server_settings), *await install_kafka(server_settings, lock=LOCK))
    except Unreachable as error:
        pytest.skip(str(error))
    return ":".join(map(str, jars))


async def read_as_connect(classpath: str, values: list[str], *, schemas: bool) -> list[str]:
    command = ("java", "-XX:TieredStopAtLevel=1", "-cp", classpath, str(PROGRAM), str(schemas).lower())
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    async with asyncio.timeout(PATIENCE_S):
        output, _ = await process.communicate("".join(f"{value}\n" for value in values).encode())
    assert process.returncode == 0
    return output.decode().splitlines()


def as_row(sent: Sent) -> str:
    """Give what a sink should get of a click."""
    click = sent.value
    row = {
        "click_id": sent.key,
        "clicked_at": round(datetime.fromisoformat(click["clicked_at"]).timestamp() * 1000),
        "code": click["code"],
        "affiliate_id": click["affiliate_id"],
        "program_id": click["program_id"],
        "geo_country": click["geo"]["country"],
        "device_type": click["device"]["type"],
        "is_bot": click["bot"]["is_bot"],
        "prefetch": click["prefetch"],
        "is_test": click.get("is_test"),
    }
    words = {True: "true", False: "false", None: "null"}
    return "Struct " + " ".join(f"{name}={words.get(value, value)}" for name, value in row.items())


async def test_our_records_have_no_schema_for_connect(classpath: str) -> None:
    values = [json.dumps(record.value) for record in all_records()]

    assert await read_as_connect(classpath, values, schemas=True) == ["DataException"] * len(values)
    assert await read_as_connect(classpath, values, schemas=False) == ["Map schema=null"] * len(values)


async def test_the_sample_gives_each_click_its_schema_its_key_and_its_partition(
    empty_topics: Topics, classpath: str
) -> None:
    clicks = [record for record in all_records() if record.topic == CLICKS_ENRICHED.name]
    source, target = (f"{empty_topics.prefix}{name}" for name in (CLICKS_ENRICHED.name, "for_connect"))
    await apply_topics(
        [empty_topics.kafka],
        [msgspec.structs.replace(CLICKS_ENRICHED, name=target, partitions=PARTITIONS)],
    )
    await write(empty_topics, clicks)

    async with running(empty_topics, "connect_envelope.py", source, target, group="connect"):
        await wait_for_commits(empty_topics, "connect", len(clicks))

    copied = await read_all(empty_topics.kafka, target)
    rows = await read_as_connect(classpath, [value.decode() for _, _, value in copied], schemas=True)
    assert sorted(rows) == sorted(map(as_row, clicks))
    assert {(partition, key) for partition, key, _ in copied} == {
        (partition, key) for partition, key, _ in await read_all(empty_topics.kafka, source)
    }
