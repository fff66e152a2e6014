"""The sample with Kafka's own console consumer, and a replay by its tool for groups: in the local stack's Java."""

import asyncio
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from deploy.local.errors import Unreachable
from deploy.local.jars import install_kafka
from deploy.local.kafka import java
from deploy.local.launch import run_to_end
from deploy.local.settings import LocalSettings
from docs.generate import FOLDER
from tests.docs.consumers.programs import SAMPLES, assert_all, printed_with_headers, run
from tests.docs.consumers.topics import Topics, click_records, wait_for_commits, write

pytestmark = pytest.mark.servers

LOCK: Final = Path(__file__).with_name("kafka-tools.lock")
PROGRAMS: Final = {
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}
PAGE: Final = (FOLDER / "data-teams.md").read_text(encoding="utf-8")
STOPPED_BY_CTRL_C: Final = 130


@pytest.fixture
async def kafka_programs(server_settings: LocalSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs that Kafka's own `bin` has, on the path."""
    try:
        jars = (*await install_kafka(server_settings), *await install_kafka(server_settings, lock=LOCK))
    except Unreachable as error:
        pytest.skip(str(error))
    for name, main in PROGRAMS.items():
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\nexec {shlex.join(java(jars, "-XX:TieredStopAtLevel=1", main))} "$@"\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


@pytest.mark.usefixtures("kafka_programs")
async def test_the_console_consumer_reads_every_record_in_the_order_of_its_key(topics: Topics) -> None:
    ended = await run(topics, "sh", SAMPLES / "console_consumer.sh", lines=len(topics.sent))

    assert ended.code == STOPPED_BY_CTRL_C, ended.errors
    assert f"Processed a total of {len(topics.sent)} messages" in ended.errors
    assert_all(topics, printed_with_headers(ended.output, sign=":", no_key="null"))


@pytest.mark.usefixtures("kafka_programs")
async def test_a_group_is_moved_to_a_time_of_utc(empty_topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    before, after = click_records()[:7], click_records()[7:]
    await write(empty_topics, before)
    await asyncio.sleep(0.05)  # Kafka's clock is in milliseconds
    now = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
    await write(empty_topics, after)
    (command,) = re.findall(r"^kafka-consumer-groups.sh .*\n.*--execute$", PAGE, re.MULTILINE)
    for old, new in {
        "127.0.0.1:19092": empty_topics.kafka,
        "my-team": f"{empty_topics.prefix}team",
        "clicks.enriched": f"{empty_topics.prefix}clicks.enriched",
        "2026-11-24T00:00:00.000": now,
    }.items():
        command = command.replace(old, new)

    code, output = await run_to_end(("/bin/sh", "-c", command))

    assert code == 0, output
    await wait_for_commits(empty_topics, "team", len(before))
    assert sum(int(line.split()[3]) for line in output.splitlines() if f"{empty_topics.prefix}team" in line) == len(
        before
    )
